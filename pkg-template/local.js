// @ts-check
// The facade of the local engine: a model in this process ranks, in workers or in this thread.

import { compile, createGlue, locate, memoryLimitBytes } from "#wasm-local";

import { disposable } from "./dispose.js";
import { Engine } from "./engine.js";
import { RerankError, abortedBy, invalidRequest } from "./error.js";
import { openLocal } from "./load.js";
import { notePrivate } from "./private.js";
import { latest } from "./stream.js";
import { attachDocuments, checkHooks, checkNumber, guarded, pick, readRequest, typeName } from "./request.js";
import { isModule } from "./wasm/compile.js";
import { hasSimd128 } from "./wasm/probe.js";

export { deleteCached, listCached } from "./cached.js";
export { RerankError, isRerankError } from "./error.js";

const OPTIONS = /** @type {const} */ ([
  "model", "tokenizer", "tokenizerConfig", "wasm", "sha256", "maxTokens", "longDocuments", "scores", "label", "workers", "maxMemoryBytes", "cache", "timeoutMs",
  "quantize", "onProgress", "signal",
]);

export class LocalReranker {
  /** @type {Engine} */
  #engine;
  /** @type {string} */
  #model;

  /** @param {any} token @param {Engine} engine @param {string} model @param {any} plan */
  constructor(token, engine, model, plan) {
    if (token !== MADE_BY_LOAD) throw invalidRequest("LocalReranker: use LocalReranker.load(), which waits for the model");
    this.#engine = engine;
    this.#model = model;
    notePrivate(this);
    this.plan = Object.freeze({ path: plan.path, notes: Object.freeze(plan.notes) });
  }

  /** @param {any} [options] */
  static async load(options = {}) {
    if (typeof options !== "object" || options === null) throw invalidRequest(`options: expected an object, found ${typeName(options)}`);
    const read = pick(options, OPTIONS);
    checkOptions(read);
    const { signal } = read;
    if (signal?.aborted) throw abortedBy(signal);
    // Progress is of the first load; a restart after a fault is silent.
    let onProgress = read.onProgress && guarded(read.onProgress);
    const open = openLocal(read, { locate, compile, createGlue, memoryLimitBytes }, (/** @type {any} */ p) => onProgress?.(p));
    const engine = new Engine(open);
    const onAbort = () => engine.dispose(abortedBy(signal));
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const { plan } = await engine.load();
      return new LocalReranker(MADE_BY_LOAD, engine, nameOf(read.model), plan);
    } catch (error) {
      // Ends the download of the other file.
      engine.dispose();
      throw error;
    } finally {
      onProgress = undefined;
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** @param {any} request */
  async rerank(request) {
    const { plain, call, documents } = readRequest(request);
    const scored = await this.#engine.score(plain, call);
    return {
      results: attachDocuments(scored, documents, plain.returnDocuments, call),
      model: this.#model,
      provider: "local",
      warnings: [],
    };
  }

  /** @param {any} request */
  async *rerankStream(request) {
    const { plain, call, documents } = readRequest(request);
    yield* latest(call.signal, async (signal, report) => {
      const tell = (/** @type {any} */ { done, total, ranking }) => report(() => ({ done, total, results: attachDocuments(ranking(), documents, plain.returnDocuments, call) }));
      const scored = await this.#engine.score(plain, { ...call, signal, onScored: tell });
      if (documents.length === 0) report(() => ({ done: 0, total: 0, results: scored }));
    });
  }

  dispose() {
    this.#engine.dispose();
  }
}

/** Only `load` constructs. */
const MADE_BY_LOAD = Symbol("load");

disposable(LocalReranker.prototype);

export function isSupported() {
  return hasSimd128() ? { local: true } : { local: false, reason: "this runtime has no WebAssembly SIMD" };
}

/** @param {Record<string, any>} options */
function checkOptions({ wasm, workers, maxMemoryBytes, cache, timeoutMs, quantize, onProgress, signal, sha256, maxTokens, label }) {
  if (wasm !== undefined && typeof wasm !== "string" && !(wasm instanceof URL) && !isModule(wasm)) {
    throw invalidRequest(`wasm: expected a URL or a WebAssembly.Module, found ${typeName(wasm)}`);
  }
  if (workers !== "auto") checkNumber("workers", workers, { least: 0, whole: true });
  checkNumber("maxMemoryBytes", maxMemoryBytes, { above: 0 });
  checkNumber("timeoutMs", timeoutMs, { above: 0 });
  const isCache = typeof cache?.match === "function" && typeof cache?.put === "function";
  if (cache !== undefined && cache !== "auto" && cache !== "none" && cache !== "require" && !isCache) {
    throw invalidRequest(`cache: expected "auto", "none", "require" or an object with match and put, found ${typeName(cache)}`);
  }
  if (quantize !== undefined && quantize !== "int8") throw invalidRequest(`quantize: expected "int8", found ${typeName(quantize)}`);
  checkHooks({ signal, onProgress });
  if (sha256 !== undefined && (typeof sha256 !== "object" || sha256 === null)) {
    throw invalidRequest(`sha256: expected { model?, tokenizer? }, found ${typeName(sha256)}`);
  }
  checkNumber("maxTokens", maxTokens, { least: 32, whole: true });
  checkNumber("label", label, { least: 0, whole: true });
}

/** What a response calls the model: never a query string, which may be signed. @param {any} model */
function nameOf(model) {
  if (model === undefined || model === "default") return "default";
  const url = typeof model === "string" ? model : (model.url ?? (model instanceof URL ? model.href : ""));
  return url.split(/[?#]/)[0].split(/[\\/]/).pop() || "custom";
}
