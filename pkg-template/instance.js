// @ts-check
// One instance of the local engine in this thread, page's or worker's: files are pushed in, then documents are scored one
// at a time, step by step. Imports nothing by package name, since a page's import map does not reach its workers.

import { RerankError } from "./error.js";
import { firstPart, laterPart } from "./worker/part.js";

/** Work between two pauses: a frame at 60 Hz. */
const LONGEST_STRETCH_MS = 16;

/**
 * @typedef {object} Known what is known of the files beforehand
 * @property {number} [memoryLimitBytes] what the instance may have in all, where somebody ends it beyond
 * @property {number} [tokenizerBytes]
 * @property {string} [modelSha256]
 * @property {string} [tokenizerSha256]
 * @property {number} [part] the range of layers that is loaded, from 0
 * @property {number} [parts] of how many
 * @property {import("./cache/reread.js").Again} [again] where large tables of the model are left
 *
 * @typedef {(again: import("./cache/reread.js").Again) => Promise<import("./cache/reread.js").Reread>} OpenAgain
 *
 * @typedef {object} Loading an instance on its way; here or in a worker
 * @property {(file: "model" | "tokenizer", chunk: Uint8Array) => void | Promise<void>} push copies the chunk
 * @property {(file: "model" | "tokenizer") => string | undefined | Promise<string | undefined>} finish it is whole; a worker answers with its fingerprint
 * @property {() => boolean} [isLost] whether the model's file is gone, of which rows are read again
 * @property {(options: { maxTokens?: number, longDocuments?: string, scores?: string }) => Lane | Promise<Lane>} build
 * @property {() => void} drop lets go of what came so far
 *
 * @typedef {{ index: number, relevanceScore: number, window?: object }} Scored
 * @typedef {{ done: number, total: number }} Windows of a document that is under way
 *
 * @typedef {object} Lane a model ready to rank, one document at a time
 * @property {{ path: string, notes: string[] }} plan
 * @property {number} [memoryBytes] of its instance
 * @property {(request: any) => Promise<void>} check throws what is wrong with a whole request
 * @property {(request: any, onWindows?: (windows: Windows) => void) => Promise<Scored | undefined>} score of a request with one
 *   document; undefined: aborted; `onWindows` hears of a long one before each of its windows
 * @property {() => void} abort makes the running `score` end within the time of one window
 * @property {() => void} free
 * @property {() => Lane} [beside] another one over the same engine, that takes turns with this one; of the instance in this thread
 * @property {Promise<unknown>} [died] resolves when it ends by itself; not of the instance in this thread
 */

/**
 * @param {() => any} createGlue
 * @param {WebAssembly.Module} module
 * @param {Known} known
 * @param {OpenAgain} [openAgain] without it all of the model is in memory
 * @returns {Promise<Loading>}
 */
export async function openHere(createGlue, module, known, openAgain) {
  const glue = createGlue();
  /** @type {WebAssembly.Memory} */
  let memory;
  try {
    // Not initSync: on a page's thread Chromium refuses to instantiate 8 MB and more at once.
    ({ memory } = await glue.init({ module_or_path: module }));
  } catch (cause) {
    throw new RerankError("wasm_unavailable", "WebAssembly could not be started: the module is not this package's, or memory is short", { cause });
  }
  /** @type {import("./cache/reread.js").Reread | undefined} */
  let read;
  let isLost = false;
  const reread = (/** @type {number} */ offset, /** @type {number} */ length) => {
    try {
      return read?.(offset, length);
    } catch {
      isLost = true;
    }
  };
  const loader = new glue.LocalLoader({ ...known, reread: known.again && openAgain ? reread : undefined });
  /** After a trap nothing may be called any more, and building takes the loader along. */
  let isSpent = false;
  const guarded = (/** @type {() => void} */ act) => {
    try {
      act();
    } catch (error) {
      isSpent = isTrap(error);
      throw error;
    }
  };
  return {
    push: (file, chunk) => guarded(() => (file === "model" ? loader.pushModel(chunk) : loader.pushTokenizer(chunk))),
    // Its text then makes room for the model's weights.
    finish: (file) => void guarded(() => file === "tokenizer" && loader.readTokenizer()),
    isLost: () => isLost,
    async build(options) {
      if (known.again && openAgain) read = await openAgain(known.again);
      isSpent = true;
      // Memory only grows: what building took is what there is.
      const measured = (/** @type {any} */ built) => Object.assign(built, { memoryBytes: memory.buffer.byteLength });
      if (known.parts === undefined) return measured(lane(loader.build(options)));
      if (known.part === 0) return measured(firstPart(loader.build(options)));
      const part = loader.buildPart(options);
      return part && measured(laterPart(part));
    },
    drop() {
      if (!isSpent) loader.free();
      isSpent = true;
    },
  };
}

/** @param {any} engine of Rust @returns {Lane} */
function lane(engine) {
  /** Stands for the score that runs; another one, or none, once that is aborted. @type {object | undefined} */
  let current;
  let pausedAt = 0;
  return {
    plan: engine.plan(),
    beside: () => lane(engine),
    async check(request) {
      engine.begin(request).free();
    },
    async score(request, onWindows) {
      const mine = (current = {});
      let job;
      try {
        job = engine.begin(request);
        do {
          const stretch = now() - pausedAt;
          // 0: the clock stands still while code runs, as in Workers.
          if (stretch >= LONGEST_STRETCH_MS || stretch === 0) {
            await pause();
            pausedAt = now();
          }
          const windows = onWindows && job.windows();
          if (windows) onWindows(windows);
          if (current !== mine) break;
        } while (!job.step());
        const scored = current === mine ? job.finish()[0] : undefined;
        job.free();
        return scored;
      } catch (error) {
        // After a trap nothing may be called any more, not even free.
        if (!isTrap(error)) job?.free();
        throw error;
      }
    },
    abort: () => void (current = undefined),
    free: () => {
      current = undefined;
      engine.free();
    },
  };
}

/** @param {unknown} error */
export const isTrap = (error) => error instanceof WebAssembly.RuntimeError || error instanceof RangeError;

const now = () => performance.now();

/** Lets the host run a macrotask: timers, input, an abort. @returns {Promise<void>} */
export function pause() {
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
