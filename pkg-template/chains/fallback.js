// @ts-check
// A second reranker for when the first fails.

import { disposable } from "../dispose.js";
import { isRerankError } from "../error.js";
import { readRequest } from "../request.js";
import { checkEnds, notePrivacy } from "./ends.js";

/** Errors that a second reranker would meet too, or that the caller wanted. */
const FINAL = new Set(["invalid_request", "aborted", "disposed"]);

/** @param {any} first @param {any} second @param {{ allowRemote?: boolean }} [options] */
export function withFallback(first, second, { allowRemote } = {}) {
  checkEnds("withFallback", { first, second }, allowRemote);
  const chain = {
    /** @param {any} request */
    async rerank(request) {
      const { plain, documents } = readRequest(request);
      // Read once: the caller may change it while the first one is at it.
      const asked = { ...request, ...plain, documents };
      try {
        return await first.rerank(asked);
      } catch (error) {
        if (isRerankError(error) && FINAL.has(error.code)) throw error;
        const response = await second.rerank(asked);
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
  disposable(chain);
  return notePrivacy(chain, [first, second]);
}
