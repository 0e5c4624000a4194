// @ts-check
// Options → files → lanes that rank: one in this thread, or one a worker.

import { defaultModel } from "#model";
import { canSpawn, cores, deviceMemory, spawn } from "#worker";

import { Dispatcher } from "./dispatch.js";
import { RerankError, isRerankError } from "./error.js";
import { openHere, pause } from "./instance.js";
import { pump } from "./pump.js";
import { reader, tokenizerBeside } from "./sources.js";
import { LaneDied, openThere } from "./worker/lane.js";

/**
 * @typedef {import("./instance.js").Lane} Lane one that ranks
 * @typedef {import("./instance.js").Loading} Loading
 * @typedef {{ phase: "download" | "verify" | "build", loaded: number, total?: number }} Progress
 * @typedef {{ compile: (wasm?: any) => Promise<WebAssembly.Module>, createGlue: () => any }} Wasm
 */

/** Four workers keep a desktop's memory busy; more rank no faster. */
const MOST_WORKERS = 4;
/** Of the device's memory, what copies of a model may take together. */
const SHARE_OF_MEMORY = 1 / 8;
/** What a model of so many bytes takes in all while it is loaded. @param {number} size */
const memoryFor = (size) => 1.15 * size + 64e6;

/**
 * @param {Record<string, any>} options checked
 * @param {Wasm} wasm
 * @param {(p: Progress) => void} onProgress
 * @returns {(signal: AbortSignal) => Promise<Dispatcher>}
 */
export function openLocal(options, wasm, onProgress) {
  const { model, tokenizer, workers = "auto" } = options;
  const isDefault = model === undefined || model === "default";
  /** @type {{ model: ReturnType<typeof reader>, tokenizer: ReturnType<typeof reader> } | undefined} */
  let files;
  if (!isDefault) files = { model: reader("model", model), tokenizer: reader("tokenizer", tokenizer ?? tokenizerBeside(model)) };
  const readFiles = async () => {
    if (files) return files;
    const found = await defaultModel();
    return (files = { model: reader("model", found.model), tokenizer: reader("tokenizer", tokenizer ?? found.tokenizer) });
  };

  /**
   * @param {AbortSignal} signal @param {number | "auto"} wanted 0: in this thread
   * @param {typeof onProgress} report @param {string[]} notes gets what is worth telling
   * @returns {Promise<Lane[]>} at least one
   */
  async function open(signal, wanted, report, notes) {
    const { model, tokenizer } = await readFiles();
    const [module, modelSource, tokenizerSource] = await Promise.all([wasm.compile(options.wasm), model(signal), tokenizer(signal)]);
    const known = {
      modelBytes: modelSource.size,
      tokenizerBytes: tokenizerSource.size,
      modelSha256: options.sha256?.model,
      tokenizerSha256: options.sha256?.tokenizer,
    };
    const count = wanted === "auto" ? workersFor(modelSource.size, options.maxMemoryBytes) : wanted;
    const here = async () => [await openHere(wasm.createGlue, module, known)];
    const there = () => survivors(Array.from({ length: count }, () => openThere(spawn, module, known)));
    const loadings = new Set(count === 0 ? await here() : await there().catch((error) => {
      if (isRerankError(error) && !(error instanceof LaneDied)) throw error;
      if (wanted !== "auto") throw new RerankError("unsupported", "workers: none could be started here; pass 0 to rank on the calling thread", { cause: error });
      notes.push("workers: none could be started; ranking runs on the calling thread");
      return here();
    }));
    try {
      await pump(signal, { model: modelSource, tokenizer: tokenizerSource }, loadings, report);
      signal.throwIfAborted();
      if (options.sha256) report({ phase: "verify", loaded: 1, total: 1 });
      report({ phase: "build", loaded: 0, total: 1 });
      // Building takes a second: let the page show that.
      await pause();
      const lanes = await survivors([...loadings].map((loading) => build(loading, options)));
      report({ phase: "build", loaded: 1, total: 1 });
      if (signal.aborted) for (const lane of lanes) lane.free();
      signal.throwIfAborted();
      return lanes;
    } catch (error) {
      for (const loading of loadings) loading.drop();
      throw error;
    }
  }

  return async (signal) => {
    /** @type {string[]} */
    const notes = [];
    if (workers > 0 && !canSpawn()) notes.push("workers: this runtime has none; ranking runs on the calling thread");
    const lanes = await open(signal, canSpawn() ? workers : 0, onProgress, notes);
    const another = async () => (await open(signal, 1, () => {}, []))[0];
    return new Dispatcher(lanes, notes, another);
  };
}

/** @param {Loading} loading @param {Record<string, any>} options */
async function build(loading, { maxTokens, longDocuments, scores }) {
  try {
    return await loading.build({ maxTokens, longDocuments, scores });
  } catch (error) {
    loading.drop();
    throw error;
  }
}

/** @param {number | undefined} size of the model, in bytes @param {number} [most] bytes for all copies */
function workersFor(size, most = deviceMemory() * SHARE_OF_MEMORY) {
  const fit = size === undefined ? 1 : Math.floor(most / memoryFor(size));
  return Math.max(1, Math.min(cores(), MOST_WORKERS, fit));
}

/**
 * What became of those that did not fail: where memory is short, fewer workers rank too.
 * @template T @param {Promise<T>[]} attempts @returns {Promise<T[]>} at least one
 */
async function survivors(attempts) {
  const settled = await Promise.allSettled(attempts);
  const alive = settled.flatMap((it) => (it.status === "fulfilled" ? [it.value] : []));
  if (alive.length === 0) throw /** @type {PromiseRejectedResult} */ (settled[0]).reason;
  return alive;
}
