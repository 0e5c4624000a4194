// @ts-check
// The kernels alone, in Chromium, without building the package: for whoever changes one.
//
//   node tests/bench/kernels.mjs [--no-build] [--layers "linear 128,attention 512"] [--kernels ours,ort] [--rounds 5]
//
// The same as `npm run bench -- --sections kernels`, whose table this prints. GOPS are of the whole layer; a layer is repeated
// inside each engine's wasm, which V8 optimizes at once (--no-liftoff), and every engine's result is compared with ours before its time counts.

import { parseArgs } from "node:util";

import { installPeers } from "./peers.mjs";
import { KERNELS, LAYERS, OPTIMIZED, measureLayer } from "./sections/kernels.mjs";
import { buildMicro } from "./micro.mjs";
import { openAlone } from "./browsers/tab.mjs";
import { busyElsewhere, warningOf } from "./quiet.mjs";
import { serveLayers } from "./server.mjs";
import { SECTION_TABLES } from "./report/tables.mjs";

const { values } = parseArgs({
  options: {
    "no-build": { type: "boolean", default: false },
    layers: { type: "string", default: "linear,attention" },
    kernels: { type: "string", default: Object.keys(KERNELS).join(",") },
    rounds: { type: "string", default: "5" },
  },
});
const ids = values.kernels.split(",");
const wanted = values.layers.split(",").map((it) => it.trim().replaceAll(/\s*[x×]\s*/g, " × "));
const kernels = Object.fromEntries(Object.entries(KERNELS).filter(([id]) => ids.includes(id)));
const binaries = [...new Set(Object.values(kernels).flatMap(({ binary }) => binary ?? []))];
buildMicro(!values["no-build"], binaries);
installPeers();
const { openChromium } = await import("./browsers/chromium.mjs");
const server = await serveLayers();
const browser = await openChromium([OPTIMIZED]);
let part = 0;
const run = { part: () => ({ run: "kernels", part: ++part }) };
/** @type {import("./results.mjs").Cell[]} */
const cells = [];
try {
  const warning = warningOf(await busyElsewhere());
  if (warning) console.log(`${warning}\n`);
  const tab = await openAlone(browser, `${server.url}/`);
  console.log(`${browser.name} ${browser.version}, relaxed dot ${await tab.call("relaxedDot")}\n`);
  await tab.close();
  for (const layer of LAYERS.filter(({ title }) => wanted.some((start) => title.startsWith(start)))) {
    for await (const cell of measureLayer({ url: server.url, browser, run }, layer, kernels, Number(values.rounds))) cells.push(cell);
  }
  console.log(SECTION_TABLES.Kernels(/** @type {any} */ ({ cells })));
} finally {
  await browser.close();
  await server.close();
}
