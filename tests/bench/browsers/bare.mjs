// @ts-check
// Chromium with a trace and nothing else that watches: Playwright and puppeteer turn on the inspector's network, which copies and
// decodes on a page's own thread whatever that fetches, milliseconds at a time.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ARGUMENTS, findBrowser } from "../../package/chromium.mjs";
import { within } from "./within.mjs";

/**
 * @typedef {object} BarePage
 * @property {(code: string) => Promise<any>} evaluate an expression; what its promise gives
 * @property {() => Promise<void>} close
 *
 * @typedef {object} BareBrowser
 * @property {string} version
 * @property {() => Promise<string>} newProfile a cache of its own, empty at first
 * @property {(profile: string, url: string) => Promise<BarePage>} open
 * @property {<T>(categories: string[], run: () => Promise<T>) => Promise<{ value: T, events: any[] }>} trace what happens while `run` does
 * @property {() => Promise<void>} close
 */

/** @returns {Promise<BareBrowser>} */
export async function openBare() {
  const { path, missing } = findBrowser();
  if (!path) throw new Error(missing);
  const home = mkdtempSync(join(tmpdir(), "rerank-wasm-bare-"));
  const child = spawn(path, [...ARGUMENTS, "--headless", "--remote-debugging-pipe", `--user-data-dir=${home}`], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const ended = new Promise((done) => child.once("exit", done));
  const { send, on } = converse(/** @type {any} */ (child.stdio[3]), /** @type {any} */ (child.stdio[4]), ended);
  const { product } = await send("Browser.getVersion");
  return {
    version: product.split("/")[1],
    newProfile: async () => (await send("Target.createBrowserContext")).browserContextId,
    async open(browserContextId, url) {
      const { targetId } = await send("Target.createTarget", { url, browserContextId });
      const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
      const evaluate = async (/** @type {string} */ expression) => {
        const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true }, sessionId);
        if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
        return result.value;
      };
      const isThere = `location.href === ${JSON.stringify(url)} && document.readyState === "complete"`;
      // What is asked of the page before this one is lost with it.
      while (!(await evaluate(isThere).catch(() => false))) await new Promise((done) => setTimeout(done, 20));
      return {
        evaluate,
        close: async () => void (await send("Target.closeTarget", { targetId })),
      };
    },
    async trace(categories, run) {
      /** @type {any[]} */
      const events = [];
      on("Tracing.dataCollected", ({ value }) => events.push(...value));
      const complete = new Promise((done) => on("Tracing.tracingComplete", done));
      await send("Tracing.start", { traceConfig: { includedCategories: categories, excludedCategories: ["*"] } });
      const value = await run();
      await send("Tracing.end");
      await within(complete);
      return { value, events };
    },
    async close() {
      child.kill();
      await ended;
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/**
 * The DevTools protocol over a pair of pipes: JSON, each message ended by a zero byte.
 * @param {import("node:stream").Writable} to @param {import("node:stream").Readable} from @param {Promise<unknown>} ended
 */
function converse(to, from, ended) {
  /** @type {Map<number, { done: (result: any) => void, fail: (error: Error) => void }>} */
  const waiting = new Map();
  /** The last one who asked. @type {Map<string, (parameters: any) => void>} */
  const listeners = new Map();
  let last = 0;
  /** @type {Buffer[]} */
  let begun = [];
  from.on("data", (/** @type {Buffer} */ bytes) => {
    for (let zero = bytes.indexOf(0); zero >= 0; zero = bytes.indexOf(0)) {
      receive(JSON.parse(Buffer.concat([...begun, bytes.subarray(0, zero)]).toString()));
      begun = [];
      bytes = bytes.subarray(zero + 1);
    }
    begun.push(bytes);
  });
  // Of a browser that has gone.
  to.on("error", () => {});
  void ended.then(() => {
    for (const { fail } of waiting.values()) fail(new Error("the browser has ended"));
  });
  const receive = (/** @type {any} */ { id, method, params, result, error }) => {
    if (method) return listeners.get(method)?.(params);
    const { done, fail } = /** @type {any} */ (waiting.get(id));
    waiting.delete(id);
    if (error) fail(new Error(error.message));
    else done(result);
  };
  return {
    /** @param {string} method @param {object} [params] @param {string} [sessionId] @returns {Promise<any>} */
    send: (method, params = {}, sessionId) =>
      within(new Promise((done, fail) => {
        waiting.set(++last, { done, fail });
        to.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
      })),
    on: (/** @type {string} */ event, /** @type {(parameters: any) => void} */ listener) => void listeners.set(event, listener),
  };
}
