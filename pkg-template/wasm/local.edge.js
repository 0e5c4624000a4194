// @ts-check
// The local engine in Vercel's edge runtime, whose functions hold a few megabytes: the engine does not fit beside a model, and
// is left out of the bundle.

import { isModule, unavailable } from "./compile.js";

export { createGlue } from "../local.glue.js";

/** What an instance may have in all; here what the host gives. @type {number | undefined} */
export const memoryLimitBytes = undefined;

/** @param {WebAssembly.Module} [wasm] for a runtime of this kind that has the room @returns {WebAssembly.Module} */
export function locate(wasm) {
  if (isModule(wasm)) return wasm;
  throw unavailable("an edge function has no room for a local model; rank with RemoteReranker, or in a function of the Node runtime");
}

/** Of what is never an address. */
export const compile = async () => locate();
