// @ts-check
// How the local engine's wasm arrives in a page or a web worker.

import { compileOnce, compileUrl, isModule, unavailable } from "./compile.js";
import { hasRelaxedSimd, hasSimd128 } from "./probe.js";

export { createGlue } from "../local.glue.js";

/** What an instance may have in all; here what the host gives. @type {number | undefined} */
export const memoryLimitBytes = undefined;

/** @param {string | URL | WebAssembly.Module} [wasm] in place of the package's own */
export async function compile(wasm) {
  if (isModule(wasm)) return wasm;
  if (wasm !== undefined) return compileUrl(wasm);
  if (hasRelaxedSimd()) return compileOnce(new URL("../local.relaxed.wasm", import.meta.url), compileUrl);
  if (hasSimd128()) return compileOnce(new URL("../local.simd128.wasm", import.meta.url), compileUrl);
  throw unavailable("this runtime has no WebAssembly SIMD; rank with RemoteReranker here");
}
