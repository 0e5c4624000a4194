export type {
  CachedFile, LocalOptions, ModelCache, PartialRanking, RankingProgress, RerankDocument, RerankErrorCode, RerankRequest, RerankResponse, RerankResult, RerankWarning, Reranker,
} from "./types.js";
export { LocalReranker, RerankError, deleteCached, isRerankError, isSupported, listCached } from "./types.js";
