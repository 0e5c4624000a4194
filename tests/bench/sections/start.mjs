// @ts-check
// From nothing to the first ranking: with an empty cache, with a warm one, and from bytes that are already in memory.

import { gzipSync } from "node:zlib";

import { openAlone, pageFor, wanted } from "../browsers/tab.mjs";
import { firstLine, reasonOf } from "../compare.mjs";
import { makeRequest } from "../documents.mjs";
import { prepareModel } from "../models.mjs";

/** In turns; a start takes seconds, so that few must do. @type {Record<string, number>} */
const ROUNDS = { default: 3, bce: 3, bge: 1 };
/** Tokens of the first ranking's only pair. */
const FIRST = [64];
const ENGINES = { quick: ["ours", "ort", "tjs"], full: ["ours", "ours-simd128", "ort", "tjs"] };
const MODELS = { quick: ["default"], full: Object.keys(ROUNDS) };

/** @param {import("./index.mjs").Context} context @returns {AsyncGenerator<import("../results.mjs").Cell>} */
export async function* measureStart(context) {
  const { options, run } = context;
  for (const model of (options.quick ? MODELS.quick : MODELS.full).filter((id) => options.models.includes(id))) {
    const missing = reasonOf(() => prepareModel(model));
    if (missing) yield { ...run.part(), kind: "cold", engine: "ours", model, browser: context.browser.name, status: "not run", reason: missing };
    if (missing) continue;
    yield* measureModel(context, model, await makeRequest(model, FIRST));
  }
}

/**
 * Cells of the rounds so far, after each round: of a run that is stopped what is whole counts.
 * @param {Pick<import("./index.mjs").Context, "options" | "browser" | "url" | "run" | "log">} context @param {string} model @param {import("../documents.mjs").Request} request
 * @returns {AsyncGenerator<import("../results.mjs").Cell>}
 */
export async function* measureModel(context, model, request) {
  const { options, browser, run, log } = context;
  const engines = options.quick ? ENGINES.quick : ENGINES.full;
  const starts = engines.filter((id) => options.engines.includes(id)).map((engine) => new Start(context, engine, model, request));
  const part = run.part();
  for (let round = 0; round < ROUNDS[model]; round++) {
    for (const start of starts) {
      log(`${model}: start ${round + 1} of ${start.engine}`);
      await start.once();
    }
    for (const start of starts) yield* start.cells({ ...part, model, browser: browser.name });
  }
}

class Start {
  /** ms of each round @type {Record<"cold" | "warm" | "ready", number[]>} */
  samples = { cold: [], warm: [], ready: [] };
  /** Of the last round; bytes are the same in each. @type {Record<string, number> | undefined} */
  values;
  /** @type {string | undefined} */
  reason;

  /** @param {Pick<import("./index.mjs").Context, "browser" | "url">} context @param {string} engine @param {string} model @param {import("../documents.mjs").Request} request */
  constructor({ browser, url }, engine, model, request) {
    this.browser = browser;
    this.url = url;
    this.engine = engine;
    this.model = model;
    this.request = request;
  }

  async once() {
    if (this.reason !== undefined) return;
    try {
      await this.#fromCache();
      await this.#fromMemory();
    } catch (error) {
      this.reason = firstLine(error);
    }
  }

  async #fromCache() {
    const profile = await this.browser.newProfile();
    try {
      for (const kind of /** @type {const} */ (["cold", "warm"])) {
        const tab = await profile.open(pageFor(this.url, this.engine));
        const { ms, firstRankingMs, wasmBytes, urls } = await tab.call("start", { ...wanted(this.engine, this.model), request: this.request });
        this.samples[kind].push(ms);
        if (kind === "cold") this.values = { ...(this.values ?? (await onTheWire(urls))), firstRankingMs, wasmBytes };
        await tab.close();
      }
    } finally {
      await profile.close();
    }
  }

  async #fromMemory() {
    const tab = await openAlone(this.browser, pageFor(this.url, this.engine));
    try {
      this.samples.ready.push((await tab.call("load", wanted(this.engine, this.model))).ms);
    } finally {
      await tab.close();
    }
  }

  /** @param {{ run: string, part: number, model: string, browser: string }} cell @returns {Generator<import("../results.mjs").Cell>} */
  *cells(cell) {
    for (const kind of /** @type {const} */ (["cold", "warm", "ready"])) {
      const base = { ...cell, kind, engine: this.engine };
      if (this.reason !== undefined) yield { ...base, status: "not run", reason: this.reason };
      else yield { ...base, status: "measured", samples: [...this.samples[kind]], ...(kind === "cold" ? { values: this.values } : {}) };
    }
  }
}

/** What a page downloads but the bench's own files, as a server with gzip sends it. @param {string[]} urls */
async function onTheWire(urls) {
  const sizes = { codeBytes: 0, codeGzip: 0, modelBytes: 0 };
  for (const url of urls.filter((it) => !new URL(it).pathname.startsWith("/bench/"))) {
    const content = Buffer.from(await (await fetch(url)).arrayBuffer());
    if (new URL(url).pathname.startsWith("/models/")) sizes.modelBytes += content.length;
    else {
      sizes.codeBytes += content.length;
      sizes.codeGzip += gzipSync(content, { level: 9 }).length;
    }
  }
  return sizes;
}
