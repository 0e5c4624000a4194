// @ts-check
// How time and memory grow: with documents, with tokens of a pair, with windows of one long document.

import { openAlone, wanted } from "../browsers/tab.mjs";
import { firstLine } from "../compare.mjs";
import { makeRequest } from "../documents.mjs";
import { ENGINES, OURS } from "../engines/registry.mjs";
import { prepareModel } from "../models.mjs";

/**
 * What grows, on which model, and one request for each size. `options` go to `load`.
 * @typedef {{ id: string, model: string, sizes: readonly number[], tokens: (size: number) => number[], options?: object }} Series
 * @type {readonly Series[]}
 */
export const SERIES = [
  { id: "documents", model: "default", sizes: [1, 3, 10, 30, 100, 300, 1_000], tokens: (documents) => Array.from({ length: documents }, () => 32) },
  { id: "tokens", model: "default", sizes: [16, 32, 64, 128, 256, 512], tokens: (tokens) => [tokens] },
  // The only shape with positions for more.
  { id: "long pairs", model: "bge", sizes: [128, 512, 1_024, 2_048, 4_096, 8_192], tokens: (tokens) => [tokens], options: { maxTokens: 8_192 } },
  { id: "windows", model: "default", sizes: [512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768], tokens: (tokens) => [tokens] },
];

/** The median of so many; of slow ones, fewer. */
const SAMPLES = 3;
const SLOW_MS = 5_000;
/** What is foreseen to take longer is not started. */
const LONGEST_MS = 60_000;

/** @param {import("./index.mjs").Context} context @returns {AsyncGenerator<import("../results.mjs").Cell>} */
export async function* measureGrowth({ options, url, browser, run, log }) {
  for (const { id, model, sizes, tokens, options: extra } of SERIES.filter((series) => options.models.includes(series.model))) {
    prepareModel(model);
    const base = { ...run.part(), kind: "growth", series: id, model, engine: OURS, browser: browser.name };
    const what = wanted(OURS, model);
    const tab = await openAlone(browser, `${url}/`);
    try {
      await tab.call("load", { ...what, options: { ...ENGINES[OURS].options, ...extra } });
      /** @type {{ size: number, ms: number } | undefined} */
      let last;
      for (const size of sizes) {
        log(`growth: ${id} ${size}`);
        const cell = { ...base, size };
        // Attention grows with the square, everything else slower.
        const foreseen = last ? last.ms * (size / last.size) ** (id === "long pairs" ? 2 : 1) : 0;
        if (foreseen > LONGEST_MS) {
          yield { ...cell, status: "not run", reason: `foreseen to take ${Math.round(foreseen / 1_000)} s, more than ${LONGEST_MS / 1_000}` };
          continue;
        }
        const request = await makeRequest(model, tokens(size));
        const { samples, wasmBytes } = await sample(tab, request);
        last = { size, ms: samples[0] };
        yield { ...cell, status: "measured", samples, values: { wasmBytes } };
      }
    } catch (error) {
      yield { ...base, status: "not run", reason: firstLine(error) };
    } finally {
      await tab.close();
    }
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
