// @ts-check
// Pages of the Chromium that is on this machine.

import { openBrowser } from "../../package/chromium.mjs";
import { within } from "./within.mjs";

/**
 * @typedef {object} Tab one page, with one engine at most
 * @property {(command: string, argument?: unknown) => Promise<any>} call a command of page/host.js
 * @property {() => number} workers that run in it
 * @property {() => Promise<void>} close
 *
 * @typedef {object} Browser
 * @property {string} name
 * @property {string} version
 * @property {(url: string) => Promise<Tab>} open a page in a process of its own
 * @property {() => Promise<void>} close
 */

/** @returns {Promise<Browser>} */
export async function openChromium() {
  const { browser, missing } = await openBrowser();
  if (missing) throw new Error(missing);
  return {
    name: "Chromium",
    version: browser.version(),
    async open(url) {
      // A context of its own: an empty cache, and a process that no other page shares.
      const context = await browser.newContext();
      const page = await context.newPage();
      const gone = new Promise((_, reject) => page.on("crash", () => reject(new Error("the page crashed"))));
      gone.catch(() => {});
      await page.goto(url);
      await page.waitForFunction(() => "bench" in globalThis);
      const call = (/** @type {[string, unknown]} */ [command, argument]) => /** @type {any} */ (globalThis).bench[command](argument);
      return {
        call: (command, argument = null) => within(Promise.race([gone, page.evaluate(call, /** @type {[string, unknown]} */ ([command, argument]))])),
        workers: () => page.workers().length,
        close: () => context.close(),
      };
    },
    close: () => browser.close(),
  };
}
