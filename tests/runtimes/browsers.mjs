// @ts-check
// The browsers of this machine, each driven the way its makers give: stock, with nothing patched.

import puppeteer from "puppeteer-core";

import { openWebKit } from "../../tests/package/webkit.mjs";
import { inPage, onPath } from "./runners.mjs";

/** @typedef {import("./runners.mjs").Runner} Runner */

/** How long a page may take: a model is loaded there, on a machine that may be busy. */
const PAGE_MS = 240_000;

/** @returns {Promise<Runner> | undefined} undefined: there is none here */
export function chromium() {
  const executablePath = process.env.CHROME_PATH ?? onPath("chromium", "google-chrome");
  return executablePath ? byPuppeteer({ browser: "chrome", executablePath, args: ["--no-sandbox"] }) : undefined;
}

/** @returns {Promise<Runner> | undefined} */
export function firefox() {
  const executablePath = onPath("firefox-esr", "firefox");
  return executablePath ? byPuppeteer({ browser: "firefox", executablePath }) : undefined;
}

/** @param {import("puppeteer-core").LaunchOptions} options */
async function byPuppeteer(options) {
  const browser = await puppeteer.launch({ headless: true, protocolTimeout: PAGE_MS, ...options });
  const visit = async (/** @type {string} */ url) => {
    const page = await browser.newPage();
    await page.goto(url);
    await page.waitForFunction(() => document.body.textContent.trim() !== "", { timeout: PAGE_MS });
    const text = await page.evaluate(() => document.body.textContent);
    await page.close();
    return text;
  };
  return inPage(visit, (await browser.version()).replace(/^\D*/, ""), () => browser.close());
}

/** @returns {Promise<Runner | undefined>} */
export async function webkit() {
  const { browser } = await openWebKit(PAGE_MS);
  if (!browser) return undefined;
  const page = await browser.newPage();
  const visit = async (/** @type {string} */ url) => {
    await page.visit(url);
    return page.run("const done = arguments[0]; (function look() { const text = document.body?.textContent.trim(); text ? done(text) : setTimeout(look, 50); })()");
  };
  const quit = async () => {
    await page.close().catch(() => {});
    browser.close();
  };
  return inPage(visit, browser.version, quit);
}
