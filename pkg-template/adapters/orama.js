// @ts-check
// Orama: a plugin that ranks the best hits anew. Orama hands over one page of hits, so a search for the second page would
// rank only that page: more hits are asked for before the search, and the page is cut out after it.

import { invalidRequest } from "../error.js";
import { checkNumber, typeName } from "../request.js";
import { hasText, requestOptions } from "./request-options.js";

/** Hits that are ranked anew: what a full-text search finds beyond them is seldom the best. */
const DEFAULT_WINDOW = 50;
/** Orama's own. */
const DEFAULT_LIMIT = 10;

/** @param {any} reranker @param {any} options */
export function pluginRerank(reranker, options) {
  const request = requestOptions("pluginRerank", reranker, options);
  const { window = DEFAULT_WINDOW } = options;
  checkNumber("window", window, { least: 1, whole: true });
  const textOf = readText(options.text);
  /** Pages that searches under way asked for, by their parameters, which were changed. @type {WeakMap<object, Page>} */
  const pages = new WeakMap();

  return {
    name: "rerank-wasm",
    // Orama awaits its hooks only where they are async functions.
    /** @param {any} _ @param {any} params */
    async beforeSearch(_, params) {
      if (!hasText(params.term) || params.sortBy || params.preflight) return;
      const known = pages.get(params);
      if (known) return void known.searches++;
      const { limit, offset } = params;
      pages.set(params, { limit, offset, searches: 1 });
      Object.assign(params, { offset: 0, limit: Math.max(window, (offset ?? 0) + (limit ?? DEFAULT_LIMIT)) });
    },
    /** @param {any} _ @param {any} params @param {string | undefined} language @param {any} results */
    async afterSearch(_, params, language, results) {
      const page = pages.get(params);
      if (!page) return;
      if (--page.searches === 0) restore(params, page, pages);
      const { limit = DEFAULT_LIMIT, offset = 0 } = page;
      const hits = await ranked(reranker, { ...request, query: params.term }, results.hits, window, textOf);
      results.hits = hits.slice(offset, offset + limit);
    },
  };
}

/** @typedef {{ limit?: number, offset?: number, searches: number }} Page `searches`: how many of these parameters are under way */

/** Gives the caller's parameters back as they were. @param {any} params @param {Page} page @param {WeakMap<object, Page>} pages */
function restore(params, { limit, offset }, pages) {
  pages.delete(params);
  for (const [name, value] of Object.entries({ limit, offset })) {
    if (value === undefined) delete params[name];
    else params[name] = value;
  }
}

/**
 * @param {any} reranker @param {any} request @param {any[]} hits @param {number} window @param {(document: any) => unknown} textOf
 */
async function ranked(reranker, request, hits, window, textOf) {
  const texts = hits.map(({ document }) => textOf(document));
  const best = hits.map((_, at) => at).slice(0, window).filter((at) => hasText(texts[at]));
  const { results } = await reranker.rerank({ ...request, documents: best.map((at) => texts[at]), returnDocuments: false });
  const first = results.map((/** @type {any} */ { index, relevanceScore }) => ({ ...hits[best[index]], score: relevanceScore }));
  // Those that did not come back, as from a cascade, follow too, unless they were below a threshold.
  const hasThreshold = request.minScore !== undefined || request.minScoreRatio !== undefined;
  const told = new Set(hasThreshold ? best : results.map((/** @type {any} */ { index }) => best[index]));
  return [...first, ...hits.filter((_, at) => !told.has(at))];
}

/** @param {any} text the name of a property, or a function of the document @returns {(document: any) => unknown} */
function readText(text) {
  if (typeof text === "function") return text;
  if (typeof text === "string" && text !== "") return (document) => document?.[text];
  throw invalidRequest(`text: expected a property's name or a function of the document, found ${typeName(text)}`);
}
