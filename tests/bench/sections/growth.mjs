// @ts-check
// How time and memory grow: with documents, with tokens of a pair, with windows of one long document, with the model.

import { openAlone, wanted } from "../browsers/tab.mjs";
import { firstLine } from "../compare.mjs";
import { makeRequest } from "../documents.mjs";
import { ENGINES, OURS } from "../engines/registry.mjs";
import { operations, prepareModel } from "../models.mjs";

/**
 * What grows, on which model, and the pairs of each size. `read`: what the model reads of them, where it is not the same;
 * `options` go to `load`.
 * @typedef {{ id: string, model: string, sizes: readonly number[], tokens: (size: number) => number[], read?: (size: number) => number[], options?: object }} Series
 * @type {readonly Series[]}
 */
export const SERIES = [
  { id: "documents", model: "default", sizes: [1, 3, 10, 30, 100, 300, 1_000], tokens: (documents) => Array.from({ length: documents }, () => 32) },
  { id: "tokens", model: "default", sizes: [16, 32, 64, 128, 256, 512], tokens: (tokens) => [tokens] },
  // Longer pairs than the model reads at once: each is read in windows, which overlap by 80 tokens.
  { id: "windows", model: "default", sizes: [512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768], tokens: (tokens) => [tokens], read: windows },
  // The only shape with positions for more.
  { id: "long pairs", model: "bge", sizes: [128, 512, 1_024, 2_048, 4_096, 8_192], tokens: (tokens) => [tokens], options: { maxTokens: 8_192 } },
];
/** Tokens of the pair of each window, about. @param {number} tokens */
function windows(tokens) {
  const [whole, overlap] = [512, 80];
  const full = Math.floor((tokens - overlap) / (whole - overlap));
  const rest = tokens - overlap - full * (whole - overlap);
  return [...Array.from({ length: full }, () => whole), ...(rest > 0 ? [rest + overlap] : [])];
}

/** One pair of so many tokens on each of these; its size is what the layers compute, in billions of operations. */
const BY_MODEL = { id: "model", models: ["minilm", "default", "bce", "bge"], tokens: 128 };

/** Ids without spaces, for the command line. */
export const SERIES_IDS = [...SERIES, BY_MODEL].map(({ id }) => id.replace(" ", "-"));
const asked = (/** @type {{ id: string }} */ { id }, /** @type {readonly string[]} */ ids) => ids.includes(id.replace(" ", "-"));

/** The median of so many; of slow ones, one. */
const SAMPLES = 3;
const SLOW_MS = 5_000;
/** What is foreseen to take longer is not started. */
const LONGEST_MS = 220_000;

/** @param {import("./index.mjs").Context} context @returns {AsyncGenerator<import("../results.mjs").Cell>} */
export async function* measureGrowth(context) {
  const { options, run, log } = context;
  const base = { kind: "growth", engine: OURS, browser: context.browser.name };
  for (const { id, model, sizes, tokens, read = tokens, options: extra } of SERIES.filter((series) => asked(series, options.series) && options.models.includes(series.model))) {
    const cell = { ...base, ...run.part(), series: id, model };
    log(`growth: ${id}`);
    yield* measureSizes(context, cell, sizes.map((size) => ({ size, tokens: tokens(size), read: read(size) })), extra);
  }
  if (!asked(BY_MODEL, options.series)) return;
  const part = run.part();
  for (const model of BY_MODEL.models.filter((id) => options.models.includes(id))) {
    log(`growth: ${BY_MODEL.id} ${model}`);
    const tokens = [BY_MODEL.tokens];
    yield* measureSizes(context, { ...base, ...part, series: BY_MODEL.id, model }, [{ size: operations(model, tokens) / 1e9, tokens, read: tokens }]);
  }
}

/**
 * @param {import("./index.mjs").Context} context @param {Pick<import("../results.mjs").Cell, "run" | "part" | "kind" | "engine"> & { model: string }} base
 * @param {{ size: number, tokens: number[], read: number[] }[]} steps @param {object} [extra] options of `load`
 * @returns {AsyncGenerator<import("../results.mjs").Cell>}
 */
async function* measureSizes({ browser, url }, base, steps, extra) {
  const { model } = base;
  prepareModel(model);
  const tab = await openAlone(browser, `${url}/`);
  try {
    await tab.call("load", { ...wanted(OURS, model), options: { ...ENGINES[OURS].options, ...extra } });
    // Of the step before, ms a billion operations.
    let pace = 0;
    for (const { size, tokens, read } of steps) {
      const billions = operations(model, read) / 1e9;
      const foreseen = pace * billions;
      if (foreseen > LONGEST_MS) {
        yield { ...base, size, status: "not run", reason: `foreseen to take ${Math.round(foreseen / 1_000)} s, more than ${LONGEST_MS / 1_000}` };
        continue;
      }
      const { samples, wasmBytes } = await sample(tab, await makeRequest(model, tokens));
      pace = samples[0] / billions;
      yield { ...base, size, status: "measured", samples, values: { wasmBytes, billions } };
    }
  } catch (error) {
    yield { ...base, status: "not run", reason: firstLine(error) };
  } finally {
    await tab.close();
  }
}

/** @param {import("../browsers/chromium.mjs").Tab} tab @param {import("../documents.mjs").Request} request */
async function sample(tab, request) {
  // The first of each size also grows buffers: it does not count unless it is the only one.
  const first = await tab.call("score", { request, repeats: 1 });
  const samples = first.ms > SLOW_MS ? [first.ms] : [];
  let { wasmBytes } = first;
  while (samples.length < SAMPLES && first.ms <= SLOW_MS) {
    const repeats = Math.max(1, Math.ceil(100 / first.ms));
    const timed = await tab.call("score", { request, repeats });
    samples.push(timed.ms);
    wasmBytes = timed.wasmBytes;
  }
  return { samples, wasmBytes };
}
