// @ts-check
// A second reranker for when the first fails, and the rule that private text stays private.

import { disposable } from "./dispose.js";
import { invalidRequest, isRerankError } from "./error.js";
import { LocalReranker } from "./local.js";

/** Errors that a second reranker would meet too, or that the caller wanted. */
const FINAL = new Set(["invalid_request", "aborted", "disposed"]);

/** Chains that keep every document in this process. @type {WeakSet<object>} */
const privateChains = new WeakSet();

/** @param {any} first @param {any} second @param {{ allowRemote?: boolean }} [options] */
export function withFallback(first, second, { allowRemote = false } = {}) {
  for (const [name, reranker] of [["first", first], ["second", second]]) {
    if (typeof reranker?.rerank !== "function") throw invalidRequest(`${name}: expected a reranker, found ${typeof reranker}`);
  }
  if (isPrivate(first) && !isPrivate(second) && allowRemote !== true) {
    throw invalidRequest(
      "withFallback: the first reranker keeps documents in this process, the second may send them away; " +
        "pass { allowRemote: true } if that is meant",
    );
  }
  const chain = {
    /** @param {any} request */
    async rerank(request) {
      try {
        return await first.rerank(request);
      } catch (error) {
        if (isRerankError(error) && FINAL.has(error.code)) throw error;
        const response = await second.rerank(request);
        const code = isRerankError(error) ? error.code : "internal";
        const warning = { code: "fallback", message: `the first reranker failed with ${code}; the second one ranked` };
        return { ...response, warnings: [warning, ...response.warnings] };
      }
    },
    dispose() {
      first.dispose();
      second.dispose();
    },
  };
  if (isPrivate(first) && isPrivate(second)) privateChains.add(chain);
  disposable(chain);
  return chain;
}

/** @param {object} reranker */
const isPrivate = (reranker) => reranker instanceof LocalReranker || privateChains.has(reranker);
