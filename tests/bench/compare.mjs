// @ts-check
// Engines side by side on one workload: warm up, compare the scores, then time them in turns.

import { compareScores } from "./agreement.mjs";
import { OURS } from "./engines/registry.mjs";

/** Before time counts: at least this often and this long, so that the browser has optimized what it will. */
const WARM_UP = { times: 2, ms: 1_500 };
/** A sample shorter than this is repeated, and is then the mean. */
const SAMPLE_MS = 150;

/**
 * @typedef {{ engine: string, call: (command: string, argument?: unknown) => Promise<any> }} Contender an engine that is loaded
 * @typedef {{ engine: string, samples?: number[], agreement?: import("./agreement.mjs").Agreement, reason?: string }} Outcome
 */

/**
 * @param {readonly Contender[]} contenders
 * @param {import("./documents.mjs").Request} request
 * @param {{ rounds: number, warmUp?: { times: number, ms: number } }} options
 * @returns {Promise<Outcome[]>} one for each, in their order
 */
export async function compare(contenders, request, { rounds, warmUp = WARM_UP }) {
  const runners = contenders.map((contender) => new Runner(contender, request));
  for (const runner of runners) await runner.warmUp(warmUp);
  const ours = runners.find(({ engine }) => engine === OURS)?.logits;
  for (const runner of runners) runner.check(ours);
  for (let round = 0; round < rounds; round++) {
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
  repeats = 1;
  /** @type {import("./agreement.mjs").Agreement | undefined} */
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
    for (let times = 0; !this.reason && (times < least.times || performance.now() - start < least.ms); times++) {
      const { ms, logits } = (await this.#score()) ?? {};
      this.logits = logits;
      this.repeats = Math.max(1, Math.ceil(SAMPLE_MS / ms));
    }
  }

  /** @param {readonly number[] | undefined} ours */
  check(ours) {
    if (!this.logits || !ours) return;
    this.agreement = compareScores(this.logits, ours);
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
  async #score() {
    if (this.reason !== undefined) return undefined;
    try {
      return await this.call("score", { request: this.request, repeats: this.repeats });
    } catch (error) {
      this.reason = firstLine(error);
      return undefined;
    }
  }
}

/** @param {unknown} error */
export const firstLine = (error) => String(error instanceof Error ? error.message : error).split("\n")[0].slice(0, 300);
