import { LocalReranker } from "rerank-wasm/local";

const reranker = await LocalReranker.load();
const { results } = await reranker.rerank({
  query: "What is the capital of Mongolia?",
  documents: ["Capital gains are taxed when the shares are sold.", "Ulaanbaatar is the capital and the largest city of Mongolia."],
});
document.querySelector("output").textContent = results[0].document;
