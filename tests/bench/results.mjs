// @ts-check
// What a run has found, cell by cell. Cells of different runs are never compared.

/**
 * @typedef {object} Cell
 * @property {string} run the id of the run
 * @property {number} part of it: pages that were open at the same time, measured in turns
 * @property {string} kind "speed", "start", …
 * @property {string} engine
 * @property {string} [model]
 * @property {string} [workload]
 * @property {string} [series] of "growth": what grows
 * @property {number} [size] of "growth"
 * @property {string} [browser]
 * @property {"measured" | "not run"} status
 * @property {string} [reason] why it was not run
 * @property {number[]} [samples] ms, one a round, in the order of the rounds
 * @property {import("./compare.mjs").Agreement} [agreement] of its scores with ours
 * @property {Record<string, any>} [values] what else was measured
 */

import { SHOWN } from "./engines/registry.mjs";
import { pairedRatio } from "./statistics.mjs";

/**
 * A stretch of a run, which may be measured in several: what was asked for, how long all of it took, with loading and warming up, and
 * what part of the cores' time went to other programs before.
 * @typedef {{ startedAt: string, seconds: number, busyBefore: number, asked: string }} Piece
 */

/**
 * Without what was measured again: cells side by side give way to later ones that hold every engine of them.
 * @param {readonly Cell[]} cells @returns {Cell[]}
 */
export function latest(cells) {
  const what = (/** @type {Cell} */ { kind, model, workload, series, size, browser }) => JSON.stringify([kind, model, workload, series, size, browser]);
  const engines = (/** @type {Cell} */ cell, /** @type {number} */ part) => cells.filter((it) => it.part === part && what(it) === what(cell)).map(({ engine }) => engine);
  const isReplaced = (/** @type {Cell} */ cell) => {
    const later = [...new Set(cells.filter((it) => it.part > cell.part && what(it) === what(cell)).map(({ part }) => part))];
    return later.some((part) => engines(cell, cell.part).every((engine) => engines(cell, part).includes(engine)));
  };
  return cells.filter((cell) => !isReplaced(cell));
}

/**
 * Adds a cell, in place of the same one with fewer rounds.
 * @param {Cell[]} cells @param {Cell} cell
 */
export function put(cells, cell) {
  const keys = /** @type {const} */ (["run", "part", "kind", "engine", "model", "workload", "series", "size", "browser"]);
  const at = cells.findIndex((it) => keys.every((key) => it[key] === cell[key]));
  cells.splice(at < 0 ? cells.length : at, 1, cell);
}

/**
 * What was measured of one thing side by side, the best first: most rounds, then most engines of those that are shown, then the latest.
 * Whoever shows one number of it takes the first group that has what is wanted, so that no two tables tell of different rounds.
 * @param {readonly Cell[]} cells @param {Partial<Cell>} what `kind`, `model`, `workload`, `browser`
 * @returns {Cell[][]} none of them empty, and nothing in them that was not run
 */
export function groupsOf(cells, what) {
  const same = cells.filter((cell) => cell.samples?.length && Object.entries(what).every(([key, wanted]) => cell[/** @type {keyof Cell} */ (key)] === wanted));
  const groups = [...new Set(same.map(({ run, part }) => `${run} ${part}`))].map((group) => same.filter(({ run, part }) => `${run} ${part}` === group));
  const rounds = (/** @type {Cell[]} */ group) => Math.min(...group.map(({ samples }) => Number(samples?.length)));
  const shown = (/** @type {Cell[]} */ group) => group.filter(({ engine }) => SHOWN.includes(engine)).length;
  return groups.sort((a, b) => rounds(b) - rounds(a) || shown(b) - shown(a) || b[0].part - a[0].part);
}

/**
 * How many times as long `theirs` took, round by round.
 * @param {Cell} theirs @param {Cell} ours
 */
export function ratio(theirs, ours) {
  if (theirs.run !== ours.run || theirs.part !== ours.part) {
    throw new Error(`ratio: expected cells of one run, found ${name(theirs)} and ${name(ours)}; run both side by side`);
  }
  for (const key of /** @type {const} */ (["kind", "model", "workload", "browser"])) {
    if (theirs[key] !== ours[key]) throw new Error(`ratio: expected the same ${key}, found ${theirs[key]} and ${ours[key]}`);
  }
  if (!theirs.samples || !ours.samples) throw new Error(`ratio: expected two measured cells, found ${theirs.status} and ${ours.status}`);
  return pairedRatio(theirs.samples, ours.samples);
}

/** @param {Cell} cell */
const name = ({ engine, run, part }) => `${engine} of run ${run}, part ${part}`;

/** @param {Date} [now] @returns {string} an id no other run has */
export function newRunId(now = new Date()) {
  return `${now.toISOString().replace(/\D/g, "").slice(0, 14)}-${Math.random().toString(36).slice(2, 6)}`;
}
