// @ts-check
// Large models once, not n times, in Chromium: wasm memory in all and documents per second, of one worker and of the model split
// over two, with its word table left in the cache and without one.
//
//   node tests/bench/once.mjs [--no-build] [--only bce,bge] [--rounds 3] [--documents 8] [--tokens 128]
//
// Rounds are interleaved; rates are medians. Fails where resident memory is above what issue 8 allows, or scores differ.

import { parseArgs } from "node:util";

import { build } from "../../pkg-template/build.mjs";
import { openAlone, pageFor } from "./browsers/tab.mjs";
import { makeRequest } from "./documents.mjs";
import { installPackage } from "./install.mjs";
import { prepareModel } from "./models.mjs";
import { installPeers } from "./peers.mjs";
import { serveBench } from "./server.mjs";
import { median } from "./statistics.mjs";

/** Bytes of wasm memory of a model whose word table is left in the cache. @type {Record<string, number>} */
const RESIDENT = { bce: 130e6, bge: 360e6 };
/** @type {Record<string, object>} */
const WAYS = {
  "1 worker, all in memory": { workers: 1, cache: "none" },
  "1 worker, table in cache": { workers: 1, cache: "auto" },
  "2 workers, split": { workers: 2, cache: "none", maxMemoryBytes: 1 },
  "2 workers, split, table in cache": { workers: 2, cache: "auto", maxMemoryBytes: 1 },
};

const { values } = parseArgs({
  options: {
    "no-build": { type: "boolean", default: false },
    only: { type: "string", default: "bce,bge" },
    rounds: { type: "string", default: "3" },
    documents: { type: "string", default: "8" },
    tokens: { type: "string", default: "128" },
  },
});
if (!values["no-build"]) await build();
installPeers();
const { openChromium } = await import("./browsers/chromium.mjs");
const server = await serveBench(await installPackage());
const browser = await openChromium();
const count = Number(values.documents);
try {
  console.log(`${browser.name} ${browser.version}; ${count} documents of ${values.tokens} tokens; ${values.rounds} rounds\n`);
  console.log("| model | way | wasm MB in all | load and first ms | documents/s | of one worker |");
  console.log("|---|---|---:|---:|---:|---:|");
  for (const id of values.only.split(",")) {
    const { title } = prepareModel(id);
    const request = await makeRequest(id, Array.from({ length: count }, () => Number(values.tokens)));
    const tabs = [];
    for (const [way, options] of Object.entries(WAYS)) {
      const tab = await openAlone(browser, pageFor(server.url, "ours"));
      const wanted = { adapter: "rerank-wasm.js", model: id, options: { ...options, streams: true } };
      const { ms, facts } = await tab.call("start", { ...wanted, request: { ...request, documents: request.documents.slice(0, 1) } });
      const memory = facts.notes.find((/** @type {string} */ note) => note.startsWith("memory: "));
      tabs.push({ way, tab, ms, megabytes: Number(/([\d.]+) MB/.exec(memory)?.[1]), /** @type {number[]} */ rates: [], logits: "" });
    }
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const it of tabs) {
        const { ms, logits } = await it.tab.call("score", { request, repeats: 1 });
        it.rates.push((1000 * count) / ms);
        it.logits = JSON.stringify(logits);
      }
    }
    const [first] = tabs.map(({ rates }) => median(rates));
    for (const { way, tab, ms, megabytes, rates, logits } of tabs) {
      const rate = median(rates);
      console.log(`| ${title} | ${way} | ${megabytes.toFixed(1)} | ${ms.toFixed(0)} | ${rate.toFixed(2)} | ${(rate / first).toFixed(2)} |`);
      if (logits !== tabs[0].logits) fail(`${id}, ${way}: other scores than those of one worker`);
      if (way.startsWith("1 worker, table") && megabytes * 1e6 > RESIDENT[id]) fail(`${id}: ${megabytes} MB of wasm memory, ${RESIDENT[id] / 1e6} are allowed`);
      await tab.close();
    }
  }
} finally {
  await browser.close();
  await server.close();
}

/** @param {string} message */
function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
