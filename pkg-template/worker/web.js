// @ts-check
// Workers of a page, or of a worker of a page.

/** Devices report no more than 8, and not all report. @type {number} */
const USUAL_DEVICE_GIB = 4;

/** For the worker's script to come and run. */
const LONGEST_START_MS = 30_000;

export const canSpawn = () => typeof Worker === "function";

export const cores = () => navigator.hardwareConcurrency ?? 1;

/** Bytes of memory the device has. */
export const deviceMemory = () => (/** @type {any} */ (navigator).deviceMemory ?? USUAL_DEVICE_GIB) * 2 ** 30;

let last = 0;

/** @param {import("./lane.js").Listener} listener @returns {import("./lane.js").Thread} */
export function spawn({ onMessage, onEnd }) {
  // Literally so: bundlers look for it.
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  const lock = `rerank-wasm.worker.${Math.random()}.${++last}`;
  const watching = new AbortController();
  const late = setTimeout(() => onEnd("the worker did not start"), LONGEST_START_MS);
  worker.onmessage = ({ data }) => {
    if (!data.isHere) return onMessage(data);
    clearTimeout(late);
    // One that is killed tells nobody, but lets go of the lock that it holds by now.
    navigator.locks?.request(lock, { signal: watching.signal }, () => onEnd("the worker was killed")).catch(() => {});
  };
  worker.onmessageerror = () => onEnd("a message could not be read");
  worker.onerror = (event) => {
    // Not a fault of the page's own.
    event.preventDefault();
    onEnd("the worker could not be started, or failed");
  };
  // Before there is work: some other file may be long in coming.
  worker.postMessage({ lock });
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    terminate() {
      clearTimeout(late);
      watching.abort();
      worker.terminate();
    },
    hold() {},
  };
}
