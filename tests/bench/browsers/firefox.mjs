// @ts-check
// Pages of the stock Firefox that is on this machine, by puppeteer-core: Playwright wants a Firefox of its own.

import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { PEERS } from "../paths.mjs";
import { within } from "./within.mjs";

const PATHS = ["/usr/bin/firefox", "/usr/bin/firefox-esr", "/Applications/Firefox.app/Contents/MacOS/firefox"];

/** @returns {Promise<import("./chromium.mjs").Browser>} */
export async function openFirefox() {
  const executablePath = [process.env.FIREFOX_PATH, ...PATHS].find((path) => path !== undefined && isProgram(path));
  if (!executablePath) throw new Error("expected Firefox, found none; name one in FIREFOX_PATH");
  const { default: puppeteer } = await import(pathToFileURL(join(PEERS, "puppeteer-core", "lib", "puppeteer", "puppeteer-core.js")).href);
  const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true, protocolTimeout: 600_000 });
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

/** @param {any} page @param {string} url @returns {Promise<import("./chromium.mjs").Tab>} */
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

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
