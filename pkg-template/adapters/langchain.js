// @ts-check
// LangChain.js: a document compressor. LangChain asks for nothing but the method, so none of it is needed here.

import { hasText, requestOptions } from "./request-options.js";

/** What LangChain's own compressors keep. */
const DEFAULT_TOP_N = 3;

/** @param {any} reranker @param {any} [options] */
export function documentCompressor(reranker, options = {}) {
  const request = { topN: DEFAULT_TOP_N, ...requestOptions("documentCompressor", reranker, options) };
  return {
    /** @param {readonly any[]} documents @param {string} query */
    async compressDocuments(documents, query) {
      const filled = documents.filter(({ pageContent }) => hasText(pageContent));
      const texts = filled.map(({ pageContent }) => pageContent);
      const { results } = await reranker.rerank({ ...request, query, documents: texts, returnDocuments: false });
      return results.map((/** @type {any} */ { index, relevanceScore }) => scored(filled[index], relevanceScore));
    },
  };
}

/** A copy of its own class: the caller's document stays as it is. @param {any} document @param {number} relevanceScore */
function scored(document, relevanceScore) {
  const copy = Object.assign(Object.create(Object.getPrototypeOf(document)), document);
  copy.metadata = { ...document.metadata, relevanceScore };
  return copy;
}
