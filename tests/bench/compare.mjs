// @ts-check
// Engines side by side on one workload: warm up, compare the scores, then time them in turns.

import { compareScores, distanceFrom } from "./agreement.mjs";
import { OURS } from "./engines/registry.mjs";

/** Before time counts: at least this often and this long, so that the browser has optimized what it will. */
const WARM_UP = { times: 2, ms: 1_500 };
/** Where one call takes longer, once is warm enough, and three rounds must do. */
const SLOW_MS = 15_000;
const SLOW_ROUNDS = 3;
/** A sample shorter than this is repeated, and is then the mean. */
const SAMPLE_MS = 150;
/** Where rounds are short, there are up to so many. */
const MOST_ROUNDS = 21;

/** All that in words, for the report. */
export const METHOD = [
  `Each engine is warmed up ${WARM_UP.times} times and for ${WARM_UP.ms / 1_000} s at least (a list of over ${SLOW_MS / 1_000} s once, with ${SLOW_ROUNDS} rounds); rounds are interleaved, up to ${MOST_ROUNDS} where they are short;`,
  "times are medians with quartiles, ratios are taken pair by pair within a round. Ours ranks something else before each timed request, since it keeps its readings of the last queries.",
  "Ready from bytes is from a call with the model's bytes in memory to an engine that ranks, its wasm fetched and compiled but its JavaScript imported before; starts from a cache count all of it.",
  "A time counts where the engine's logits of eight pairs lie, on average, no further from those with activations in float than half of how far the pairs lie apart.",
].join(" ");

/**
 * @typedef {{ engine: string, call: (command: string, argument?: unknown) => Promise<any> }} Contender an engine that is loaded
 * @typedef {import("./agreement.mjs").Agreement & { inList: number, fp32?: import("./agreement.mjs").Distance }} Agreement of each pair alone; `inList`: mean difference in the whole list
 * @typedef {{ engine: string, samples?: number[], agreement?: Agreement, reason?: string }} Outcome
 */

/**
 * @param {readonly Contender[]} contenders
 * @param {import("./documents.mjs").Request} request
 * @param {{ rounds: number, steadyMs?: number, pairs?: readonly import("./documents.mjs").Request[], fp32?: readonly number[], warmUp?: { times: number, ms: number } }} options `steadyMs`: while rounds
 *   together take less than this, there are more of them: a shared machine is at times half as fast, for seconds; `pairs`: whose
 *   scores are compared, each alone; without them, what `request` gives. In a list a peer's scores may depend on what else is
 *   in it, one scale serving a whole batch: that is its own affair, and shows beside. Whether it runs the same model shows alone:
 *   by its distance from `fp32`, the logits of those pairs with activations in float, and ours by the same; without, from ours.
 * @returns {Promise<Outcome[]>} one for each, in their order
 */
export async function compare(contenders, request, { rounds, steadyMs = 0, pairs = [], fp32, warmUp = WARM_UP }) {
  const runners = contenders.map((contender) => new Runner(contender, request));
  for (const runner of runners) await runner.warmUp(warmUp);
  for (const runner of runners) await runner.scoreAlone(pairs);
  const ours = runners.find(({ engine }) => engine === OURS);
  for (const runner of runners) runner.check(ours, fp32);
  const least = runners.some((runner) => runner.isSlow) ? Math.min(rounds, SLOW_ROUNDS) : rounds;
  const start = performance.now();
  for (let round = 0; round < least || (round < MOST_ROUNDS && performance.now() - start < steadyMs); round++) {
    // A B, then B A: whoever comes second has no steady advantage.
    const order = round % 2 ? [...runners].reverse() : runners;
    for (const runner of order) await runner.sample();
  }
  return runners.map((runner) => runner.outcome());
}

class Runner {
  /** @type {number[]} */
  samples = [];
  /** @type {number[] | undefined} */
  logits;
  /** Of some pairs, each alone. @type {number[]} */
  alone = [];
  repeats = 1;
  isSlow = false;
  /** @type {Agreement | undefined} */
  agreement;
  /** Why it runs no more. @type {string | undefined} */
  reason;

  /** @param {Contender} contender @param {import("./documents.mjs").Request} request */
  constructor({ engine, call }, request) {
    this.engine = engine;
    this.call = call;
    this.request = request;
  }

  /** @param {{ times: number, ms: number }} least */
  async warmUp(least) {
    const start = performance.now();
    for (let times = 0; !this.reason && !this.isSlow && (times < least.times || performance.now() - start < least.ms); times++) {
      const timed = await this.#score();
      if (!timed) return;
      const { ms, logits } = timed;
      this.logits = logits;
      this.isSlow = ms > SLOW_MS;
      this.repeats = Math.max(1, Math.ceil(SAMPLE_MS / ms));
    }
  }

  /** @param {readonly import("./documents.mjs").Request[]} pairs */
  async scoreAlone(pairs) {
    if (pairs.length === 0) this.alone = this.logits ?? [];
    for (const pair of pairs) this.alone.push(...((await this.#score(pair, 1))?.logits ?? []));
  }

  /** @param {Runner | undefined} ours @param {readonly number[]} [fp32] */
  check(ours, fp32) {
    if (this.reason !== undefined || !this.logits) return;
    const distance = fp32 && distanceFrom(fp32, this.alone);
    if (distance && !distance.agrees) this.reason = `its scores are not the model's: ${distance.mean.toPrecision(2)} from fp32 on average, where pairs lie ${distance.spread.toPrecision(2)} apart`;
    if (!ours?.logits || (ours !== this && ours.reason !== undefined)) return;
    const { meanDifference: inList } = compareScores(this.logits, ours.logits);
    this.agreement = { ...compareScores(this.alone, ours.alone), inList, ...(distance ? { agrees: distance.agrees, fp32: distance } : {}) };
    if (distance) return;
    const { agrees, meanDifference, largest } = this.agreement;
    if (!agrees) this.reason = `its scores are not ours: ${meanDifference.toPrecision(2)} apart on average, of ${largest.toPrecision(2)}`;
  }

  async sample() {
    const timed = await this.#score();
    if (timed) this.samples.push(timed.ms);
  }

  /** @returns {Outcome} */
  outcome() {
    const { engine, samples, agreement, reason } = this;
    return reason === undefined ? { engine, samples, agreement } : { engine, agreement, reason };
  }

  /** A peer that fails is out, and the others go on. */
  async #score(request = this.request, repeats = this.repeats) {
    if (this.reason !== undefined) return undefined;
    try {
      return await this.call("score", { request, repeats });
    } catch (error) {
      this.reason = firstLine(error);
      return undefined;
    }
  }
}

/** Why it cannot be done; `undefined` where it can. @param {() => void} work */
export function reasonOf(work) {
  try {
    return void work();
  } catch (error) {
    return firstLine(error);
  }
}

/** @param {unknown} error */
export const firstLine = (error) => String(error instanceof Error ? error.message : error).split("\n")[0].slice(0, 300);
