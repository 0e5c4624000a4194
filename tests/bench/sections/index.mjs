// @ts-check
// What a run consists of, in its order. `measure` yields cells; what cannot be measured is a cell that says why.

import { measureSpeed } from "./speed.mjs";

/**
 * @typedef {object} Context
 * @property {import("../options.mjs").Options} options
 * @property {string} url of the bench's server, without a slash at the end
 * @property {import("../browsers/chromium.mjs").Browser} browser
 * @property {{ run: string, nextPart: () => number }} run
 * @property {(line: string) => void} log
 *
 * @typedef {object} Section
 * @property {string} title
 * @property {boolean} quick also with --quick
 * @property {(context: Context) => AsyncGenerator<import("../results.mjs").Cell>} measure
 */

/** @type {Record<string, Section>} */
export const SECTIONS = {
  speed: { title: "Speed", quick: true, measure: measureSpeed },
};
