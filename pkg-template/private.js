// @ts-check
// Which rerankers keep every document in this process: they bear a mark, which every copy of this package knows.

const PRIVATE = Symbol.for("rerank-wasm.private");

/** @template {object} R @param {R} reranker @returns {R} */
export const notePrivate = (reranker) => Object.defineProperty(reranker, PRIVATE, { value: true });

/** @param {any} reranker */
export const isPrivate = (reranker) => reranker[PRIVATE] === true;
