// @ts-check
// Visits what was built with the Chromium of this machine.

import { after } from "node:test";

import { openBrowser } from "../../tests/package/chromium.mjs";

const { browser, missing } = await openBrowser();
after(() => browser?.close());

/** Why there is no browser. */
export { missing };

/** How long a page may take: a model is loaded there, on a machine that may be busy. */
const PAGE_MS = 60_000;

/** @param {string} url @param {string} [selector] @returns {Promise<string>} what the page's output says; fails with the page's own errors */
export async function visit(url, selector = "output") {
  const tab = await /** @type {import("playwright-core").Browser} */ (browser).newPage();
  /** @type {string[]} */
  const faults = [];
  tab.on("pageerror", (error) => faults.push(String(error)));
  tab.on("requestfailed", (request) => faults.push(`${request.url()} failed`));
  tab.on("response", (reply) => void (reply.status() >= 400 && faults.push(`${reply.url()} answered ${reply.status()}`)));
  try {
    await tab.goto(url);
    await tab.waitForFunction((it) => document.querySelector(it)?.textContent, selector, { timeout: PAGE_MS });
    return String(await tab.locator(selector).first().textContent());
  } catch (error) {
    throw new Error(`${url}: ${faults.join("; ") || error}`);
  } finally {
    await tab.close();
  }
}
