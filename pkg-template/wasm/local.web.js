// @ts-check
// How the local engine's wasm arrives in a page or a web worker.

import { isModule, unavailable } from "./compile.js";
import { hasRelaxedSimd, hasSimd128 } from "./probe.js";

export { compileUrl as compile } from "./compile.js";
export { createGlue } from "../local.glue.js";

/** What an instance may have in all; here what the host gives. @type {number | undefined} */
export const memoryLimitBytes = undefined;

/**
 * An address that a worker understands too, whose own base is another one.
 * @param {string | URL | WebAssembly.Module} [wasm] in place of the package's own
 */
export function locate(wasm) {
  if (isModule(wasm)) return wasm;
  if (wasm !== undefined) return absolute(wasm);
  if (hasRelaxedSimd()) return new URL("../local.relaxed.wasm", import.meta.url).href;
  if (hasSimd128()) return new URL("../local.simd128.wasm", import.meta.url).href;
  throw unavailable("this runtime has no WebAssembly SIMD; rank with RemoteReranker here");
}

/** @param {string | URL} url */
function absolute(url) {
  try {
    return new URL(url, globalThis.document?.baseURI ?? location.href).href;
  } catch (cause) {
    throw unavailable("the option wasm is no URL", cause);
  }
}
