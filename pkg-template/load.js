// @ts-check
// Options → files → lanes that rank: one in this thread, or one a worker.

import { defaultModel, lock } from "#model";
import { canSpawn, cores, deviceMemory, spawn } from "#worker";

import { StartOver } from "./cache/download.js";
import { Dispatcher, inThisThread } from "./dispatch.js";
import { RerankError, invalidRequest, isFailure, isRerankError } from "./error.js";
import { openHere, pause } from "./instance.js";
import { Line, together } from "./line.js";
import { pump } from "./pump.js";
import { reader, tokenizerBeside } from "./sources.js";
import { spread } from "./spread.js";
import { readTrainedTokens } from "./trained.js";
import { compileOnce, isModule } from "./wasm/compile.js";
import { gather } from "./worker/crew.js";
import { LaneDied } from "./worker/lane.js";

/**
 * @typedef {import("./instance.js").Lane} Lane one that ranks
 * @typedef {import("./instance.js").Loading} Loading
 * @typedef {import("./worker/part.js").Part} Part
 * @typedef {{ part: number, parts: number }} Range of the layers
 * @typedef {{ workers: number | "auto", range?: Range }} Wanted 0 workers: in this thread; a range: that part of the model again
 * @typedef {{ phase: "download" | "verify" | "build", loaded: number, total?: number }} Progress
 * @typedef {(url: string) => Promise<WebAssembly.Module>} Compile
 * @typedef {{ locate: (wasm?: any) => WebAssembly.Module | string, compile: Compile, createGlue: () => any, memoryLimitBytes?: number }} Wasm
 */

/** What a file is no good for; one from the cache is fetched again. */
const SPOILED = new Set(["bad_model", "bad_tokenizer", "checksum_mismatch"]);
/** What an engine says of a model that can be loaded in one piece alone. */
const CANNOT = "unsupported";
/** A smaller model has no table worth leaving in the cache, in bytes. */
const WITH_LARGE_TABLES = 48e6;
/** Loads in all, where files change or spoil on the way. */
const MOST_STARTS = 3;

/**
 * @param {Record<string, any>} options checked
 * @param {Wasm} wasm
 * @param {(p: Progress) => void} onProgress
 * @returns {(signal: AbortSignal) => Promise<import("./engine.js").Instance & { plan: any }>}
 */
export function openLocal(options, wasm, onProgress) {
  const { workers = "auto" } = options;
  /** What is worth telling of the first load. @type {Set<string>} */
  const notes = new Set();
  const note = (/** @type {string} */ text) => void notes.add(text);
  const files = filesOf(options, note);
  const trained = readTrainedTokens(options.tokenizerConfig, { cache: options.cache, stallMs: options.timeoutMs, note });
  /** Whether workers have run here. */
  let isLoaded = false;
  /** Whether it is to be all in memory, with the tables that might be left in the cache. */
  let isResident = false;
  /** Whether the model has turned out to have no place where it can be split. */
  let isIndivisible = false;
  /** What all instances run, first to last. @type {WebAssembly.Module | undefined} */
  let code;
  /** Of the files that the workers have. @type {import("./pump.js").Fingerprints | undefined} */
  let fingerprints;
  /** The one that is known to have changed: no worker can be replaced any more. @type {"model" | "tokenizer" | undefined} */
  let changed;

  /** @param {Compile} compile in some thread */
  async function moduleBy(compile) {
    if (code) return code;
    const found = wasm.locate(options.wasm);
    if (isModule(found)) code = found;
    else code = options.wasm === undefined ? await compileOnce(found, compile) : await compile(found);
    return code;
  }

  /**
   * @param {AbortSignal} signal @param {Wanted} wanted @param {typeof onProgress} report
   * @returns {Promise<(Lane | Part[])[]>} at least one; all parts of a model as one
   */
  async function open(signal, wanted, report) {
    const { model, tokenizer } = await files();
    // In one order everywhere, so that no two loads wait for each other.
    const names = [model.url, tokenizer.url].filter((url) => url !== undefined).sort();
    /** @type {(() => void)[]} */
    const locks = [];
    /** Ends what the sources hold, however this ends. */
    const ending = new AbortController();
    /** @type {import("./worker/crew.js").Crew | undefined} */
    let crew;
    const end = () => {
      ending.abort(signal.reason);
      crew?.end();
    };
    signal.throwIfAborted();
    signal.addEventListener("abort", end, { once: true });
    try {
      for (const name of names) locks.push(await lock(name, ending.signal));
      if (wanted.workers !== 0) crew = gather(spawn, moduleBy);
      const [trainedTokens, ...sources] = await Promise.all([
        trained(ending.signal), model(ending.signal), tokenizer(ending.signal), crew ? crew.module.catch(unlessNoneLives) : moduleBy(wasm.compile),
      ]);
      return await openWith(signal, crew, sources, trainedTokens, wanted, report, () => locks.splice(0).forEach((release) => release()), end);
    } finally {
      for (const release of locks) release();
      signal.removeEventListener("abort", end);
      end();
    }
  }

  /**
   * @param {AbortSignal} signal @param {import("./worker/crew.js").Crew | undefined} crew @param {any[]} sources of model and tokenizer
   * @param {number | undefined} trainedTokens
   * @param {Wanted} wanted @param {typeof onProgress} report @param {() => void} onRead
   * @param {() => void} end ends both sources and the workers
   */
  async function openWith(signal, crew, [model, tokenizer], trainedTokens, wanted, report, onRead, end) {
    const known = {
      memoryLimitBytes: wasm.memoryLimitBytes,
      tokenizerBytes: tokenizer.size,
      modelSha256: options.sha256?.model,
      tokenizerSha256: options.sha256?.tokenizer,
      again: isResident || wanted.workers === 0 || Number(model.size) < WITH_LARGE_TABLES ? undefined : model.again,
    };
    const loadings = new Set(await startAll(wanted, model.size, crew, known));
    try {
      const found = await pump(signal, { model, tokenizer }, loadings, report, end);
      onRead();
      signal.throwIfAborted();
      if (isLoaded) compare(found);
      else fingerprints = found;
      if (known.again && model.isKept?.() === false) throw new RerankError(CANNOT, "the cache did not keep the model");
      if (options.sha256) report({ phase: "verify", loaded: 1, total: 1 });
      report({ phase: "build", loaded: 0, total: 1 });
      // Building takes a second: let the page show that.
      await pause();
      const lanes = await survivors([...loadings].map((loading) => build(loading, { ...options, trainedTokens })));
      await Promise.all([model.confirm?.(), tokenizer.confirm?.()]);
      report({ phase: "build", loaded: 1, total: 1 });
      if (signal.aborted) for (const lane of lanes.flat()) lane.free();
      signal.throwIfAborted();
      crew?.keep();
      return lanes;
    } catch (error) {
      for (const loading of loadings) loading.drop();
      if (!(isRerankError(error) || isFailure(error)) || error instanceof Changed) throw error;
      if (error.code === CANNOT && !(isResident && isIndivisible)) {
        if (isResident) isIndivisible = true;
        isResident = true;
        throw new StartOver("model");
      }
      if (!SPOILED.has(error.code)) throw error;
      await Promise.all([model.discard?.(), tokenizer.discard?.()]);
      throw model.wasKept || tokenizer.wasKept ? new StartOver("model") : error;
    }
  }

  /** Whoever replaces a worker must rank as the others do. @param {import("./pump.js").Fingerprints} found */
  function compare(found) {
    for (const name of /** @type {const} */ (["model", "tokenizer"])) {
      if (found[name] === undefined || found[name] === fingerprints?.[name]) continue;
      changed = name;
      throw new Changed(name);
    }
  }

  /** @param {Wanted} wanted @param {number | undefined} size @param {import("./worker/crew.js").Crew | undefined} crew @param {import("./instance.js").Known} known */
  async function startAll({ workers, range }, size, crew, known) {
    const here = async () => [await openHere(wasm.createGlue, await moduleBy(wasm.compile), known)];
    if (!crew) return here();
    try {
      const there = (/** @type {Range | undefined} */ range) => crew.open({ ...known, ...range });
      if (range) return [await there(range)];
      const room = { cores: cores(), deviceBytes: deviceMemory(), most: options.maxMemoryBytes };
      const { workers: count, isSplit } = spread(workers, size, room);
      if (!isSplit) return await survivors(Array.from({ length: count }, () => there()));
      if (isIndivisible) return [await there()];
      return [together(await all(Array.from({ length: count }, (_, part) => there({ part, parts: count }))))];
    } catch (error) {
      if (isLoaded || (isRerankError(error) && !(error instanceof LaneDied))) throw error;
      if (workers !== "auto") throw new RerankError("unsupported", "workers: none could be started here; pass 0 to rank on the calling thread", { cause: error });
      notes.add("workers: none could be started; ranking runs on the calling thread");
      return here();
    }
  }

  /** @type {typeof open} */
  async function openAnew(signal, wanted, report) {
    if (changed) throw new Changed(changed);
    /** @type {LaneDied | undefined} */
    let death;
    for (let start = 1; ; start++) {
      try {
        return await open(signal, wanted, report);
      } catch (error) {
        // What has no second beginning hides why it would need one.
        if (death && !(error instanceof StartOver)) throw death;
        if (error instanceof LaneDied) death = error;
        else if (!(error instanceof StartOver)) throw error;
        if (start === MOST_STARTS) throw error;
      }
    }
  }

  return async (signal) => {
    if (workers > 0 && !canSpawn()) notes.add("workers: this runtime has none; ranking runs on the calling thread");
    const lanes = await openAnew(signal, { workers: canSpawn() ? workers : 0 }, onProgress);
    notes.add(memoryOf(lanes.flat()));
    const [first] = lanes;
    if (Array.isArray(first)) {
      isLoaded = true;
      const [{ parts }] = first;
      const line = new Line(first, async (part) => /** @type {any} */ ((await openAnew(signal, { workers: 1, range: { part, parts } }, () => {}))[0]));
      return new Dispatcher(line.lanes, [...notes], () => line.start(), () => line.end());
    }
    if (first.beside) return inThisThread(/** @type {any} */ (first), [...notes]);
    isLoaded = true;
    const another = async () => /** @type {Lane} */ ((await openAnew(signal, { workers: 1 }, () => {}))[0]);
    return new Dispatcher(/** @type {Lane[]} */ (lanes), [...notes], another);
  };
}

/**
 * @param {Record<string, any>} options @param {(text: string) => void} note
 * @returns {() => Promise<Record<"model" | "tokenizer", import("./sources.js").Reader>>} checks now, knows the default model later
 */
function filesOf({ model, tokenizer, cache, sha256, timeoutMs }, note) {
  const readers = (/** @type {any} */ modelSource, /** @type {any} */ tokenizerSource, digests = sha256) => {
    const caching = { cache, stallMs: timeoutMs, note };
    const files = {
      model: reader("model", modelSource, { ...caching, sha256: digests?.model }),
      tokenizer: reader("tokenizer", tokenizerSource, { ...caching, sha256: digests?.tokenizer }),
    };
    if (files.model.url !== undefined && files.model.url === files.tokenizer.url) throw invalidRequest("tokenizer: expected another file than the model, found the same URL");
    return files;
  };
  if (model !== undefined && model !== "default") {
    const files = readers(model, tokenizer ?? tokenizerBeside(model));
    return async () => files;
  }
  /** @type {ReturnType<typeof readers> | undefined} */
  let files;
  return async () => {
    if (files) return files;
    const found = await defaultModel();
    // Its package knows what it must hash to; a tokenizer of the caller's is the caller's.
    const known = { model: found.sha256?.model, tokenizer: tokenizer ? undefined : found.sha256?.tokenizer };
    return (files = readers(found.model, tokenizer ?? found.tokenizer, sha256 ?? known));
  };
}

/** A worker that died cannot be replaced: its file is another one by now. */
class Changed extends RerankError {
  /** @param {string} name */
  constructor(name) {
    super("checksum_mismatch", `${name}: expected the bytes that were loaded at first, to replace a worker that died, found others: the file has changed; load the reranker again`);
  }
}

/** @param {Loading} loading @param {Record<string, any>} options */
async function build(loading, { maxTokens, trainedTokens, longDocuments, scores, quantize, label }) {
  try {
    return await loading.build({ maxTokens, trainedTokens, longDocuments, scores, quantize, label });
  } catch (error) {
    loading.drop();
    throw error;
  }
}

/** Without workers there may be another way. @param {unknown} error */
function unlessNoneLives(error) {
  if (isRerankError(error) && !(error instanceof LaneDied)) throw error;
}

/** @param {{ memoryBytes?: number }[]} lanes */
function memoryOf(lanes) {
  const bytes = lanes.reduce((sum, { memoryBytes = 0 }) => sum + memoryBytes, 0);
  return `memory: ${(bytes / 1e6).toFixed(1)} MB of wasm memory${lanes.length > 1 ? ` in ${lanes.length} workers` : ""}`;
}

/**
 * All of them: where one fails, the others are let go.
 * @param {Promise<Loading>[]} attempts
 */
async function all(attempts) {
  const settled = await Promise.allSettled(attempts);
  const failed = settled.find((it) => it.status === "rejected");
  const started = settled.flatMap((it) => (it.status === "fulfilled" ? [it.value] : []));
  if (!failed) return started;
  for (const loading of started) loading.drop();
  throw failed.reason;
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
