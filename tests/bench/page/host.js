// @ts-check
// What a page of the bench does when it is told to: load one engine, score, measure, dispose.

import { sharedWasmBytes, wasmBytes } from "./memories.js";
import { openLayer } from "../engines/layers.js";
import { measureTokenizer } from "../engines/tokenizers.js";
import { relaxedDot } from "./probe.js";
import { sendRequests } from "./remote.js";

/**
 * @typedef {object} Files of a model
 * @property {string} id
 * @property {() => Promise<Uint8Array | URL>} model a URL for engines that read it as it comes
 * @property {() => Promise<Uint8Array | URL>} tokenizer
 *
 * @typedef {{ adapter: string, options?: { streams?: boolean }, model: string }} Wanted
 * @typedef {object} Engine
 * @property {object} facts
 * @property {(request: any) => Promise<number[]>} score
 * @property {(request: any, times: number) => Promise<number[]>} [repeat] `score`, again and again, without coming back in between
 * @property {() => Promise<unknown>} [forget] what it keeps of the last request, so that each is its first
 * @property {() => void} dispose
 */

/** @type {Engine | undefined} */
let engine;

const urls = (/** @type {string} */ model) => ({
  model: new URL(`/models/${model}/onnx/model_quantized.onnx`, location.href),
  tokenizer: new URL(`/models/${model}/tokenizer.json`, location.href),
});

/** @param {URL} url */
async function bytes(url) {
  const reply = await fetch(url);
  if (!reply.ok) throw new Error(`${url}: ${reply.status}`);
  return new Uint8Array(await reply.arrayBuffer());
}

/** Imports the engine's JavaScript: an adapter imports it at its top. @param {Wanted} wanted */
const adapterOf = ({ adapter }) => import(`/bench/engines/${adapter}`);

/** @param {Wanted} wanted @param {Omit<Files, "id">} files @returns {Promise<Engine>} */
async function open(wanted, files) {
  const { openEngine } = await adapterOf(wanted);
  return openEngine({ id: wanted.model, ...files }, wanted.options ?? {});
}

const commands = {
  /** Loads the engine from bytes in memory, its JavaScript being there. @param {Wanted} wanted */
  async load(wanted) {
    const { model, tokenizer } = urls(wanted.model);
    const [modelBytes, tokenizerBytes] = await Promise.all([bytes(model), bytes(tokenizer)]);
    await adapterOf(wanted);
    const start = performance.now();
    engine = await open(wanted, { model: async () => modelBytes, tokenizer: async () => tokenizerBytes });
    return { ms: performance.now() - start, facts: engine.facts };
  },

  /** Loads the engine as a page would, from its files, and ranks once. @param {Wanted & { request: object }} wanted */
  async start({ request, ...wanted }) {
    const { model, tokenizer } = urls(wanted.model);
    const file = (/** @type {URL} */ url) => async () => (wanted.options?.streams ? url : bytes(url));
    const start = performance.now();
    engine = await open(wanted, { model: file(model), tokenizer: file(tokenizer) });
    const loaded = performance.now();
    await engine.score(request);
    const ranked = performance.now();
    const resources = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByType("resource"));
    return { ms: ranked - start, facts: engine.facts, firstRankingMs: ranked - loaded, wasmBytes: wasmBytes(), urls: [...new Set(resources.map(({ name }) => name))] };
  },

  /** Scores `request` again and again. @param {{ request: object, repeats: number }} what `ms`: of one, on average */
  async score({ request, repeats }) {
    if (!engine) throw new Error("no engine is loaded");
    const [turns, times] = engine.repeat ? [1, repeats] : [repeats, 1];
    let [ms, logits] = [0, /** @type {number[] | undefined} */ (undefined)];
    for (let turn = 0; turn < turns; turn++) {
      await engine.forget?.();
      const start = performance.now();
      logits = engine.repeat ? await engine.repeat(request, times) : await engine.score(request);
      ms += performance.now() - start;
    }
    return { ms: ms / repeats, logits, wasmBytes: wasmBytes() };
  },

  /** Bytes of wasm memories, and of what JavaScript holds beside them in this page and its workers, where the browser says. */
  async memory() {
    const measure = /** @type {any} */ (performance).measureUserAgentSpecificMemory;
    const all = measure && crossOriginIsolated ? (await measure.call(performance)).bytes : undefined;
    return { wasmBytes: wasmBytes(), otherBytes: all === undefined ? undefined : all - sharedWasmBytes() };
  },

  /** Loads one linear layer in place of an engine. @param {Parameters<typeof openLayer>[0]} what */
  async openLayer(what) {
    engine = await openLayer(what);
  },

  /** Whether threads of shared memory are allowed here. */
  isolated: async () => crossOriginIsolated,

  async dispose() {
    engine?.dispose();
    engine = undefined;
  },

  measureTokenizer,
  relaxedDot,
  sendRequests,
};

/** The same for drivers that only carry text. @param {keyof typeof commands} command @param {string} json */
const run = async (command, json) => JSON.stringify((await commands[command](JSON.parse(json))) ?? null);

Object.assign(globalThis, { bench: { ...commands, run } });
