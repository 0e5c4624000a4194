// @ts-check
// Our two binaries in the other engines: a stock Firefox, and WebKit, which has no relaxed SIMD.

import { openFirefox } from "../browsers/firefox.mjs";
import { openAlone } from "../browsers/tab.mjs";
import { openWebKit } from "../browsers/webkit.mjs";
import { compare, firstLine } from "../compare.mjs";
import { makeRequest, pairsOf } from "../documents.mjs";
import { fp32Logits } from "../fp32.mjs";
import { prepareModel } from "../models.mjs";
import { WORKLOADS } from "../workloads.mjs";
import { loadEngine } from "./speed.mjs";

const BROWSERS = { Firefox: openFirefox, WebKit: openWebKit };
const ENGINES = ["ours", "ours-simd128"];
const PLAN = [
  { model: "default", workload: "mixed20" },
  { model: "minilm", workload: "8x128" },
];

/** @param {import("./index.mjs").Context} context @returns {AsyncGenerator<import("../results.mjs").Cell>} */
export async function* measureBrowsers({ options, url, browsers, run, log }) {
  for (const [name, open] of Object.entries(BROWSERS)) {
    const plan = PLAN.filter(({ model, workload }) => options.models.includes(model) && options.workloads.includes(workload));
    const cells = plan.map((it) => ({ ...run.part(), kind: "speed", ...it, browser: name }));
    let browser;
    try {
      browser = await open();
    } catch (error) {
      for (const cell of cells) for (const engine of ENGINES) yield { ...cell, engine, status: "not run", reason: firstLine(error) };
      continue;
    }
    try {
      browsers[name] = browser.version;
      const tab = await openAlone(browser, `${url}/`);
      log(`${name} ${browser.version}: its relaxed dot is ${await tab.call("relaxedDot")}`);
      await tab.close();
      for (const cell of cells) yield* measureIn(browser, cell);
    } finally {
      await browser.close();
    }
  }

  /** @param {import("../browsers/chromium.mjs").Browser} browser @param {{ run: string, part: number, kind: string, model: string, workload: string, browser: string }} cell */
  async function* measureIn(browser, cell) {
    prepareModel(cell.model);
    const loaded = [];
    for (const engine of ENGINES.filter((id) => options.engines.includes(id))) {
      log(`${cell.browser}: ${cell.model} in ${engine}`);
      const tab = await loadEngine({ browser, url }, engine, cell.model);
      if ("reason" in tab) yield { ...cell, engine, status: /** @type {const} */ ("not run"), reason: tab.reason };
      else loaded.push({ engine, ...tab });
    }
    const request = await makeRequest(cell.model, WORKLOADS[cell.workload].tokens);
    const pairs = await pairsOf(cell.model);
    const fp32 = await fp32Logits(cell.model, pairs).catch(() => undefined);
    for (const { engine, samples, agreement, reason } of await compare(loaded, request, { rounds: options.rounds, pairs, fp32 })) {
      if (reason === undefined) yield { ...cell, engine, agreement, status: /** @type {const} */ ("measured"), samples };
      else yield { ...cell, engine, agreement, status: /** @type {const} */ ("not run"), reason };
    }
    for (const tab of loaded) await tab.close();
  }
}
