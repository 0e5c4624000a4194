// @ts-check
// `npm run bench`: builds, packs, installs the tarballs and the peers, measures, reports.
//
//   npm run bench -- --help

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
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
    const results = await newResults(options, browser, server.url, installed.pkg);
    if (options.resume) Object.assign(results, resumed(JSON.parse(readFileSync(options.resume, "utf8")), results));
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
      }
      // A browser that went down with a peer is replaced.
      if (!browser.isAlive()) browser = await openChromium();
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
 * @param {import("./browsers/chromium.mjs").Browser} browser @param {string} url @param {string} pkg
 */
async function newResults(options, browser, url, pkg) {
  const tab = await openAlone(browser, `${url}/`);
  const relaxedDot = await tab.call("relaxedDot");
  await tab.close();
  const packages = [...new Set(Object.values(ENGINES).map((engine) => engine.package))].filter((name) => name !== "rerank-wasm");
  const { version } = JSON.parse(readFileSync(join(pkg, "package.json"), "utf8"));
  return {
    run: newRunId(),
    startedAt: new Date().toISOString(),
    quick: options.quick,
    package: digest(pkg),
    machine: { cpu: cpus()[0].model, cores: cpus().length, memoryGB: Math.round(totalmem() / 2 ** 30), relaxedDot },
    browsers: { [browser.name]: browser.version },
    versions: { "rerank-wasm": version, ...Object.fromEntries(packages.map((name) => [name, versionOf(name)])) },
    /** @type {import("./results.mjs").Cell[]} */
    cells: [],
  };
}

/** An earlier run, if it was of the same package, machine and versions. @param {any} earlier @param {any} now */
function resumed(earlier, now) {
  for (const key of ["package", "machine", "versions"]) {
    const [found, expected] = [JSON.stringify(earlier[key]), JSON.stringify(now[key])];
    if (found !== expected) throw Object.assign(new Error(`--resume: expected ${key} ${expected}, found ${found}; start a new run`), { code: "ERR_BENCH_ARGUMENT" });
  }
  return earlier;
}

/** Of all files of a package: the same digest is the same code. @param {string} folder */
function digest(folder) {
  const hash = createHash("sha256");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => /\.(js|wasm)$/.test(file)).sort();
  for (const file of files) hash.update(file).update(readFileSync(join(folder, file)));
  return hash.digest("hex").slice(0, 16);
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
