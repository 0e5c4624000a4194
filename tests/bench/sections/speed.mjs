// @ts-check
// Every engine on every workload of a model, in pages that are open side by side.

import { openAlone, pageFor, wanted } from "../browsers/tab.mjs";
import { compare, firstLine, reasonOf } from "../compare.mjs";
import { makeRequest, pairsOf } from "../documents.mjs";
import { openNode } from "../engines/onnxruntime-node.mjs";
import { fp32Logits } from "../fp32.mjs";
import { ENGINES } from "../engines/registry.mjs";
import { prepareModel } from "../models.mjs";
import { PLAN, WORKLOADS } from "../workloads.mjs";

/** Rounds of a workload take at least so long, where many are short. */
const STEADY_MS = { quick: 6_000, full: 15_000 };

/** @typedef {Pick<import("../browsers/chromium.mjs").Tab, "call" | "close">} Opened */

/** @param {import("./index.mjs").Context} context @returns {AsyncGenerator<import("../results.mjs").Cell>} */
export async function* measureSpeed(context) {
  const { options, browser, run, log } = context;
  const steadyMs = options.quick ? STEADY_MS.quick : STEADY_MS.full;
  for (const id of options.models) {
    const plan = PLAN.filter(({ model, workload, quick }) => model === id && options.workloads.includes(workload) && (quick || !options.quick));
    if (plan.length === 0) continue;
    const cell = { ...run.part(), kind: "speed", model: id, browser: browser.name };
    const missing = reasonOf(() => prepareModel(id));
    if (missing) for (const { workload } of plan) for (const engine of options.engines) yield { ...cell, engine, workload, status: "not run", reason: missing };
    if (missing) continue;
    /** @type {({ engine: string } & Opened)[]} */
    const loaded = [];
    const takes = (/** @type {typeof plan[number]} */ { quickEngines }, /** @type {string} */ engine) => !options.quick || !quickEngines || quickEngines.includes(engine);
    for (const engine of options.engines.filter((it) => plan.some((comparison) => takes(comparison, it)))) {
      log(`${id}: loading ${engine}`);
      const tab = await loadEngine(context, engine, id);
      if ("reason" in tab) for (const { workload } of plan) yield { ...cell, engine, workload, status: "not run", reason: tab.reason };
      else loaded.push({ engine, ...tab });
    }
    const pairs = await pairsOf(id);
    const fp32 = await fp32Logits(id, pairs).catch((error) => void log(`${id}: no fp32 logits to compare with, so engines are compared with ours: ${firstLine(error)}`));
    for (const comparison of plan) {
      const { workload, cannot } = comparison;
      if (cannot) for (const { engine } of loaded) yield { ...cell, engine, workload, status: "not run", reason: cannot };
      if (cannot) continue;
      log(`${id}: ${workload}`);
      const taking = loaded.filter(({ engine }) => takes(comparison, engine));
      const request = await makeRequest(id, WORKLOADS[workload].tokens);
      for (const { engine, samples, agreement, reason } of await compare(taking, request, { rounds: options.rounds, steadyMs, pairs, fp32: fp32 ?? undefined })) {
        const found = { ...cell, engine, workload, ...(agreement ? { agreement } : {}) };
        yield reason === undefined ? { ...found, status: "measured", samples } : { ...found, status: "not run", reason };
      }
    }
    for (const tab of loaded) await tab.close();
  }
}

/**
 * @param {Pick<import("./index.mjs").Context, "browser" | "url">} context @param {string} engine @param {string} model
 * @returns {Promise<Opened | { reason: string }>}
 */
export async function loadEngine({ browser, url }, engine, model) {
  const { cannot, only, inNode } = ENGINES[engine];
  if (cannot && !only?.includes(model)) return { reason: cannot };
  if (inNode) return openNode(model).catch((error) => ({ reason: firstLine(error) }));
  const tab = await openAlone(browser, pageFor(url, engine));
  try {
    await tab.call("load", wanted(engine, model));
    if (engine === "ours-workers" && tab.workers() === 0) throw new Error("this version of the package starts no workers");
    return tab;
  } catch (error) {
    await tab.close();
    return { reason: firstLine(error) };
  }
}
