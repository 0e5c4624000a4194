// @ts-check
// The rule that private text stays private: a chain that begins in this process ends there, unless told otherwise.

import { invalidRequest } from "../error.js";
import { isPrivate, notePrivate } from "../private.js";

/**
 * Checks both ends of a chain.
 * @param {string} chain what it is called
 * @param {Record<string, any>} ends the two rerankers by their names, the one that is asked first first
 * @param {boolean | undefined} allowRemote
 */
export function checkEnds(chain, ends, allowRemote) {
  for (const [name, reranker] of Object.entries(ends)) {
    if (typeof reranker?.rerank !== "function") throw invalidRequest(`${name}: expected a reranker, found ${reranker === null ? "null" : typeof reranker}`);
  }
  const [[firstName, first], [secondName, second]] = Object.entries(ends);
  if (!isPrivate(first) || isPrivate(second) || allowRemote === true) return;
  throw invalidRequest(
    `${chain}: the ${firstName} reranker keeps documents in this process, the ${secondName} may send them away; ` +
      "pass { allowRemote: true } if that is meant",
  );
}

/** Notes whether a chain of these keeps documents here. @template {object} C @param {C} chain @param {object[]} ends @returns {C} */
export const notePrivacy = (chain, ends) => (ends.every(isPrivate) ? notePrivate(chain) : chain);
