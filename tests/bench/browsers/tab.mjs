// @ts-check
// A page in a profile of its own, with an engine in it.

import { ENGINES } from "../engines/registry.mjs";

/**
 * A page that closes with its profile.
 * @param {import("./chromium.mjs").Browser} browser @param {string} url
 * @returns {Promise<import("./chromium.mjs").Tab>}
 */
export async function openAlone(browser, url) {
  const profile = await browser.newProfile();
  const tab = await profile.open(url);
  return { ...tab, close: () => profile.close() };
}

/** Where pages for this engine are. @param {string} url of the server @param {string} engine */
export const pageFor = (url, engine) => `${url}/${ENGINES[engine].isolated ? "isolated/" : ""}`;

/** What page/host.js wants to know of an engine. @param {string} engine @param {string} model */
export const wanted = (engine, model) => ({ adapter: String(ENGINES[engine].adapter), options: ENGINES[engine].options, model });
