// @ts-check
// Section after section, whatever becomes of one.

import { firstLine } from "./compare.mjs";

/**
 * @param {Record<string, import("./sections/index.mjs").Section["measure"]>} sections
 * @param {import("./sections/index.mjs").Context} context `browser`: the first one; it is closed at the end
 * @param {() => Promise<import("./browsers/chromium.mjs").Browser>} openBrowser in place of one that went down
 * @returns {AsyncGenerator<import("./results.mjs").Cell>}
 */
export async function* measureAll(sections, context, openBrowser) {
  let { browser } = context;
  try {
    for (const [id, measure] of Object.entries(sections)) {
      // It went down with a peer, or was closed below.
      if (!browser.isAlive()) browser = await openBrowser();
      try {
        yield* measure({ ...context, browser });
      } catch (error) {
        // The browser itself, or the bench: the other sections still count.
        context.log(`${id}: ${/** @type {Error} */ (error).stack}`);
        yield { ...context.run.part(), kind: id, engine: "all", status: "not run", reason: firstLine(error) };
        await browser.close();
      }
    }
  } finally {
    await browser.close();
  }
}
