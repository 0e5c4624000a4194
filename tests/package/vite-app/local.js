import { LocalReranker } from "rerank-wasm/local";

const reranker = await LocalReranker.load();
const { results } = await reranker.rerank({ query: "上海天气", documents: ["北京美食", "上海气候"], topN: 1 });
document.querySelector("#best").textContent = results[0].document;
