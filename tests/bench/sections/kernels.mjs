// @ts-check
// Single layers of the models: our kernels, stock tract, onnxruntime-web, in the same browser, each repeated inside its wasm.

import { openAlone } from "../browsers/tab.mjs";
import { compare, firstLine } from "../compare.mjs";
import { buildMicro } from "../micro.mjs";

/** Linear layers in int8: rows × inputs × outputs. */
const LINEAR = [[32, 384, 1_536], [128, 384, 384], [128, 384, 1_536], [128, 1_536, 384], [128, 768, 3_072], [128, 3_072, 768], [128, 1_024, 4_096], [512, 384, 1_536], [512, 1_024, 4_096]];
/** Attention of one document: tokens × heads × numbers of a head. */
const ATTENTION = [[128, 12, 32], [512, 12, 32], [128, 12, 64], [512, 12, 64], [512, 16, 64]];

/** @type {{ title: string, layer: import("../engines/layers.js").Linear | import("../engines/layers.js").Attention, operations: number }[]} */
export const LAYERS = [
  ...LINEAR.map(([rows, inputs, outputs]) => ({ title: `linear ${rows} × ${inputs} × ${outputs}`, layer: { rows, inputs, outputs }, operations: 2 * rows * inputs * outputs })),
  // Two products; what softmax takes is not counted.
  ...ATTENTION.map(([length, heads, head]) => ({ title: `attention ${length} × ${heads} × ${head}`, layer: { length, heads, head }, operations: 4 * length * length * heads * head })),
];

/**
 * What runs them; the first is what the others are compared with.
 * @type {Record<string, import("../engines/layers.js").Kernel & { linear?: boolean }>} `linear`: none but these
 */
export const KERNELS = {
  ours: { kind: "ours", binary: "relaxed" },
  ort: { kind: "ort" },
  "ours-multiply": { kind: "ours-multiply", binary: "relaxed", linear: true },
  "ours-simd128": { kind: "ours", binary: "simd128" },
  tract: { kind: "tract", binary: "simd128" },
};

/**
 * V8 runs a function in quick, slow code at first, and in optimized code some time after it was called often, when a thread has had time to
 * compile it: of a layer that is called a few dozen times, in part, nobody knows which of them was measured. So it optimizes at once, for every
 * engine alike; in a page that ranks for seconds all of this code is optimized.
 */
export const OPTIMIZED = "--js-flags=--no-liftoff";

/** Rounds of a layer take at least so long. */
const STEADY_MS = 4_000;

/** @param {import("./index.mjs").Context} context @returns {AsyncGenerator<import("../results.mjs").Cell>} */
export async function* measureKernels({ options, log, ...context }) {
  log("kernels: building");
  buildMicro(options.build);
  const { openChromium } = await import("../browsers/chromium.mjs");
  const browser = await openChromium([OPTIMIZED]);
  try {
    for (const layer of LAYERS) {
      log(`kernels: ${layer.title}`);
      yield* measureLayer({ ...context, browser }, layer, KERNELS, options.rounds);
    }
  } finally {
    await browser.close();
  }
}

/**
 * @param {Pick<import("./index.mjs").Context, "url" | "browser" | "run">} context @param {typeof LAYERS[number]} what
 * @param {typeof KERNELS} kernels @param {number} rounds
 * @returns {AsyncGenerator<import("../results.mjs").Cell>}
 */
export async function* measureLayer({ url, browser, run }, { title: workload, layer, operations }, kernels, rounds) {
  const cell = { ...run.part(), kind: "kernel", workload, browser: browser.name };
  const tabs = [];
  for (const [engine, { linear, ...kernel }] of Object.entries(kernels)) {
    if (linear && !("rows" in layer)) continue;
    const tab = await openAlone(browser, `${url}/`);
    try {
      await tab.call("openLayer", { ...kernel, layer });
      tabs.push({ engine, ...tab });
    } catch (error) {
      yield { ...cell, engine, status: "not run", reason: firstLine(error) };
      await tab.close();
    }
  }
  for (const { engine, samples, agreement, reason } of await compare(tabs, { query: "", documents: [], rows: [] }, { rounds, steadyMs: STEADY_MS, warmUp: { times: 4, ms: 700 } })) {
    if (reason === undefined) yield { ...cell, engine, agreement, status: "measured", samples, values: { operations, flags: OPTIMIZED } };
    else yield { ...cell, engine, agreement, status: "not run", reason };
  }
  for (const tab of tabs) await tab.close();
}
