// @ts-check
// A page that never answers does not stop the run.

/** The slowest thing that is measured, a list of 64 long documents, takes half of this. */
const LONGEST_CALL_MS = 240_000;

/** @template T @param {Promise<T>} answer @param {number} [ms] @returns {Promise<T>} */
export function within(answer, ms = LONGEST_CALL_MS) {
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
