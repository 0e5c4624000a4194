import { RemoteReranker } from "rerank-wasm/remote";

const reply = { results: [{ index: 1, relevance_score: 0.9 }, { index: 0, relevance_score: 0.1 }] };
const reranker = new RemoteReranker({ provider: "dmxapi", apiKey: "sk-0", baseUrl: "/api", fetch: async () => Response.json(reply) });
const { results } = await reranker.rerank({ query: "capital", documents: ["Capital gains", "Ulaanbaatar"] });
document.querySelector("output").textContent = results[0].document;
