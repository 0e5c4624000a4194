// @ts-check
// Whether a page stays responsive: the tasks of its main thread in Chromium while the default model loads and ranks on workers,
// from the network alone, into an empty cache, and out of a full one.
//
//   node tests/bench/thread.mjs [--no-build] [--rounds 5]
//
// Blocked is what a task of that thread itself takes: its CPU time, which the browser's trace has of each task. What passes on the clock
// is longer where more threads want to run than the machine has cores: on two cores two workers, the compiler's threads, the browser's
// network and this server push the page's thread aside in the middle of a task, whatever it does. Both are told; the clock's time means
// something on a machine that does nothing else. Long tasks are what a page's own PerformanceObserver is told of, on the clock: 50 ms and more.
// Fails where one took 50 ms of CPU time.

import { parseArgs } from "node:util";

import { build } from "../../pkg-template/build.mjs";
import { openBare } from "./browsers/bare.mjs";
import { installPackage } from "./install.mjs";
import { prepareModel } from "./models.mjs";
import { installPeers } from "./peers.mjs";
import { serveBench } from "./server.mjs";
import { WORKLOADS } from "./workloads.mjs";

const MODEL = "default";
const WORKLOAD = "mixed20";
const LONG_MS = 50;
const CATEGORIES = ["toplevel", "disabled-by-default-devtools.timeline", "blink.user_timing"];
/** Way → the option cache. @type {Record<string, string>} */
const WAYS = { "no cache": "none", "empty cache": "require", "full cache": "require" };

/** @typedef {{ ms: number, cpuMs: number }} Task */

const { values } = parseArgs({ options: { "no-build": { type: "boolean", default: false }, rounds: { type: "string", default: "5" } } });
if (!values["no-build"]) await build();
// Their tokenizer counts what is ranked.
installPeers();
const { makeRequest } = await import("./documents.mjs");
const server = await serveBench(await installPackage());
const browser = await openBare();
try {
  prepareModel(MODEL);
  const request = await makeRequest(MODEL, WORKLOADS[WORKLOAD].tokens);
  /** @type {Record<string, { tasks: Task[], told: number[], ms: number[] }>} */
  const found = Object.fromEntries(Object.keys(WAYS).map((way) => [way, { tasks: [], told: [], ms: [] }]));
  for (let round = 0; round < Number(values.rounds); round++) {
    const profile = await browser.newProfile();
    for (const [way, cache] of Object.entries(WAYS)) {
      const { tasks, told, ms } = await watch(profile, { cache, request });
      found[way].tasks.push(...tasks);
      found[way].told.push(...told);
      found[way].ms.push(ms);
    }
  }
  console.log(`Chromium ${browser.version}; default model on 2 workers, ${request.documents.length} mixed documents; ${values.rounds} rounds\n`);
  console.log("| cache | load and rank ms | tasks | told of as long, ms | longest ms on the clock (of CPU time) | most CPU time ms |");
  console.log("|---|---:|---:|---|---:|---:|");
  for (const [way, { tasks, told, ms }] of Object.entries(found)) {
    const longest = most(tasks, (it) => it.ms);
    const busiest = most(tasks, (it) => it.cpuMs);
    const all = told.length ? told.map((it) => it.toFixed(0)).join(", ") : "none";
    console.log(`| ${way} | ${Math.min(...ms).toFixed(0)}–${Math.max(...ms).toFixed(0)} | ${tasks.length} | ${all} | ${longest.ms.toFixed(1)} (${longest.cpuMs.toFixed(1)}) | ${busiest.cpuMs.toFixed(1)} |`);
    if (busiest.cpuMs >= LONG_MS) process.exitCode = 1;
  }
} finally {
  await browser.close();
  await server.close();
}

/** @param {string} profile @param {{ cache: string, request: object }} what @returns {Promise<{ tasks: Task[], told: number[], ms: number }>} */
async function watch(profile, { cache, request }) {
  const page = await browser.open(profile, `${server.url}/`);
  const wanted = { adapter: "rerank-wasm.js", model: MODEL, options: { workers: 2, cache, streams: true }, request };
  const { value, events } = await browser.trace(CATEGORIES, () => page.evaluate(`(${inPage})(${JSON.stringify(wanted)})`));
  await page.close();
  return { tasks: tasksOf(events), ...value };
}

/** @param {object} wanted @returns {Promise<{ told: number[], ms: number }>} */
async function inPage(wanted) {
  /** @type {number[]} */
  const told = [];
  new PerformanceObserver((list) => told.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });
  performance.mark("rerank-wasm begins");
  const { ms } = await /** @type {any} */ (globalThis).bench.start(wanted);
  performance.mark("rerank-wasm ends");
  // The observer is told a little later.
  await new Promise((done) => setTimeout(done, 100));
  return { ms, told };
}

/** Those of the thread that set the marks, between them. @param {any[]} events in microseconds @returns {Task[]} */
function tasksOf(events) {
  const [begin, end] = ["begins", "ends"].map((which) => events.find(({ name }) => name === `rerank-wasm ${which}`));
  if (!begin || !end) throw new Error("expected both marks in the trace, found not both");
  const isOurs = (/** @type {any} */ it) => it.name === "RunTask" && it.pid === begin.pid && it.tid === begin.tid && it.ts + it.dur >= begin.ts && it.ts <= end.ts;
  return events.filter(isOurs).map(({ dur, tdur = dur }) => ({ ms: dur / 1000, cpuMs: tdur / 1000 }));
}

/** @template T @param {T[]} all @param {(one: T) => number} of @returns {T} */
function most(all, of) {
  return all.reduce((a, b) => (of(b) > of(a) ? b : a));
}
