import type { Reranker } from "../types.js";
import type { AdapterOptions } from "./options.js";

/** Mastra's `RelevanceScoreProvider`. */
export interface RelevanceScorer {
  /** The score of one text, 0 for one without text. Calls of one tick with the same query are ranked in one request. */
  getRelevanceScore(query: string, text: string): Promise<number>;
}

/**
 * A Mastra `RelevanceScoreProvider`, for `rerankWithScorer`. Mastra weighs scores as numbers from 0 to 1: use a reranker
 * that gives those.
 *
 * @example
 * const scorer = relevanceScorer(await LocalReranker.load());
 * const best = await rerankWithScorer({ results, query, scorer, options: { topK: 5 } });
 */
export function relevanceScorer(reranker: Reranker, options?: Omit<AdapterOptions, "topN" | "minScore" | "minScoreRatio">): RelevanceScorer;
