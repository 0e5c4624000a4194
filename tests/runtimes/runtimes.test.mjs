// @ts-check
// The table runtime × entry of the README, each cell a test that ran, from the packed tarballs:
//
//   node tests/stranger.mjs runtimes          Node of the machine, of the long-term line and of npm, Deno, Bun, workerd, Vercel's edge runtime
//   RERANK_FULL=1 …                           and Chromium, Firefox, WebKit, where they are installed
//   RERANK_UPDATE=1 …                         writes the README's table, which takes all of them

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";

import { startContractServer } from "../../tests/package/contract-server.mjs";
import { ROOT } from "../../tests/package/installed.mjs";
import { DMXAPI_KEY } from "../../tests/package/remote-fixtures.mjs";
import { chromium, firefox, webkit } from "./browsers.mjs";
import { bun, deno, edgeRuntime, inProcess, onPath, workerd } from "./runners.mjs";

const FULL = Boolean(process.env.RERANK_FULL || process.env.RERANK_UPDATE);
const ENTRIES = ["./local", "./remote"];
const BEST = "Ulaanbaatar is the capital and the largest city of Mongolia.";
/** What a runtime cannot do, and the error that says so. @type {Record<string, Record<string, RegExp>>} */
const CANNOT = { "Vercel edge-runtime": { "./local": /^wasm_unavailable: .*RemoteReranker/ } };

/** The machine's own Node: the one this runs on is npm's, and stands before it on the PATH. */
const ownNode = process.env.npm_node_execpath ?? onPath("node") ?? process.execPath;

/** @type {Record<string, () => Promise<import("./runners.mjs").Runner | undefined> | undefined>} */
const runtimes = {
  "Node of the machine": () => inProcess(ownNode),
  "Node of the long-term line": () => inProcess(join(import.meta.dirname, "node_modules", "node", "bin", "node")),
  "Node of npm": () => inProcess(join(ROOT, "node_modules", "node", "bin", "node")),
  Deno: deno,
  Bun: bun,
  workerd,
  "Vercel edge-runtime": edgeRuntime,
  ...(FULL ? { Chromium: chromium, Firefox: firefox, WebKitGTK: webkit } : {}),
};

const server = await startContractServer();
const where = { baseUrl: server.baseUrl, apiKey: DMXAPI_KEY };
after(() => server.close());

/** Those with workers of their own, by a thread each. */
const WITH_THREADS = ["Node of the machine", "Node of npm", "Deno", "Bun"];
/** Pages. Most of what workers do there is tested in tests/package, in two of them. */
const WITH_PAGES = ["Chromium", "Firefox", "WebKitGTK"];
for (const name of WITH_THREADS) {
  test(`${name}: workers rank, with a copy of the model or a part of it each`, async () => {
    const { run } = await /** @type {Promise<import("./runners.mjs").Runner>} */ (runtimes[name]());
    assert.deepEqual(await run("workers", { ...where, models: join(ROOT, "tests", "models") }), { answer: "the same scores" });
  });
}

/** @type {string[]} */
const rows = [];
for (const [name, open] of Object.entries(runtimes)) {
  test(name, async (t) => {
    const runner = await open();
    if (!runner) return t.skip(`${name} is not installed here`);
    const { run, version, close } = runner;
    try {
      const cells = [];
      for (const entry of ENTRIES) cells.push(await outcome(name, entry, await run(entry, where)));
      if (WITH_PAGES.includes(name)) assert.deepEqual(await run("workers", { ...where, models: "/models" }), { answer: "the same scores" }, `workers in ${name}`);
      t.diagnostic(`${name} ${version}: ${cells.join(", ")}`);
      rows.push(`| ${label(name, version)} | ${cells.join(" | ")} |`);
    } finally {
      await close?.();
    }
  });
}

/** @param {string} name @param {string} entry @param {{ answer?: string, error?: string }} found @returns {Promise<string>} the cell */
async function outcome(name, entry, { answer, error }) {
  const refusal = CANNOT[name]?.[entry];
  if (refusal) {
    assert.match(String(error), refusal, `${name}, ${entry}`);
    return "says why not";
  }
  assert.equal(error, undefined, `${name}, ${entry}`);
  assert.equal(answer, entry === "./local" ? BEST : "bge-reranker-v2-m3-free: 2 ranked", `${name}, ${entry}`);
  return "ranks";
}

/** @param {string} name @param {string} version */
const label = (name, version) => `${name.replace(/ of .*$/, "")} ${name === "workerd" ? version.replace(/^1\./, "") : version.split(".")[0]}`;

test("the README's table has a row for each runtime", () => {
  const path = join(ROOT, "README.md");
  const readme = readFileSync(path, "utf8");
  if (process.env.RERANK_UPDATE) {
    assert.equal(rows.length, Object.keys(runtimes).length, "every runtime has to be installed for this");
    const table = ["| runtime | `rerank-wasm/local` | `rerank-wasm/remote` |", "|---|---|---|", ...rows].join("\n");
    writeFileSync(path, readme.replace(/<!-- runtimes -->[^]*<!-- \/runtimes -->/, `<!-- runtimes -->\n${table}\n<!-- /runtimes -->`));
    return;
  }
  const written = /<!-- runtimes -->[^]*<!-- \/runtimes -->/.exec(readme)?.[0] ?? "";
  for (const row of rows) {
    // Versions are those of the day it was written.
    const [, name, ...cells] = row.split("|").map((cell) => cell.trim());
    const known = written.split("\n").find((line) => line.includes(`| ${name.replace(/ [\d.]+$/, "")} `));
    assert.deepEqual(known?.split("|").slice(2).map((cell) => cell.trim()), cells, name);
  }
});
