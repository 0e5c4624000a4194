// @ts-check
// `npm run bench`: builds, packs, installs the tarballs and the peers, measures, reports.
//
//   npm run bench -- --help

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { dirname, join } from "node:path";

import { build } from "../../pkg-template/build.mjs";
import { openAlone } from "./browsers/tab.mjs";
import { ENGINES } from "./engines/registry.mjs";
import { installPackage } from "./install.mjs";
import { METHOD } from "./compare.mjs";
import { measureAll } from "./measure.mjs";
import { USAGE, readOptions } from "./options.mjs";
import { KEPT } from "./paths.mjs";
import { installPeers, versionOf } from "./peers.mjs";
import { markdown } from "./report/markdown.mjs";
import { busyElsewhere, warningOf } from "./quiet.mjs";
import { latest, newRunId, put } from "./results.mjs";
import { packageDigest, resumed } from "./resume.mjs";
import { SECTIONS } from "./sections/index.mjs";
import { serveBench } from "./server.mjs";

const since = (/** @type {number} */ start) => Math.round((performance.now() - start) / 1_000);
/** With the seconds since the start: a run takes minutes. */
const log = (/** @type {string} */ line) => process.stderr.write(`bench: ${(performance.now() / 1_000).toFixed(0).padStart(4)} s  ${line}\n`);

/** @param {import("./options.mjs").Options} options */
async function main(options) {
  const began = performance.now();
  if (options.build) await build();
  installPeers();
  log(`installed and built after ${since(began)} s`);
  const installed = await installPackage();
  const { openChromium } = await import("./browsers/chromium.mjs");
  const server = await serveBench(installed);
  const browser = await openChromium();
  try {
    const fresh = await newResults(options, browser, server.url, installed);
    const results = options.resume ? resumed(JSON.parse(readFileSync(options.resume, "utf8")), fresh) : fresh;
    const file = options.out ?? options.resume ?? join(KEPT, "runs", `${results.run}.json`);
    mkdirSync(dirname(file), { recursive: true });
    let part = Math.max(0, ...results.cells.map((/** @type {import("./results.mjs").Cell} */ cell) => cell.part));
    const run = { part: () => ({ run: results.run, part: ++part }) };
    /** @type {import("./results.mjs").Piece} */
    const piece = { startedAt: new Date().toISOString(), seconds: 0, busyBefore: await busyElsewhere(), asked: process.argv.slice(2).filter((it, at, all) => !/^--(resume|out)$/.test(it) && !/^--(resume|out)$/.test(all[at - 1] ?? "")).join(" ") };
    (results.pieces ??= []).push(piece);
    const warning = warningOf(piece.busyBefore);
    if (warning) log(warning);
    const start = performance.now();
    // After each cell: who is stopped in the middle keeps what is there.
    const add = (/** @type {import("./results.mjs").Cell} */ cell) => {
      put(results.cells, cell);
      piece.seconds = since(start);
      writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
    };
    const sections = Object.fromEntries(options.sections.map((id) => [id, SECTIONS[id].measure]));
    const context = { options, url: server.url, pkg: installed.pkg, browser, browsers: results.browsers, run, log };
    for await (const cell of measureAll(sections, context, openChromium)) add(cell);
    results.cells = latest(results.cells);
    writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
    console.log(markdown(results));
    log(`measured in ${since(start)} s, ${since(began)} s in all`);
    log(`results: ${file}`);
  } finally {
    await browser.close();
    await server.close();
  }
}

/**
 * @param {import("./options.mjs").Options} options
 * @param {import("./browsers/chromium.mjs").Browser} browser @param {string} url @param {{ pkg: string, model: string }} installed
 */
async function newResults(options, browser, url, { pkg, model }) {
  const tab = await openAlone(browser, `${url}/`);
  const relaxedDot = await tab.call("relaxedDot");
  await tab.close();
  const packages = [...new Set(Object.values(ENGINES).map((engine) => engine.package))].filter((name) => name !== "rerank-wasm");
  const { version } = JSON.parse(readFileSync(join(pkg, "package.json"), "utf8"));
  return {
    run: newRunId(),
    startedAt: new Date().toISOString(),
    quick: options.quick,
    package: packageDigest(pkg, model),
    machine: { cpu: cpus()[0].model, cores: cpus().length, memoryGB: Math.round(totalmem() / 2 ** 30), relaxedDot },
    browsers: { [browser.name]: browser.version },
    versions: { "rerank-wasm": version, ...Object.fromEntries(packages.map((name) => [name, versionOf(name)])) },
    method: METHOD,
    /** @type {import("./results.mjs").Piece[]} */
    pieces: [],
    /** @type {import("./results.mjs").Cell[]} */
    cells: [],
  };
}

// At once: what its pages answer to that is no result.
for (const [signal, code] of /** @type {const} */ ([["SIGINT", 130], ["SIGTERM", 143]])) {
  process.once(signal, () => {
    log(`stopped by ${signal}; what was measured is in the results, --resume goes on`);
    process.exit(code);
  });
}
try {
  const options = readOptions(process.argv.slice(2));
  if (options === "help") console.log(USAGE);
  else await main(options);
} catch (error) {
  const { code, message, stack } = /** @type {any} */ (error);
  const isArgument = code === "ERR_BENCH_ARGUMENT" || String(code).startsWith("ERR_PARSE_ARGS");
  process.stderr.write(isArgument ? `bench: ${message}\n\n${USAGE}` : `bench: ${stack}\n`);
  process.exitCode = isArgument ? 2 : 1;
}
