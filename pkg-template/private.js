// @ts-check
// Which rerankers keep every document in this process: they say so themselves, so that whoever asks need not import them.

/** @type {WeakSet<object>} */
const known = new WeakSet();

/** @template {object} R @param {R} reranker @returns {R} */
export function notePrivate(reranker) {
  known.add(reranker);
  return reranker;
}

/** @param {object} reranker */
export const isPrivate = (reranker) => known.has(reranker);
