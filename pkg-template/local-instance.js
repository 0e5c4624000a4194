// @ts-check
// One instance of the local engine in this thread: files in, then rankings taken step by step.

import { RerankError, isRerankError } from "./error.js";
import { defaultModel } from "#model";
import { reader, tokenizerBeside } from "./sources.js";

/** Work between two pauses: a frame at 60 Hz. */
const LONGEST_STRETCH_MS = 16;

/**
 * @param {Record<string, any>} options checked
 * @param {{ compile: (wasm?: any) => Promise<WebAssembly.Module>, createGlue: () => any }} wasm
 * @param {(p: { phase: "download" | "verify" | "build", loaded: number, total?: number }) => void} onProgress
 * @returns {(signal: AbortSignal) => Promise<import("./engine.js").Instance & { plan: any }>}
 */
export function openLocal(options, { compile, createGlue }, onProgress) {
  const isDefault = options.model === undefined || options.model === "default";
  /** @type {{ model: ReturnType<typeof reader>, tokenizer: ReturnType<typeof reader> } | undefined} */
  let files;
  if (!isDefault) {
    files = { model: reader("model", options.model), tokenizer: reader("tokenizer", options.tokenizer ?? tokenizerBeside(options.model)) };
  }
  return async (signal) => {
    if (!files) {
      const { model, tokenizer } = await defaultModel();
      files = { model: reader("model", model), tokenizer: reader("tokenizer", options.tokenizer ?? tokenizer) };
    }
    const [module, model, tokenizer] = await Promise.all([compile(options.wasm), files.model(signal), files.tokenizer(signal)]);
    const glue = createGlue();
    await start(glue, module);
    const loader = new glue.LocalLoader({
      modelBytes: model.size,
      tokenizerBytes: tokenizer.size,
      modelSha256: options.sha256?.model,
      tokenizerSha256: options.sha256?.tokenizer,
    });
    await download(signal, loader, model, tokenizer, onProgress);
    signal.throwIfAborted();
    if (options.sha256) onProgress({ phase: "verify", loaded: 1, total: 1 });
    onProgress({ phase: "build", loaded: 0, total: 1 });
    // Building takes a second: let the page show that.
    await pause();
    const { maxTokens, longDocuments, scores } = options;
    const engine = loader.build({ maxTokens, longDocuments, scores });
    onProgress({ phase: "build", loaded: 1, total: 1 });
    return instance(engine);
  };
}

/** @param {any} glue @param {WebAssembly.Module} module */
async function start(glue, module) {
  try {
    // Not initSync: on a page's thread Chromium refuses to instantiate 8 MB and more at once.
    await glue.init({ module_or_path: module });
  } catch (cause) {
    throw new RerankError("wasm_unavailable", "WebAssembly could not be started: the module is not this package's, or memory is short", { cause });
  }
}

/**
 * @param {AbortSignal} signal
 * @param {any} loader
 * @param {import("./sources.js").OpenSource} model
 * @param {import("./sources.js").OpenSource} tokenizer
 * @param {(p: any) => void} onProgress
 */
async function download(signal, loader, model, tokenizer, onProgress) {
  const total = model.size === undefined || tokenizer.size === undefined ? undefined : model.size + tokenizer.size;
  let loaded = 0;
  const copy = async (/** @type {AsyncIterable<Uint8Array>} */ chunks, /** @type {string} */ name, /** @type {(chunk: Uint8Array) => void} */ push) => {
    try {
      for await (const chunk of chunks) {
        if (signal.aborted) return;
        push(chunk);
        loaded += chunk.byteLength;
        onProgress({ phase: "download", loaded, ...(total === undefined ? {} : { total }) });
      }
    } catch (cause) {
      if (signal.aborted || isRerankError(cause) || !(cause instanceof Error) || isTrap(cause)) throw cause;
      throw new RerankError("network", `${name}: the connection ended after ${loaded} bytes`, { retryable: true, cause });
    }
  };
  await Promise.all([
    copy(model.chunks, "model", (chunk) => loader.pushModel(chunk)),
    copy(tokenizer.chunks, "tokenizer", (chunk) => loader.pushTokenizer(chunk)),
  ]);
}

/** @param {any} engine @returns {import("./engine.js").Instance & { plan: any }} */
function instance(engine) {
  /** @type {Set<number>} */
  const running = new Set();
  let pausedAt = 0;
  return {
    plan: engine.plan(),
    async score(call, request, onProgress) {
      running.add(call);
      const total = request.documents.length;
      let reported = 0;
      let job;
      try {
        job = engine.begin(request);
        pausedAt = now();
        while (total > 0 && !job.step()) {
          const stretch = now() - pausedAt;
          // 0: the clock stands still while code runs, as in Workers.
          if (stretch >= LONGEST_STRETCH_MS || stretch === 0) {
            await pause();
            pausedAt = now();
            if (!running.has(call)) break;
          }
          const done = job.done();
          if (onProgress && done > reported) onProgress({ done: (reported = done), total });
        }
        const scored = running.has(call) ? job.finish() : undefined;
        job.free();
        job = undefined;
        if (scored && onProgress && reported < total) onProgress({ done: total, total });
        return scored;
      } catch (error) {
        // After a trap nothing may be called any more, not even free.
        if (!isTrap(error)) job?.free();
        throw error;
      } finally {
        running.delete(call);
      }
    },
    abort: (call) => void running.delete(call),
    free: () => {
      running.clear();
      engine.free();
    },
  };
}

/** @param {unknown} error */
const isTrap = (error) => error instanceof WebAssembly.RuntimeError || error instanceof RangeError;

const now = () => performance.now();

/** Lets the host run a macrotask: timers, input, an abort. @returns {Promise<void>} */
function pause() {
  if (typeof setImmediate === "function") return new Promise((resolve) => setImmediate(resolve));
  // Workers, where messages come before timers however long one waits.
  const { scheduler } = /** @type {any} */ (globalThis);
  if (typeof scheduler?.wait === "function") return scheduler.wait(0);
  // Not setTimeout first: nested ones wait 4 ms in browsers.
  if (typeof MessageChannel !== "function") return new Promise((resolve) => setTimeout(resolve, 0));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
