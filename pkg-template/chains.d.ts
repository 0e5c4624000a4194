export type {
  CascadeOptions, ChainOptions, RankingProgress, RerankDocument, RerankErrorCode, RerankRequest, RerankResponse, RerankResult, RerankWarning, Reranker,
} from "./types.js";
export { RerankError, cascade, isRerankError, withFallback } from "./types.js";
