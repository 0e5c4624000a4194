// @ts-check
// Bytes or a URL → a compiled module; every way this can fail is `wasm_unavailable`, with what to do.

import { RerankError } from "../error.js";

/** @param {string} reason @param {unknown} [cause] */
export const unavailable = (reason, cause) =>
  new RerankError("wasm_unavailable", `WebAssembly could not be started: ${reason}`, cause === undefined ? {} : { cause });

/** @param {BufferSource} bytes @param {string} from */
export async function compileBytes(bytes, from) {
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw unavailable(`${from} is not a module this runtime takes, or its content security policy lacks 'wasm-unsafe-eval'`, cause);
  }
}

/** @param {string | URL} url */
export async function compileUrl(url) {
  const from = String(url).split(/[?#]/)[0];
  let reply;
  try {
    reply = await fetch(url);
  } catch (cause) {
    throw unavailable(`${from} could not be fetched`, cause);
  }
  if (!reply.ok) throw unavailable(`${from} answered ${reply.status}; serve the package's .wasm files, or name one with the option wasm`);
  const type = reply.headers.get("content-type") ?? "";
  if (type.startsWith("text/")) throw unavailable(`${from} answered with ${type}, expected application/wasm`);
  // Servers that do not know .wasm send octet-stream, which streaming compilation refuses.
  if (!type.startsWith("application/wasm")) return compileBytes(await reply.arrayBuffer(), from);
  try {
    return await WebAssembly.compileStreaming(reply);
  } catch (cause) {
    throw unavailable(`${from} is not a module this runtime takes, or its content security policy lacks 'wasm-unsafe-eval'`, cause);
  }
}

/** Compiled modules by address. @type {Map<string, Promise<WebAssembly.Module>>} */
const kept = new Map();

/**
 * The package's own modules: a second reranker, or a fresh instance after a fault, compiles nothing.
 * @param {string} url @param {(url: string) => Promise<WebAssembly.Module>} compile
 */
export async function compileOnce(url, compile) {
  // Whoever is at it may be ended meanwhile, which is no fault of the module.
  const known = await kept.get(url)?.catch(() => undefined);
  if (known) return known;
  const module = compile(url);
  kept.set(url, module);
  module.catch(() => kept.get(url) === module && kept.delete(url));
  return module;
}

/** @param {unknown} wasm @returns {wasm is WebAssembly.Module} */
export const isModule = (wasm) => Object.prototype.toString.call(wasm) === "[object WebAssembly.Module]";
