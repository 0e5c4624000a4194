// @ts-check
// Mastra: a relevance scorer. Mastra asks for one score at a time, for all documents at once; those calls become one request.

import { hasText, requestOptions } from "./request-options.js";

/**
 * @typedef {{ text: string, resolve: (score: number) => void, reject: (error: unknown) => void }} Asked
 */

/** @param {any} reranker @param {any} [options] */
export function relevanceScorer(reranker, options = {}) {
  // Every document wants its score: thresholds and topN have no meaning here.
  const { topN, minScore, minScoreRatio, ...request } = requestOptions("relevanceScorer", reranker, options);
  /** Calls of this tick by their query. @type {Map<string, Asked[]>} */
  const waiting = new Map();

  const send = async (/** @type {string} */ query) => {
    const asked = /** @type {Asked[]} */ (waiting.get(query));
    waiting.delete(query);
    try {
      const { results } = await reranker.rerank({ ...request, query, documents: asked.map(({ text }) => text), returnDocuments: false });
      for (const { index, relevanceScore } of results) asked[index].resolve(relevanceScore);
      // Those that did not come back, as from a cascade: what is settled stays so.
      for (const { resolve } of asked) resolve(0);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  };

  return {
    /** @param {string} query @param {string} text @returns {Promise<number>} */
    getRelevanceScore(query, text) {
      if (!hasText(text)) return Promise.resolve(0);
      return new Promise((resolve, reject) => {
        const asked = waiting.get(query);
        if (asked) return void asked.push({ text, resolve, reject });
        waiting.set(query, [{ text, resolve, reject }]);
        setTimeout(send, 0, query);
      });
    },
  };
}
