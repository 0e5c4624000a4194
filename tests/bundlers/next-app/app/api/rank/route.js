import { RemoteReranker } from "rerank-wasm/remote";

export const runtime = "edge";

export async function GET() {
  const reply = { results: [{ index: 1, relevance_score: 0.9 }, { index: 0, relevance_score: 0.1 }] };
  const reranker = new RemoteReranker({ provider: "dmxapi", apiKey: "sk-0", fetch: async () => Response.json(reply) });
  const { results } = await reranker.rerank({ query: "capital", documents: ["Capital gains", "Ulaanbaatar"] });
  return Response.json(results[0].document);
}
