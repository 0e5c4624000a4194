// @ts-check
// LlamaIndex.TS: a node postprocessor.

import { invalidRequest } from "../error.js";
import { typeName } from "../request.js";
import { hasText, requestOptions } from "./request-options.js";

/** The text that embeddings are made of: with the metadata that is not excluded from it. */
const DEFAULT_METADATA_MODE = "EMBED";

/** @param {any} reranker @param {any} [options] */
export function nodePostprocessor(reranker, options = {}) {
  const request = requestOptions("nodePostprocessor", reranker, options);
  const { metadataMode = DEFAULT_METADATA_MODE } = options;
  return {
    /** @param {readonly any[]} nodes @param {any} [query] */
    async postprocessNodes(nodes, query) {
      const pairs = nodes.map((given) => ({ given, text: given.node.getContent(metadataMode) })).filter(({ text }) => hasText(text));
      const documents = pairs.map(({ text }) => text);
      const { results } = await reranker.rerank({ ...request, query: queryText(query), documents, returnDocuments: false });
      return results.map((/** @type {any} */ { index, relevanceScore }) => ({ ...pairs[index].given, score: relevanceScore }));
    },
  };
}

/** The text of a message: a string, or parts of which some are text. @param {any} query @returns {string} */
function queryText(query) {
  if (typeof query === "string") return query;
  if (!Array.isArray(query)) throw invalidRequest(`query: expected the text that was asked for, found ${typeName(query)}`);
  return query.filter(({ type }) => type === "text").map(({ text }) => text).join("\n");
}
