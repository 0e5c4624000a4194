// @ts-check
// Every engine on every workload of a model, in pages that are open side by side.

import { compare, firstLine } from "../compare.mjs";
import { makeRequest } from "../documents.mjs";
import { ENGINES } from "../engines/registry.mjs";
import { prepareModel } from "../models.mjs";
import { PLAN, WORKLOADS } from "../workloads.mjs";

/** @param {import("./index.mjs").Context} context @returns {AsyncGenerator<import("../results.mjs").Cell>} */
export async function* measureSpeed({ options, url, browser, run, log }) {
  for (const id of options.models) {
    const plan = PLAN.filter(({ model, workload, quick }) => model === id && options.workloads.includes(workload) && (quick || !options.quick));
    if (plan.length === 0) continue;
    const model = prepareModel(id);
    const part = run.nextPart();
    const cell = { run: run.run, part, kind: "speed", model: id, browser: browser.name };
    /** @type {{ engine: string, tab: import("../browsers/chromium.mjs").Tab, call: import("../browsers/chromium.mjs").Tab["call"] }[]} */
    const loaded = [];
    for (const engine of options.engines) {
      const { adapter, options: given, isolated } = ENGINES[engine];
      log(`${model.title}: loading ${engine}`);
      const tab = await browser.open(`${url}/${isolated ? "isolated/" : ""}`);
      try {
        await tab.call("load", { adapter, options: given, model: id });
        if (engine === "ours-workers" && tab.workers() === 0) throw new Error("this version of the package starts no workers");
        loaded.push({ engine, tab, call: tab.call });
      } catch (error) {
        await tab.close();
        for (const { workload } of plan) yield { ...cell, engine, workload, status: "not run", reason: firstLine(error) };
      }
    }
    for (const { workload } of plan) {
      log(`${model.title}: ${workload}`);
      const request = await makeRequest(id, WORKLOADS[workload].tokens);
      for (const { engine, samples, agreement, reason } of await compare(loaded, request, { rounds: options.rounds })) {
        const found = { ...cell, engine, workload, ...(agreement ? { agreement } : {}) };
        yield reason === undefined ? { ...found, status: "measured", samples } : { ...found, status: "not run", reason };
      }
    }
    for (const { tab } of loaded) await tab.close();
  }
}
