// @ts-check
// What all adapters take: a reranker, and options of each call to it.

import { invalidRequest } from "../error.js";
import { pick, typeName } from "../request.js";

/** Options of a request that make sense for every call of a framework. */
const REQUEST_OPTIONS = /** @type {const} */ ([
  "topN", "maxChunksPerDoc", "overlapTokens", "minScore", "minScoreRatio", "user", "timeoutMs", "maxRetries", "headers",
]);

/**
 * @param {string} adapter its name, for errors
 * @param {any} reranker
 * @param {any} options
 * @returns {Record<string, any>} those of a request
 */
export function requestOptions(adapter, reranker, options) {
  if (typeof reranker?.rerank !== "function") throw invalidRequest(`${adapter}: expected a reranker, found ${typeName(reranker)}`);
  if (typeof options !== "object" || options === null) throw invalidRequest(`${adapter}: expected an object of options, found ${typeName(options)}`);
  return pick(options, REQUEST_OPTIONS);
}

/** A retriever's empty pieces are no reason for a whole chain to fail. @param {unknown} text @returns {text is string} */
export const hasText = (text) => typeof text === "string" && text.trim() !== "";
