export type {
  LocalOptions, ModelCache, PartialRanking, RerankDocument, RerankErrorCode, RerankRequest, RerankResponse, RerankResult, RerankWarning, Reranker,
} from "./types.js";
export { LocalReranker, RerankError, isRerankError, isSupported } from "./types.js";
