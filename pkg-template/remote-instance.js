// @ts-check
// One instance of the remote client: Rust says what is to be done next, this does it and tells Rust what came of it.
//
// Names are given here to what crosses by place (src/wasm/shapes.rs).

import { RerankError } from "./error.js";
import { exchange } from "./exchange.js";
import { LONGEST_TIMER_MS } from "./timer.js";
import { decode, encode } from "./wire.js";

/** In place of a call: the engine is made. In place of an action: the call begins, or ends without a word. */
const [OPEN, BEGIN, ABORT] = [0, 0, -1];
/** A store that takes longer is done without: buying a token takes about as long. */
const STORE_PATIENCE_MS = 3000;

/** What Rust gets of the options, after whether there is a token store, and of an order: by place. */
const OPTIONS = ["provider", "auth", "url", "model", "tokenUrl", "strict", "maxConcurrency", "longDocuments"];
const ORDER = [
  "key", "secret", "sessionToken", "headers", "timeoutMs", "maxRetries", "deadline", "debugBodies",
  "query", "topN", "maxChunksPerDoc", "overlapTokens", "returnDocuments", "user", "documents",
];

/**
 * @typedef {object} Call
 * @property {(ranked: any) => void} resolve
 * @property {(error: unknown) => void} reject
 * @property {((progress: { done: number, total: number }) => void) | undefined} onProgress
 * @property {Map<number, () => void>} stops how to stop each action under way, by its number
 */

/**
 * @param {any} glue of an instance of its own
 * @param {Record<string, any>} options of remote-options.js
 */
export function openRemote(glue, options) {
  const { tokenStore, fetch, onAttempt } = options;
  /** @type {Map<number, Call>} */
  const calls = new Map();
  const refused = decode(glue.step(OPEN, BEGIN, encode(tokenStore !== undefined, ...valuesOf(options, OPTIONS))));
  for (const [, ...error] of refused) throw failure(error);

  /** Lets Rust go on with a call, and performs what it says. @param {number} number @param {number} action @param {Uint8Array} input */
  const step = (number, action, input) => {
    const call = calls.get(number);
    if (!call) return;
    let actions;
    try {
      actions = decode(glue.step(number, action, input));
    } catch (fault) {
      // The memory of all calls is one, and after a trap it cannot be trusted.
      for (const [other, { reject }] of calls) {
        forget(other);
        reject(fault);
      }
      return;
    }
    // A callback of the caller's may end it meanwhile.
    for (const [name, ...rest] of actions) if (calls.has(number)) ACTIONS[name](number, call, ...rest);
  };

  /** @param {number} number */
  const forget = (number) => {
    for (const stop of calls.get(number)?.stops.values() ?? []) stop();
    calls.delete(number);
  };

  /**
   * Tells Rust of what comes first: the outcome of `work`, or `late` after `ms`.
   * @param {number} number @param {Call} call @param {number} action @param {number} ms
   * @param {{ work?: Promise<Uint8Array>, late?: any[], cut?: () => void }} [how]
   */
  const wait = (number, call, action, ms, { work, late, cut = () => {} } = {}) => {
    const end = (/** @type {Uint8Array} */ outcome) => {
      clearTimeout(timer);
      if (call.stops.delete(action)) step(number, action, outcome);
    };
    const timer = setTimeout(() => {
      end(encode(...(late ?? [])));
      cut();
    }, Math.min(ms, LONGEST_TIMER_MS));
    call.stops.set(action, () => {
      clearTimeout(timer);
      call.stops.delete(action);
      cut();
    });
    // A store that fails costs a token, not the call.
    work?.then(end, () => end(encode()));
  };

  /** What Rust may want done. @type {Record<string, (number: number, call: Call, ...rest: any[]) => void>} */
  const ACTIONS = {
    send(number, call, action, address, headers, body, ms) {
      const controller = new AbortController();
      const work = exchange(fetch, address, headers, body, controller.signal);
      const late = ["timeout", `no complete answer within timeoutMs = ${ms} ms`, true];
      wait(number, call, action, ms, { work, late, cut: () => controller.abort() });
    },
    sleep: wait,
    recall: (number, call, action, name) => wait(number, call, action, STORE_PATIENCE_MS, { work: (async () => encode(await tokenStore.get(name)))() }),
    keep: (number, call, action, ...entry) => wait(number, call, action, STORE_PATIENCE_MS, { work: (async () => encode(await tokenStore.set(...entry)))() }),
    stop: (_, call, action) => call.stops.get(action)?.(),
    attempt: (_, call, ...values) => onAttempt?.(named(["attempt", "status", "ms", "decision"], values)),
    progress(number, { onProgress, reject }, done, total) {
      try {
        onProgress?.({ done, total });
      } catch (error) {
        // The caller's: it ends the call.
        abort(number);
        reject(error);
      }
    },
    rank(number, { resolve }, ...values) {
      forget(number);
      resolve(ranked(values));
    },
    fail(number, { reject }, ...values) {
      forget(number);
      reject(failure(values));
    },
  };

  /** @param {number} number */
  const abort = (number) => {
    step(number, ABORT, new Uint8Array());
    forget(number);
  };

  return {
    abort,
    /** @param {number} number @param {Record<string, any>} order @param {Call["onProgress"]} onProgress @returns {Promise<any>} */
    score: (number, order, onProgress) =>
      new Promise((resolve, reject) => {
        calls.set(number, { resolve, reject, onProgress, stops: new Map() });
        step(number, BEGIN, encode(...valuesOf(order, ORDER)));
      }),
  };
}

/** @param {any[]} values by place */
function ranked([scored, model, provider, warnings, id, created, usage, response]) {
  const place = (/** @type {any[]} */ [index, relevanceScore, window]) =>
    named(["index", "relevanceScore", "window"], [index, relevanceScore, window && named(["index", "start", "end"], window)]);
  const [status, headers, body] = response ?? [];
  return {
    scored: scored.map(place), model, provider,
    warnings: warnings.map((/** @type {any[]} */ warning) => named(["code", "message", "index"], warning)),
    ...named(["id", "created", "usage", "response"], [
      id, created, usage && named(["promptTokens", "totalTokens", "completionTokens", "details"], usage),
      response && { status, headers: Object.fromEntries(headers), body },
    ]),
  };
}

/** @param {any[]} values by place */
function failure([code, message, ...details]) {
  return new RerankError(code, message, named(["status", "providerCode", "requestId", "retryable", "retryAfterMs", "index"], details));
}

/** @param {Record<string, any>} object @param {string[]} names */
const valuesOf = (object, names) => names.map((name) => object[name]);

/** Those that are there. @param {string[]} names @param {any[]} values @returns {Record<string, any>} */
const named = (names, values) => Object.fromEntries(names.map((name, at) => [name, values[at]]).filter(([, value]) => value !== undefined));
