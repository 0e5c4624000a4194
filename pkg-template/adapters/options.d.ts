import type { RerankRequest } from "../types.js";

/** Options of each request that an adapter makes; see {@link RerankRequest}. */
export type AdapterOptions = Pick<
  RerankRequest,
  "topN" | "maxChunksPerDoc" | "overlapTokens" | "minScore" | "minScoreRatio" | "user" | "timeoutMs" | "maxRetries" | "headers"
>;
