// @ts-check
// Rerankers of two others, whichever those are.

export { RerankError, isRerankError } from "./error.js";
export { cascade } from "./chains/cascade.js";
export { withFallback } from "./chains/fallback.js";
