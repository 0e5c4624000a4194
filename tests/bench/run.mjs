// @ts-check
// `npm run bench`: builds, packs, installs the tarballs and the peers, measures, reports.
//
//   npm run bench -- --help

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { dirname, join } from "node:path";

import { build } from "../../pkg-template/build.mjs";
import { openAlone } from "./browsers/tab.mjs";
import { firstLine } from "./compare.mjs";
import { ENGINES } from "./engines/registry.mjs";
import { installPackage } from "./install.mjs";
import { USAGE, readOptions } from "./options.mjs";
import { KEPT } from "./paths.mjs";
import { installPeers, versionOf } from "./peers.mjs";
import { markdown } from "./report/markdown.mjs";
import { newRunId } from "./results.mjs";
import { SECTIONS } from "./sections/index.mjs";
import { serveBench } from "./server.mjs";

const log = (/** @type {string} */ line) => process.stderr.write(`bench: ${line}\n`);

/** @param {import("./options.mjs").Options} options */
async function main(options) {
  if (options.build) await build();
  installPeers();
  const installed = await installPackage();
  const { openChromium } = await import("./browsers/chromium.mjs");
  const server = await serveBench(installed);
  let browser = await openChromium();
  try {
    const results = options.resume ? JSON.parse(readFileSync(options.resume, "utf8")) : await newResults(options, browser, server.url);
    const file = options.out ?? options.resume ?? join(KEPT, "runs", `${results.run}.json`);
    mkdirSync(dirname(file), { recursive: true });
    let part = Math.max(0, ...results.cells.map((/** @type {import("./results.mjs").Cell} */ cell) => cell.part));
    const run = { part: () => ({ run: results.run, part: ++part }) };
    const add = (/** @type {import("./results.mjs").Cell} */ cell) => {
      results.cells.push(cell);
      writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
    };
    for (const section of options.sections) {
      try {
        for await (const cell of SECTIONS[section].measure({ options, url: server.url, pkg: installed.pkg, browser, browsers: results.browsers, run, log })) add(cell);
      } catch (error) {
        // The browser itself, or the bench: the other sections still count.
        log(`${section}: ${/** @type {Error} */ (error).stack}`);
        add({ ...run.part(), kind: section, engine: "all", status: "not run", reason: firstLine(error) });
        await browser.close();
        browser = await openChromium();
      }
    }
    console.log(markdown(results));
    log(`results: ${file}`);
  } finally {
    await browser.close();
    await server.close();
  }
}

/**
 * @param {import("./options.mjs").Options} options
 * @param {import("./browsers/chromium.mjs").Browser} browser @param {string} url
 */
async function newResults(options, browser, url) {
  const tab = await openAlone(browser, `${url}/`);
  const relaxedDot = await tab.call("relaxedDot");
  await tab.close();
  const packages = [...new Set(Object.values(ENGINES).map((engine) => engine.package))].filter((name) => name !== "rerank-wasm");
  return {
    run: newRunId(),
    startedAt: new Date().toISOString(),
    quick: options.quick,
    machine: { cpu: cpus()[0].model, cores: cpus().length, memoryGB: Math.round(totalmem() / 2 ** 30), relaxedDot },
    browsers: { [browser.name]: browser.version },
    versions: Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
    /** @type {import("./results.mjs").Cell[]} */
    cells: [],
  };
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
