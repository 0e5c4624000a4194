// @ts-check
// What a run consists of, in its order. `measure` yields cells; what cannot be measured is a cell that says why.

import { measureBrowsers } from "./browsers.mjs";
import { measureBytes } from "./bytes.mjs";
import { measureGrowth } from "./growth.mjs";
import { measureKernels } from "./kernels.mjs";
import { measureMemory } from "./memory.mjs";
import { measureQuality } from "./quality.mjs";
import { measureRemote } from "./remote.mjs";
import { measureSpeed } from "./speed.mjs";
import { measureStart } from "./start.mjs";
import { measureTokenizers } from "./tokenizers.mjs";

/**
 * @typedef {object} Context
 * @property {import("../options.mjs").Options} options
 * @property {string} url of the bench's server, without a slash at the end
 * @property {string} pkg folder of the package, as installed
 * @property {import("../browsers/chromium.mjs").Browser} browser
 * @property {Record<string, string>} browsers name → version, of all that took part
 * @property {{ part: () => { run: string, part: number } }} run `part`: begins the next one
 * @property {(line: string) => void} log
 *
 * @typedef {object} Section
 * @property {boolean} quick also with --quick
 * @property {(context: Context) => AsyncGenerator<import("../results.mjs").Cell>} measure
 */

/** @type {Record<string, Section>} */
export const SECTIONS = {
  speed: { quick: true, measure: measureSpeed },
  start: { quick: true, measure: measureStart },
  memory: { quick: true, measure: measureMemory },
  bytes: { quick: true, measure: measureBytes },
  remote: { quick: true, measure: measureRemote },
  growth: { quick: false, measure: measureGrowth },
  kernels: { quick: false, measure: measureKernels },
  tokenizers: { quick: false, measure: measureTokenizers },
  browsers: { quick: false, measure: measureBrowsers },
  quality: { quick: false, measure: measureQuality },
};
