// @ts-check
// Everything, for those who bundle: `./remote` and `./local` alone keep the other half out.

export { RerankError, isRerankError } from "./error.js";
export { estimateTokens } from "./estimate.js";
export { RemoteReranker } from "./remote.js";
export { LocalReranker, deleteCached, isSupported, listCached } from "./local.js";
export { cascade, withFallback } from "./chains.js";
