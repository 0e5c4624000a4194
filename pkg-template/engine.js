// @ts-check
// The seam between the facade and an engine: load, score, abort, dispose, with plain data both ways.
//
// Whatever happens to an instance, every call that waits on it settles here: a trap throws the instance away and the
// next call starts a fresh one.

import { RerankError, abortedBy, disposed, fromFailure, isFailure, isRerankError } from "./error.js";
import { LONGEST_TIMER_MS } from "./timer.js";

/**
 * @typedef {object} Instance an engine ready to score
 * @property {(call: number, request: any, onProgress?: (p: any) => void, onScored?: (p: any) => void) => Promise<any>} score
 * @property {(call: number) => void} abort makes the running `score` of that call end soon
 * @property {() => void} free
 */

export class Engine {
  /** @type {Promise<Instance> | undefined} */
  #instance;
  /** @type {Map<number, (error: RerankError) => void>} how to end each call that runs, by its number */
  #running = new Map();
  #lastCall = 0;
  #disposed = false;

  /** @param {(signal: AbortSignal) => Promise<Instance>} open starts an instance; called again after a failure or a trap */
  constructor(open) {
    this.open = open;
    /** Ends an opening that is under way. */
    this.closing = new AbortController();
  }

  /** Starts the instance unless it is there. @returns {Promise<any>} */
  async load() {
    try {
      return await this.#opened();
    } catch (error) {
      throw this.#explain(error, undefined);
    }
  }

  /**
   * @param {any} request plain data
   * @param {{ signal?: AbortSignal, timeoutMs?: number, timeoutName?: string, onProgress?: (p: { done: number, total: number }) => void, onScored?: (p: any) => void }} [call]
   *   `timeoutMs` is over the whole call; `timeoutName` is the option the caller set it by
   */
  async score(request, { signal, timeoutMs = Infinity, timeoutName = "timeoutMs", onProgress, onScored } = {}) {
    if (this.#disposed) throw disposed();
    if (signal?.aborted) throw abortedBy(signal);
    const call = ++this.#lastCall;
    /** @type {Instance | undefined} */
    let instance;
    /** @type {(() => void)[]} */
    const undo = [];
    const ended = new Promise((_, reject) => {
      const end = (/** @type {RerankError} */ error) => {
        reject(error);
        // An instance that is only now ready must not begin it.
        this.#running.delete(call);
        instance?.abort(call);
      };
      this.#running.set(call, end);
      if (signal) {
        const onAbort = () => end(abortedBy(signal));
        signal.addEventListener("abort", onAbort, { once: true });
        undo.push(() => signal.removeEventListener("abort", onAbort));
      }
      if (timeoutMs <= LONGEST_TIMER_MS) {
        const timer = setTimeout(() => end(timedOut(timeoutName, timeoutMs)), timeoutMs);
        undo.push(() => clearTimeout(timer));
      }
    });
    const scored = this.#opened().then((ready) => {
      if (!this.#running.has(call)) return undefined;
      instance = ready;
      return ready.score(call, request, onProgress, onScored);
    });
    try {
      return await Promise.race([ended, scored]);
    } catch (error) {
      throw this.#explain(error, instance);
    } finally {
      this.#running.delete(call);
      for (const step of undo) step();
      // The loser of the race may still fail.
      scored.catch(() => {});
      ended.catch(() => {});
    }
  }

  /** Ends every call and an opening under way, and lets the instance go. @param {RerankError} [error] what they end with */
  dispose(error = disposed()) {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const end of this.#running.values()) end(error);
    this.closing.abort(error);
    this.#instance?.then((instance) => instance.free()).catch(() => {});
    this.#instance = undefined;
  }

  /** One opening at a time however many wait, and a new one after a failed one. @returns {Promise<Instance>} */
  #opened() {
    if (this.#disposed) return Promise.reject(disposed());
    if (!this.#instance) {
      const closed = new Promise((_, reject) => {
        this.closing.signal.addEventListener("abort", () => reject(this.closing.signal.reason), { once: true });
      });
      const instance = Promise.race([this.open(this.closing.signal), closed]);
      this.#instance = instance;
      instance.catch(() => {
        if (this.#instance === instance) this.#instance = undefined;
      });
    }
    return this.#instance;
  }

  /** @param {unknown} error @param {Instance | undefined} instance @returns {RerankError} */
  #explain(error, instance) {
    if (isRerankError(error)) return error;
    if (isFailure(error)) return fromFailure(error);
    // A trap: the instance's memory can no longer be trusted, for no call.
    const internal = () =>
      new RerankError("internal", "the engine stopped unexpectedly; the next call starts a fresh one", { cause: withoutMessage(error) });
    if (instance) {
      this.#instance = undefined;
      for (const end of this.#running.values()) end(internal());
    }
    return internal();
  }
}

/** @param {string} name @param {number} ms */
const timedOut = (name, ms) => new RerankError("timeout", `no ranking within ${name} = ${ms} ms`, { retryable: true });

/** A trap's message may hold anything; its class says enough. @param {unknown} error */
function withoutMessage(error) {
  return error instanceof Error ? new Error(error.name) : undefined;
}
