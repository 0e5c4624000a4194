// @ts-check
// What the local cases assert, over assert.mjs; runs in every runtime the package does.

import { errorOf } from "./assert.mjs";

export { errorOf, ok, same } from "./assert.mjs";

/** The very same value. @param {unknown} found @param {unknown} expected @param {string} what */
export function equal(found, expected, what) {
  if (!Object.is(found, expected)) throw new Error(`${what}: expected ${show(expected)}, found ${show(found)}`);
}

/** @param {number} found @param {number} expected @param {number} tolerance @param {string} what */
export function near(found, expected, tolerance, what) {
  // Written so that NaN fails.
  if (!(Math.abs(found - expected) <= tolerance)) throw new Error(`${what}: expected ${expected} within ${tolerance}, found ${found}`);
}

/**
 * @param {Promise<unknown> | (() => unknown)} attempt
 * @param {string} code of the RerankError
 * @param {RegExp} [message]
 * @returns {Promise<any>} the error
 */
export async function rejects(attempt, code, message = /./) {
  const error = await errorOf(attempt);
  const isOne = error instanceof Error && Symbol.for("rerank-wasm.error") in error;
  if (!isOne) throw new Error(`expected a RerankError ${code}, found ${show(error)}`);
  const found = /** @type {any} */ (error);
  if (found.code !== code || !message.test(found.message)) throw new Error(`expected ${code} ${message}, found ${found.code}: ${found.message}`);
  equal(found.name, code === "aborted" ? "AbortError" : "RerankError", "name of the error");
  return found;
}

/** @param {unknown} value */
function show(value) {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
