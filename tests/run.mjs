// @ts-check
// `npm test`: builds, packs, installs the tarballs into an empty folder and runs everything against them.
//
//   node tests/run.mjs [--full]
//
// The last line counts: N passed, N failed.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { build, stages } from "../pkg-template/build.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** What a stranger has: both tarballs in an empty folder. */
const APP = join(ROOT, ".cache", "app");
process.env.RERANK_APP = APP;
const FULL = process.argv.includes("--full");
/** No step takes a third of it: one that hangs is named, with what it said until then. */
const STEP_MS = 1_800_000;
/** A Node with relaxed SIMD, and new enough for miniflare. */
const NEW_NODE = join(ROOT, "node_modules", "node", "bin", "node");

/** The machine's own: `npm run` puts node_modules/.bin before it on the PATH, where the other one is. */
const OWN_NODE = process.env.npm_node_execpath ?? process.execPath;

const totals = { passed: 0, failed: 0 };

await build();
step("cargo test", "cargo", ["test", "--locked", "--workspace"], rustCounts);
const installing = performance.now();
const { installTarballs } = await import("./package/installed.mjs");
installTarballs(APP);
stages["pack and install"] = (performance.now() - installing) / 1000;
for (const [name, node, files] of /** @type {[string, string, string[]][]} */ ([
  ["Node of the machine", OWN_NODE, ["local", "remote", "schedules", "leaks"]],
  ["Node of npm, with relaxed SIMD", NEW_NODE, ["local", "remote", "chains", "workers-ai", "workerd", "proxy", "edge"]],
  ["browser", NEW_NODE, ["chromium", "firefox", "vite"]],
])) {
  const tests = files.map((file) => join("tests", "package", `${file}.test.mjs`));
  step(name, node, ["--test", "--test-reporter=spec", "--test-concurrency=1", ...tests], nodeCounts);
}
step("bench", OWN_NODE, ["--test", "--test-reporter=spec", "--test-concurrency=1", ...["bench", "runs", "page"].map((file) => join("tests", "bench", `${file}.test.mjs`))], nodeCounts);
step("adapters", NEW_NODE, [join("tests", "stranger.mjs"), "adapters"], nodeCounts);
step("runtimes", NEW_NODE, [join("tests", "stranger.mjs"), "runtimes"], nodeCounts);
if (FULL) {
  step("adapter of Mastra", NEW_NODE, [join("tests", "stranger.mjs"), "mastra"], nodeCounts);
  step("edge deployment", NEW_NODE, ["--test", "--test-reporter=spec", join("tests", "edge", "deploy.test.mjs")], nodeCounts);
  step("docs", process.execPath, [join("www", "docs", "build.mjs")], exitCount);
  step("two clean builds", process.execPath, [join("tests", "publish", "reproducible.mjs")], checkCounts);
  step("bundlers", NEW_NODE, [join("tests", "stranger.mjs"), "bundlers"], nodeCounts);
}
step("what is published", process.execPath, [join("tests", "publish", "check.mjs")], checkCounts);
step("kernels in wasm", NEW_NODE, ["--test", "--test-reporter=spec", join("tests", "kernels", "kernels.test.mjs")], nodeCounts);
if (FULL) step("load", process.execPath, [join("tests", "bench", "load.mjs"), "--no-build"], exitCount);
step("types", process.execPath, [join("tests", "package", "types.mjs")], exitCount);
step("sizes", process.execPath, [join("tests", "sizes.mjs")], exitCount);
step("notice", process.execPath, [join("tests", "notice.mjs")], exitCount);

console.log(Object.entries(stages).map(([name, seconds]) => `${seconds.toFixed(1).padStart(8)} s  ${name}`).join("\n"));
const closing = `${totals.passed} passed, ${totals.failed} failed`;
writeFileSync(join(ROOT, ".cache", "totals.txt"), `${closing}\n`);
console.log(closing);
process.exitCode = totals.failed ? 1 : 0;

/**
 * @param {string} name @param {string} command @param {string[]} args
 * @param {(output: string, ok: boolean) => { passed: number, failed: number }} count
 */
function step(name, command, args, count) {
  process.stdout.write(`\n── ${name}\n`);
  const start = performance.now();
  const env = { ...process.env, RERANK_APP: APP, RERANK_FULL: FULL ? "1" : "", FORCE_COLOR: "0" };
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: ROOT, env, encoding: "utf8", maxBuffer: 1 << 28, timeout: STEP_MS });
  process.stdout.write(stdout + stderr);
  if (error) console.log(`${name}: ${error.message}`);
  const counted = count(stdout, status === 0);
  // A runner that failed without counting a failure, or that ran nothing, has failed.
  if ((status !== 0 && !counted.failed) || counted.passed + counted.failed === 0) counted.failed += 1;
  totals.passed += counted.passed;
  totals.failed += counted.failed;
  stages[name] = (performance.now() - start) / 1000;
}

/** @param {string} output */
function rustCounts(output) {
  const results = [...output.matchAll(/^test result: .*? (\d+) passed; (\d+) failed/gm)];
  return { passed: sum(results, 1), failed: sum(results, 2) };
}

/** @param {string} output */
function nodeCounts(output) {
  return { passed: sum([...output.matchAll(/^ℹ pass (\d+)/gm)], 1), failed: sum([...output.matchAll(/^ℹ fail (\d+)/gm)], 1) };
}

/** @param {string} output */
function checkCounts(output) {
  return { passed: output.match(/^✔ /gm)?.length ?? 0, failed: output.match(/^✖ /gm)?.length ?? 0 };
}

/** @param {string} _ @param {boolean} ok */
function exitCount(_, ok) {
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1 };
}

/** @param {RegExpMatchArray[]} matches @param {number} group */
function sum(matches, group) {
  return matches.reduce((total, match) => total + Number(match[group]), 0);
}
