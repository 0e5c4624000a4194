import type { Reranker } from "../types.js";
import type { AdapterOptions } from "./options.js";

/** What of a hit is ranked, and how many are. */
export interface PluginRerankOptions extends Omit<AdapterOptions, "topN"> {
  /** What of a document is ranked: a property's name, or a function that gives the text. Hits without text stay behind the ranked ones. */
  text: string | ((document: any) => string);
  /** Hits of Orama that are ranked anew; a whole number from 1. Those beyond follow with Orama's own scores. Default 50. */
  window?: number;
}

/** What Orama calls before and after a search. */
export interface RerankPlugin {
  name: string;
  beforeSearch(orama: unknown, params: any, language: string | undefined): Promise<void>;
  afterSearch(orama: unknown, params: any, language: string | undefined, results: any): Promise<void>;
}

/**
 * An Orama plugin: searches with a `term` come back in the reranker's order, page by page. Searches with `sortBy` keep their
 * order, groups and facets are Orama's. With a plugin that waits, `search` returns a promise.
 *
 * @example
 * const db = create({ schema: { title: "string", body: "string" }, plugins: [pluginRerank(reranker, { text: "body" })] });
 * const { hits } = await search(db, { term: "how to prevent a cold", limit: 5 });
 */
export function pluginRerank(reranker: Reranker, options: PluginRerankOptions): RerankPlugin;
