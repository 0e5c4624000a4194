// @ts-check
// Pages of the Chromium that is on this machine.

import { openBrowser } from "../../package/chromium.mjs";
import { within } from "./within.mjs";

/**
 * @typedef {object} Tab one page, with one engine at most
 * @property {(command: string, argument?: unknown) => Promise<any>} call a command of page/host.js
 * @property {() => number} workers that run in it
 * @property {() => Promise<number>} [heapBytes] what JavaScript holds after a collection; only Chromium says
 * @property {() => Promise<void>} close
 *
 * @typedef {object} Profile a cache of its own, empty at first, and a process that no other page shares
 * @property {(url: string) => Promise<Tab>} open
 * @property {() => Promise<void>} close
 *
 * @typedef {object} Browser
 * @property {string} name
 * @property {string} version
 * @property {() => Promise<Profile>} newProfile
 * @property {() => boolean} isAlive
 * @property {() => Promise<void>} close
 */

/** @param {readonly string[]} [flags] further arguments @returns {Promise<Browser>} */
export async function openChromium(flags) {
  const { browser, missing } = await openBrowser(flags);
  if (!browser) throw new Error(missing);
  return {
    name: "Chromium",
    version: browser.version(),
    async newProfile() {
      const context = await browser.newContext();
      return { open: async (url) => openTab(await context.newPage(), url), close: () => context.close() };
    },
    isAlive: () => browser.isConnected(),
    close: () => browser.close(),
  };
}

/** @param {import("playwright-core").Page} page @param {string} url @returns {Promise<Tab>} */
async function openTab(page, url) {
  const gone = new Promise((_, reject) => page.on("crash", () => reject(new Error("the page crashed"))));
  gone.catch(() => {});
  await page.goto(url);
  await page.waitForFunction(() => "bench" in globalThis);
  const run = (/** @type {[string, unknown]} */ [command, argument]) => /** @type {any} */ (globalThis).bench[command](argument);
  return {
    call: (command, argument = null) => within(Promise.race([gone, page.evaluate(run, /** @type {[string, unknown]} */ ([command, argument]))])),
    workers: () => page.workers().length,
    async heapBytes() {
      const session = await page.context().newCDPSession(page);
      await session.send("HeapProfiler.collectGarbage");
      const { usedSize } = await session.send("Runtime.getHeapUsage");
      await session.detach();
      return usedSize;
    },
    close: () => page.close(),
  };
}
