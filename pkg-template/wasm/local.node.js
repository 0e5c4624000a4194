// @ts-check
// How the local engine's wasm arrives in Node, Deno and Bun: from the package's folder.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { isModule, unavailable } from "./compile.js";
import { hasRelaxedSimd, hasSimd128 } from "./probe.js";

export { compile } from "./compile-node.js";
export { createGlue } from "../local.glue.js";

/** What an instance may have in all; here what the host gives. @type {number | undefined} */
export const memoryLimitBytes = undefined;

/** @param {string | URL | WebAssembly.Module} [wasm] in place of the package's own: a module, a URL or a path */
export function locate(wasm) {
  if (isModule(wasm)) return wasm;
  if (wasm !== undefined) return /^(https?|file):/.test(String(wasm)) ? String(wasm) : pathToFileURL(resolve(String(wasm))).href;
  if (hasRelaxedSimd()) return new URL("../local.relaxed.wasm", import.meta.url).href;
  if (hasSimd128()) return new URL("../local.simd128.wasm", import.meta.url).href;
  throw unavailable("this runtime has no WebAssembly SIMD; rank with RemoteReranker here");
}
