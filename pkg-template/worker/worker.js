// @ts-check
// The worker of a page: an entry of its own, for which bundlers make a file.

import { openAgain } from "../cache/reread-web.js";
import { createGlue } from "../local.glue.js";
import { compileUrl as compile } from "../wasm/compile.js";

import { serve } from "./serve.js";

const answer = serve({ createGlue, compile, openAgain }, (message, transfer) => postMessage(message, { transfer }));

/** @type {Promise<unknown> | undefined} */
let held;

/** @type {any} */ (globalThis).onmessage = async (/** @type {MessageEvent} */ { data }) => {
  if (data.lock !== undefined) {
    held = holdLock(data.lock);
    await held;
    return postMessage({ isHere: true });
  }
  // Until then nobody would hear of this worker's end.
  await held;
  return answer(data);
};

/**
 * A worker that is killed tells nobody, but its locks are let go.
 * @param {string} name
 */
function holdLock(name) {
  if (!navigator.locks) return;
  return new Promise((resolve) => {
    navigator.locks.request(name, () => {
      resolve(undefined);
      return new Promise(() => {});
    }).catch(resolve);
  });
}
