export type {
  DmxapiOptions, ProxiedOptions, QianfanAuth, QianfanOptions, RankingProgress, RemoteOptions, RerankAttempt, RerankDocument, RerankErrorCode, RerankRequest, RerankResponse,
  RerankResult, RerankWarning, Reranker, Secret, TokenStore,
} from "./types.js";
export { RemoteReranker, RerankError, estimateTokens, isRerankError } from "./types.js";
