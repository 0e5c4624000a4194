// @ts-check
// wllama as its documentation shows reranking: text pairs, one after the other, on one thread.

const { Wllama, LoggerWithoutDebug: logger } = await import("/peers/@wllama/wllama/esm/index.js");

/** Tokens of a pair; the batch holds one. */
const MOST_TOKENS = 512;

/** @param {import("../page/host.js").Files} files */
export async function openEngine(files) {
  const wllama = new Wllama({ default: "/peers/@wllama/wllama/esm/wasm/wllama.wasm" }, { logger });
  const model = await (await fetch(`/models/${files.id}/model.gguf`)).blob();
  const [n_ctx, n_batch, n_ubatch] = [MOST_TOKENS, MOST_TOKENS, MOST_TOKENS];
  await wllama.loadModel([model], { n_threads: 1, n_ctx, n_batch, n_ubatch, n_gpu_layers: 0, embeddings: true, pooling_type: "rank" });
  return {
    facts: { threads: wllama.getNumThreads() },
    /** @param {import("../documents.mjs").Request} request */
    async score({ query, documents }) {
      const { results } = await wllama.createRerank({ query, documents });
      const logits = new Array(documents.length);
      for (const { index, relevance_score } of results) logits[index] = relevance_score;
      return logits;
    },
    dispose: () => wllama.exit(),
  };
}
