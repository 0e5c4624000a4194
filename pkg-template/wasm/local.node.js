// @ts-check
// How the local engine's wasm arrives in Node, Deno and Bun: from the package's folder.

import { readFile } from "node:fs/promises";

import { compileBytes, compileOnce, compileUrl, isModule, unavailable } from "./compile.js";
import { hasRelaxedSimd, hasSimd128 } from "./probe.js";

export { createGlue } from "../local.glue.js";

/** What an instance may have in all; here what the host gives. @type {number | undefined} */
export const memoryLimitBytes = undefined;

/** @param {string | URL | WebAssembly.Module} [wasm] in place of the package's own: a module, a URL or a path */
export async function compile(wasm) {
  if (isModule(wasm)) return wasm;
  if (wasm !== undefined && /^https?:/.test(String(wasm))) return compileUrl(wasm);
  if (wasm !== undefined) return compileFile(/^file:/.test(String(wasm)) ? new URL(wasm) : wasm);
  if (hasRelaxedSimd()) return compileOnce(new URL("../local.relaxed.wasm", import.meta.url), compileFile);
  if (hasSimd128()) return compileOnce(new URL("../local.simd128.wasm", import.meta.url), compileFile);
  throw unavailable("this runtime has no WebAssembly SIMD; rank with RemoteReranker here");
}

/** @param {string | URL} file */
async function compileFile(file) {
  const bytes = await readFile(file).catch((cause) => {
    throw unavailable(`${file} could not be read`, cause);
  });
  return compileBytes(bytes, String(file));
}
