// @ts-check
// This package, as a page has it: the installed tarball, the public API.

const { LocalReranker } = await import("rerank-wasm/local");

/** Queries that no workload asks, and documents for as many workers. */
const OTHERS = ["something else", "another thing"].map((query) => ({ query, documents: Array.from({ length: 8 }, (_, index) => `number ${index}`), returnDocuments: false }));

/**
 * @param {import("../page/host.js").Files} files
 * @param {{ wasm?: "relaxed" | "simd128", workers: number | "auto", maxTokens?: number, maxMemoryBytes?: number, cache?: "auto" | "none" | "require" }} options
 */
export async function openEngine(files, { wasm, workers, maxTokens, maxMemoryBytes, cache }) {
  const reranker = await LocalReranker.load({
    model: await files.model(),
    tokenizer: await files.tokenizer(),
    scores: "raw",
    workers,
    maxMemoryBytes,
    cache,
    ...(maxTokens ? { maxTokens } : {}),
    ...(wasm ? { wasm: `/pkg/local.${wasm}.wasm` } : {}),
  });
  return {
    facts: reranker.plan,
    /** @param {import("../documents.mjs").Request} request */
    async score({ query, documents }) {
      const { results } = await reranker.rerank({ query, documents, returnDocuments: false });
      const logits = new Array(documents.length);
      for (const { index, relevanceScore } of results) logits[index] = relevanceScore;
      return logits;
    },
    // It keeps its readings of the last two queries, where a model reads queries apart.
    async forget() {
      for (const other of OTHERS) await reranker.rerank(other);
    },
    dispose: () => reranker.dispose(),
  };
}
