// @ts-check
// What loading costs, in Chromium: peak wasm memory and time of this package, beside onnxruntime-web in the same run.
//
//   node tests/bench/load.mjs [--no-build] [--only default,bce,bge] [--rounds 3]
//
// Both get the same file's bytes, which are in memory already, each time in a page of its own; ours reads its tokenizer too.
// Both fetch and compile their wasm within that time; their JavaScript was imported before.
// Times are medians of interleaved rounds, the ratio that of rounds' ratios. Fails where this package takes more memory than it promises.

import { parseArgs } from "node:util";

import { build } from "../../pkg-template/build.mjs";
import { openAlone, pageFor, wanted } from "./browsers/tab.mjs";
import { installPackage } from "./install.mjs";
import { prepareModel } from "./models.mjs";
import { installPeers, versionOf } from "./peers.mjs";
import { serveBench } from "./server.mjs";
import { median } from "./statistics.mjs";

/** What a file of so many bytes may take in all: design/engine.md, part 4. @param {number} size */
const mostMemory = (size) => 1.15 * size + 64e6;

const SHAPES = ["default", "bce", "bge"];

const { values } = parseArgs({ options: { "no-build": { type: "boolean", default: false }, only: { type: "string", default: SHAPES.join(",") }, rounds: { type: "string", default: "3" } } });
if (!values["no-build"]) await build();
installPeers();
const { openChromium } = await import("./browsers/chromium.mjs");
const server = await serveBench(await installPackage());
const browser = await openChromium();
const mb = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(1);
try {
  console.log(`${browser.name} ${browser.version}, onnxruntime-web ${versionOf("onnxruntime-web")}; one thread each\n`);
  console.log("| model | file MB | peak wasm MB | allowed MB | memory / file | its peak MB | load ms | its session ms | ours / its |");
  console.log("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
  for (const id of values.only.split(",")) {
    const { title, modelBytes } = prepareModel(id);
    const rounds = [];
    for (let round = 0; round < Number(values.rounds); round++) rounds.push({ ours: await load("ours", id), ort: await load("ort", id) });
    const of = (/** @type {(round: typeof rounds[number]) => number} */ number) => median(rounds.map(number));
    const peak = Math.max(...rounds.map(({ ours }) => ours.wasmBytes));
    console.log(
      `| ${title} | ${mb(modelBytes)} | ${mb(peak)} | ${mb(mostMemory(modelBytes))} | ${(peak / modelBytes).toFixed(2)} | ${mb(of(({ ort }) => ort.wasmBytes))} ` +
        `| ${of(({ ours }) => ours.ms).toFixed(0)} | ${of(({ ort }) => ort.ms).toFixed(0)} | ${of(({ ours, ort }) => ours.ms / ort.ms).toFixed(2)} |`,
    );
    if (peak > mostMemory(modelBytes)) {
      console.error(`${id}: ${mb(peak)} MB of wasm memory, ${mb(mostMemory(modelBytes))} are allowed`);
      process.exitCode = 1;
    }
  }
} finally {
  await browser.close();
  await server.close();
}

/** @param {string} engine @param {string} model @returns {Promise<{ ms: number, wasmBytes: number }>} */
async function load(engine, model) {
  const tab = await openAlone(browser, pageFor(server.url, engine));
  try {
    const { ms } = await tab.call("load", wanted(engine, model));
    const { wasmBytes } = await tab.call("memory");
    return { ms, wasmBytes };
  } finally {
    await tab.close();
  }
}
