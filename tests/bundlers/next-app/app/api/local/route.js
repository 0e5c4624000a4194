import { LocalReranker } from "rerank-wasm/local";

export const dynamic = "force-dynamic";

export async function GET() {
  const reranker = await LocalReranker.load();
  const { results } = await reranker.rerank({
    query: "What is the capital of Mongolia?",
    documents: ["Capital gains are taxed when the shares are sold.", "Ulaanbaatar is the capital and the largest city of Mongolia."],
  });
  reranker.dispose();
  return Response.json(results[0].document);
}
