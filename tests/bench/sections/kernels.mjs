// @ts-check
// Single layers of the models: our kernels, stock tract, onnxruntime-web, in the same browser.

import { openAlone } from "../browsers/tab.mjs";
import { compare, firstLine } from "../compare.mjs";
import { buildMicro } from "../micro.mjs";

/** Linear layers in int8: rows × inputs × outputs. */
const LINEAR = [[32, 384, 1_536], [128, 384, 384], [128, 384, 1_536], [128, 1_536, 384], [128, 768, 3_072], [128, 1_024, 4_096], [512, 384, 1_536]];
/** Attention of one document: tokens × heads × numbers of a head. */
const ATTENTION = [[128, 12, 32], [512, 12, 32], [128, 12, 64], [512, 12, 64]];

const LAYERS = [
  ...LINEAR.map(([rows, inputs, outputs]) => ({ name: "linear", layer: { rows, inputs, outputs }, operations: 2 * rows * inputs * outputs })),
  // Two products; what softmax takes is not counted.
  ...ATTENTION.map(([length, heads, head]) => ({ name: "attention", layer: { length, heads, head }, operations: 4 * length * length * heads * head })),
];

/** What runs them; the first is what the others are compared with. */
const KERNELS = {
  ours: { kind: "ours", binary: "relaxed" },
  "ours-simd128": { kind: "ours", binary: "simd128" },
  tract: { kind: "tract", binary: "simd128" },
  ort: { kind: "ort" },
};

/** @param {import("./index.mjs").Context} context @returns {AsyncGenerator<import("../results.mjs").Cell>} */
export async function* measureKernels({ options, url, browser, run, log }) {
  log("kernels: building");
  buildMicro(options.build);
  for (const { name, layer, operations } of LAYERS) {
    const workload = `${name} ${Object.values(layer).join(" × ")}`;
    log(`kernels: ${workload}`);
    const cell = { ...run.part(), kind: "kernel", workload, browser: browser.name };
    const tabs = [];
    for (const [engine, kernel] of Object.entries(KERNELS)) {
      const tab = await openAlone(browser, `${url}/`);
      try {
        await tab.call("openLayer", { ...kernel, layer });
        tabs.push({ engine, ...tab });
      } catch (error) {
        yield { ...cell, engine, status: "not run", reason: firstLine(error) };
        await tab.close();
      }
    }
    for (const { engine, samples, agreement, reason } of await compare(tabs, { query: "", documents: [], rows: [] }, { rounds: options.rounds, warmUp: { times: 3, ms: 500 } })) {
      if (reason === undefined) yield { ...cell, engine, agreement, status: "measured", samples, values: { operations } };
      else yield { ...cell, engine, agreement, status: "not run", reason };
    }
    for (const tab of tabs) await tab.close();
  }
}
