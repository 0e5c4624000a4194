// @ts-check
// Workers of Node, Deno and Bun: threads.

import { availableParallelism, totalmem } from "node:os";
import { Worker } from "node:worker_threads";

export const canSpawn = () => true;

export const cores = () => availableParallelism();

/** Bytes of memory the machine has. */
export const deviceMemory = () => totalmem();

/** @param {import("./lane.js").Listener} listener @returns {import("./lane.js").Thread} */
export function spawn({ onMessage, onEnd }) {
  const worker = new Worker(new URL("./thread.js", import.meta.url));
  worker.on("message", onMessage);
  worker.on("messageerror", () => onEnd("a message could not be read"));
  worker.on("error", (/** @type {any} */ error) => onEnd(error?.code === "ERR_WORKER_OUT_OF_MEMORY" ? "the worker ran out of memory" : "the worker failed"));
  worker.on("exit", () => onEnd("the worker was killed"));
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    terminate: () => void worker.terminate(),
    // A program that has nothing else to do ends, without dispose too.
    hold: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
  };
}
