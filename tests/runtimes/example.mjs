// @ts-check
// What a stranger writes. It is the same file in every runtime, and no runtime needs another word.

import { LocalReranker } from "rerank-wasm/local";
import { RemoteReranker } from "rerank-wasm/remote";

const request = {
  query: "What is the capital of Mongolia?",
  documents: ["Capital gains are taxed when the shares are sold.", "Ulaanbaatar is the capital and the largest city of Mongolia."],
};

/** With the default model, in this process. */
export async function rankLocally() {
  const reranker = await LocalReranker.load();
  const { results } = await reranker.rerank(request);
  reranker.dispose();
  return results[0].document;
}

/** By a service. @param {{ baseUrl: string, apiKey: string }} where */
export async function rankRemotely({ baseUrl, apiKey }) {
  const reranker = new RemoteReranker({ provider: "dmxapi", baseUrl, apiKey });
  const { results, model } = await reranker.rerank(request);
  reranker.dispose();
  return `${model}: ${results.length} ranked`;
}
