// @ts-check
// Inside a worker: messages in, one instance of the engine, answers out. Plain data both ways.

import { openHere, isTrap } from "../instance.js";

/**
 * @param {() => any} createGlue
 * @param {(answer: { id: number, value?: any, failure?: import("../error.js").Failure, trap?: string }) => void} post
 * @returns {(message: { id?: number, method: string, args: any[] }) => Promise<void>}
 */
export function serve(createGlue, post) {
  /** @type {import("../instance.js").Loading} */
  let loading;
  /** @type {import("../instance.js").Lane} */
  let lane;
  /** @type {Record<string, (...args: any[]) => any>} */
  const methods = {
    async open(module, known) {
      loading = await openHere(createGlue, module, known);
    },
    push: (file, chunk) => loading.push(file, chunk),
    async build(options) {
      lane = await loading.build(options);
      return lane.plan;
    },
    check: (request) => lane.check(request),
    score: (request) => lane.score(request),
    abort: () => lane?.abort(),
  };
  return async ({ id, method, args }) => {
    try {
      const value = await methods[method](...args);
      if (id !== undefined) post({ id, value });
    } catch (error) {
      if (id !== undefined) post({ id, ...told(error) });
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
