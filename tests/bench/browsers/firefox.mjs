// @ts-check
// Pages of the stock Firefox that is on this machine, by puppeteer-core: Playwright wants a Firefox of its own.

import * as firefox from "../../package/firefox.mjs";
import { within } from "./within.mjs";

/** A call may run as long as the slowest of a tab. */
const PROTOCOL_MS = 600_000;

/** @returns {Promise<import("./chromium.mjs").Browser>} */
export async function openFirefox() {
  const { browser, missing } = await firefox.openFirefox(PROTOCOL_MS);
  if (!browser) throw new Error(missing);
  return {
    name: "Firefox",
    version: (await browser.version()).replace(/^firefox\//i, ""),
    async newProfile() {
      const context = await browser.createBrowserContext();
      return { open: async (url) => openTab(await context.newPage(), url), close: () => context.close() };
    },
    isAlive: () => browser.connected,
    close: () => browser.close(),
  };
}

/** @param {import("puppeteer-core").Page} page @param {string} url @returns {Promise<import("./chromium.mjs").Tab>} */
async function openTab(page, url) {
  await page.goto(url);
  await page.waitForFunction("'bench' in globalThis");
  return {
    // As text: a typed message of large numbers takes this protocol minutes.
    call: async (command, argument = null) =>
      JSON.parse(await within(page.evaluate(`bench.run(${JSON.stringify(command)}, ${JSON.stringify(JSON.stringify(argument))})`))),
    workers: () => 0,
    close: () => page.close(),
  };
}
