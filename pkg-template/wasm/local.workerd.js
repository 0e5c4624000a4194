// @ts-check
// How the local engine's wasm arrives in workerd, which compiles modules at deployment and never from bytes. workerd has
// relaxed SIMD.

import module from "../local.relaxed.wasm";

import { isModule } from "./compile.js";
import { invalidRequest } from "../error.js";

export { createGlue } from "../local.glue.js";

/**
 * An isolate of Cloudflare Workers is ended at 128 MB, wasm memory and JavaScript together
 * (https://developers.cloudflare.com/workers/platform/limits/#memory); 16 MB of it are left to JavaScript.
 */
export const memoryLimitBytes = 112e6;

/** @param {WebAssembly.Module} [wasm] in place of the package's own @returns {WebAssembly.Module} */
export function locate(wasm) {
  if (wasm === undefined) return module;
  if (isModule(wasm)) return wasm;
  throw invalidRequest("wasm: expected a WebAssembly.Module, the only form workerd takes; import it from \"rerank-wasm/local.relaxed.wasm\"");
}

/** Of what is never an address. */
export const compile = async () => locate();
