// @ts-check
// Pages of WebKitGTK: no relaxed SIMD.

import * as webkit from "../../package/webkit.mjs";
import { within } from "./within.mjs";

/** A script may run as long as the slowest call of a tab. */
const SCRIPT_MS = 600_000;

/** @returns {Promise<import("./chromium.mjs").Browser>} */
export async function openWebKit() {
  const { browser, missing } = await webkit.openWebKit(SCRIPT_MS);
  if (!browser) throw new Error(missing);
  return {
    name: "WebKit",
    version: browser.version,
    async newProfile() {
      const page = await browser.newPage();
      return { open: (url) => openTab(page, url), close: page.close };
    },
    isAlive: browser.isAlive,
    close: async () => browser.close(),
  };
}

/** @param {webkit.Page} page @param {string} url @returns {Promise<import("./chromium.mjs").Tab>} */
async function openTab(page, url) {
  await page.visit(url);
  const script = "const [command, json, done] = arguments; const run = () => 'bench' in globalThis ? bench.run(command, json).then(done, (e) => done({ failed: String(e) })) : setTimeout(run, 20); run();";
  return {
    async call(command, argument = null) {
      const answer = await within(page.run(script, [command, JSON.stringify(argument)]));
      if (typeof answer !== "string") throw new Error(answer?.failed ?? "the page gave no answer");
      return JSON.parse(answer);
    },
    workers: () => 0,
    close: async () => {},
  };
}
