// @ts-check
// Spreads the documents of a call over lanes, longest first to whichever is free, and puts their scores in order.
//
// A lane is the instance of this thread or a worker. One that dies is replaced, and its document is scored again; the
// second death that meets a call ends it.

import { RerankError, fromFailure, isFailure, isRerankError } from "./error.js";
import { LaneDied } from "./worker/lane.js";

/**
 * @typedef {import("./instance.js").Lane} Lane
 * @typedef {import("./instance.js").Scored} Scored
 *
 * @typedef {{ done: number, total: number, windows?: { index: number, done: number, total: number } }} Progress `windows`: of a
 *   document under way
 *
 * @typedef {object} Task
 * @property {(lane: Lane) => Promise<any>} run
 * @property {(value: any) => void} done
 *
 * @typedef {object} Call
 * @property {Task[]} tasks not begun
 * @property {Set<Lane>} running
 * @property {Set<LaneDied>} deaths that met it; one may meet several documents
 * @property {(error: unknown) => void} fail
 */

export class Dispatcher {
  /** @type {Map<number, Call>} */
  #calls = new Map();
  /** Those that live. @type {Set<Lane>} */
  #lanes = new Set();
  /** @type {Lane[]} */
  #idle = [];
  #starting = 0;
  #freed = false;

  /**
   * @param {Lane[]} lanes at least one
   * @param {string[]} notes on how they came about
   * @param {() => Promise<Lane>} [start] makes a lane in place of one that died
   * @param {() => void} [end] lets go of what lanes share
   */
  constructor(lanes, notes, start, end = () => {}) {
    this.start = start;
    this.end = end;
    for (const lane of lanes) this.#add(lane);
    const { path, notes: more } = lanes[0].plan;
    this.plan = { path, notes: [...more, ...notes] };
  }

  /**
   * @param {number} id
   * @param {any} request plain data
   * @param {(progress: Progress) => void} [onProgress]
   * @param {(partial: { done: number, total: number, ranking: () => Scored[] }) => void} [onScored] of the documents so far
   * @returns {Promise<Scored[] | undefined>} best first, at most `topN`
   */
  async score(id, request, onProgress, onScored) {
    const { documents, topN = documents.length, ...rest } = request;
    const total = documents.length;
    /** @type {Scored[]} */
    const scored = [];
    const ranking = () => ranked(scored).slice(0, topN);
    try {
      return await new Promise((resolve, reject) => {
        /** @type {Call} */
        const call = { tasks: [], running: new Set(), deaths: new Set(), fail: reject };
        /** @param {number} index @returns {Task} */
        const scoring = (index) => ({
          run: (lane) => lane.score({ ...rest, documents: [documents[index]] }, onProgress && ((windows) => underWay({ index, ...windows }))).catch(renumbered(index)),
          done: (one) => {
            if (!this.#calls.has(id)) return;
            scored.push({ ...one, index });
            onScored?.({ done: scored.length, total, ranking });
            onProgress?.({ done: scored.length, total });
            if (scored.length === total) resolve(ranking());
          },
        });
        /** Whatever it throws ends this call alone. @param {NonNullable<Progress["windows"]>} windows */
        const underWay = (windows) => {
          if (!this.#calls.has(id)) return;
          try {
            onProgress?.({ done: scored.length, total, windows });
          } catch (error) {
            call.fail(error);
            // At once: the next window may be done before anybody hears of it.
            this.abort(id);
          }
        };
        const checking = {
          run: (/** @type {Lane} */ lane) => lane.check(request),
          done: () => {
            if (total === 0) resolve([]);
            call.tasks.push(...longestFirst(documents).map(scoring));
          },
        };
        call.tasks.push(checking);
        this.#calls.set(id, call);
        this.#dispatch();
      });
    } finally {
      this.abort(id);
    }
  }

  /** Drops what is queued, and ends what runs within the time of one window. @param {number} id */
  abort(id) {
    const call = this.#calls.get(id);
    if (!call) return;
    this.#calls.delete(id);
    for (const lane of call.running) lane.abort();
  }

  free() {
    this.#freed = true;
    this.#calls.clear();
    for (const lane of this.#lanes) lane.free();
    this.end();
  }

  /** @param {Lane} lane */
  #add(lane) {
    this.#lanes.add(lane);
    this.#idle.push(lane);
    // Also one that has nothing to do may die.
    void lane.died?.then(() => this.#lose(lane));
  }

  #dispatch() {
    if (this.#calls.size > 0 && this.#lanes.size + this.#starting === 0) void this.#replace();
    while (this.#idle.length > 0) {
      const next = [...this.#calls].find(([, call]) => call.tasks.length > 0);
      if (!next) return;
      const [id, call] = next;
      // To the end of the line: calls take turns.
      this.#calls.delete(id);
      this.#calls.set(id, call);
      void this.#run(/** @type {Lane} */ (this.#idle.pop()), call, /** @type {Task} */ (call.tasks.shift()));
    }
  }

  /** @param {Lane} lane @param {Call} call @param {Task} task */
  async #run(lane, call, task) {
    call.running.add(lane);
    let isFit = true;
    try {
      const value = await task.run(lane).finally(() => call.running.delete(lane));
      task.done(value);
    } catch (error) {
      // After a trap in this very thread whoever opened the engine throws it away.
      isFit = isRerankError(error) ? !(error instanceof LaneDied) : isFailure(error);
      if (error instanceof LaneDied) afterDeath(call, task, error);
      else call.fail(error);
    }
    // One that ended meanwhile may have finished its document.
    if (isFit && this.#lanes.has(lane)) this.#idle.push(lane);
    this.#dispatch();
  }

  /** @param {Lane} lane */
  #lose(lane) {
    this.#lanes.delete(lane);
    this.#idle = this.#idle.filter((it) => it !== lane);
    void this.#replace();
  }

  async #replace() {
    if (this.#freed || !this.start) return;
    this.#starting += 1;
    try {
      const lane = await this.start();
      if (this.#freed) lane.free();
      else this.#add(lane);
    } catch (error) {
      // While others live there are fewer from now on.
      if (this.#lanes.size === 0 && this.#starting === 1) {
        for (const call of this.#calls.values()) call.fail(error);
        this.#calls.clear();
      }
    }
    this.#starting -= 1;
    this.#dispatch();
  }
}

/**
 * The engine of this very thread: each call has a lane and a dispatcher of its own, and calls take turns while they pause. In
 * workerd one request's work must not wait for what another one started.
 * @param {Lane & { beside: () => Lane }} lane @param {string[]} notes
 * @returns {import("./engine.js").Instance & { plan: any }}
 */
export function inThisThread(lane, notes) {
  /** @type {Map<number, Dispatcher>} */
  const calls = new Map();
  return {
    plan: { ...lane.plan, notes: [...lane.plan.notes, ...notes] },
    score(id, ...call) {
      const own = new Dispatcher([lane.beside()], []);
      calls.set(id, own);
      return own.score(id, ...call).finally(() => calls.delete(id));
    },
    abort(id) {
      calls.get(id)?.abort(id);
      // What was aborted settles no more.
      calls.delete(id);
    },
    free: () => {
      for (const [id, own] of calls) own.abort(id);
      lane.free();
    },
  };
}

/** The document at fault is a lane's only one. @param {number} index it has here @returns {(error: any) => never} */
const renumbered = (index) => (error) => {
  if (error?.index !== 0) throw error;
  const { code, message, retryable } = error;
  throw fromFailure({ code, message: message.replace("documents[0]", `documents[${index}]`), retryable, index });
};

/** Scored again after the first death; the second one may be the document's doing, or the memory's. @param {Call} call @param {Task} task @param {LaneDied} error */
function afterDeath(call, task, error) {
  call.deaths.add(error);
  if (call.deaths.size === 1) call.tasks.unshift(task);
  else call.fail(new RerankError("internal", `two workers ended while they ranked for this call: ${error.message}`, { cause: error }));
}

/** Best first, ties in request order, as ranking.rs has it; there is no NaN. @param {Scored[]} scored */
const ranked = (scored) => [...scored].sort((a, b) => b.relevanceScore - a.relevanceScore || a.index - b.index);

/** Indices of documents: a short one at the end leaves no worker waiting long for another. @param {string[]} documents */
const longestFirst = (documents) => [...documents.keys()].sort((a, b) => documents[b].length - documents[a].length || a - b);
