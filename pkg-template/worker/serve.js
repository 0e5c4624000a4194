// @ts-check
// Inside a worker: messages in, one instance of the engine, answers out. Plain data both ways.

import { openHere, isTrap } from "../instance.js";
import { Fingerprint } from "./fingerprint.js";
import { buffersOf } from "./part.js";

/**
 * @typedef {object} Host what this runtime's workers do in their own way
 * @property {() => any} createGlue
 * @property {(url: string) => Promise<WebAssembly.Module>} compile
 * @property {import("../instance.js").OpenAgain} openAgain
 */

/**
 * @param {Host} host
 * @param {(answer: { id: number, value?: any, windows?: any, failure?: import("../error.js").Failure, trap?: string }, transfer: ArrayBuffer[]) => void} post
 * @returns {(message: { id?: number, method: string, args: any[] }) => Promise<void>}
 */
export function serve({ createGlue, compile, openAgain }, post) {
  /** @type {import("../instance.js").Loading} */
  let loading;
  /** Of what was pushed. @type {Record<string, Fingerprint>} */
  let fingerprints;
  /** A lane, or a part of one. @type {any} */
  let lane;
  /** @type {Record<string, (...args: any[]) => any>} */
  const methods = {
    compile,
    async open(module, known) {
      fingerprints = { model: new Fingerprint(), tokenizer: new Fingerprint() };
      loading = await openHere(createGlue, module, known, openAgain);
    },
    push(file, chunk) {
      fingerprints[file].add(chunk);
      return loading.push(file, chunk);
    },
    async finish(file) {
      await loading.finish(file);
      return fingerprints[file].text;
    },
    async build(options) {
      lane = await loading.build(options);
      return lane && { plan: lane.plan, memoryBytes: lane.memoryBytes };
    },
  };
  return async ({ id, method, args }) => {
    const onWindows = (/** @type {import("../instance.js").Windows} */ windows) => post({ id: /** @type {number} */ (id), windows }, []);
    try {
      const value = await (method in methods ? methods[method](...args) : lane?.[method](...args, onWindows));
      if (id !== undefined) post({ id, value }, buffersOf(value));
    } catch (error) {
      // What was left in the file cannot be had any more: a fresh worker fetches it again.
      const answer = loading?.isLost?.() ? { trap: "the model's file is gone from the cache" } : told(error);
      if (id !== undefined) post({ id, ...answer }, []);
    }
  };
}

/** An Error loses its fields between threads. @param {any} error */
function told(error) {
  // A trap's message may hold anything; its class says enough.
  if (isTrap(error) || typeof error?.code !== "string") return { trap: String(error?.name ?? typeof error) };
  const { code, message, status, index, retryable } = error;
  return { failure: { code, message, status, index, retryable } };
}
