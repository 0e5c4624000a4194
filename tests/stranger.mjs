// @ts-check
// Runs a folder of tests as a stranger's app: beside the frameworks of its own package-lock.json and the packed tarballs.
//
//   node tests/stranger.mjs adapters [file…]
//
// What it installs stays in .cache/<folder>, until the lock file changes.

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { ROOT, installed } from "./package/installed.mjs";

const STAMP = "installed-lock.json";
const KEPT = new Set(["node_modules", STAMP]);

/** @param {string} name a folder of tests/ with a package-lock.json @returns {string} the app */
export function strangersApp(name) {
  const from = join(ROOT, "tests", name);
  const app = join(ROOT, ".cache", name);
  const lock = readFileSync(join(from, "package-lock.json"), "utf8");
  const stamp = join(app, STAMP);
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
    rmSync(app, { recursive: true, force: true });
    copyTests(from, app);
    execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: app, stdio: ["ignore", 2, "inherit"] });
    writeFileSync(stamp, lock);
  }
  // As they are now: what was there once is not run.
  for (const there of readdirSync(app)) if (!KEPT.has(there)) rmSync(join(app, there), { recursive: true });
  copyTests(from, app);
  for (const [as, folder] of [["rerank-wasm", installed.pkg], ["rerank-wasm-model", installed.model]]) {
    const to = join(app, "node_modules", as);
    rmSync(to, { recursive: true, force: true });
    cpSync(folder, to, { recursive: true });
  }
  return app;
}

/** @param {string} from @param {string} app */
const copyTests = (from, app) => cpSync(from, app, { recursive: true, filter: (path) => !path.includes("node_modules") });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [name, ...wanted] = process.argv.slice(2);
  const app = strangersApp(name);
  const files = wanted.length ? wanted : readdirSync(app).filter((file) => file.endsWith(".test.mjs")).sort();
  const { status } = spawnSync(process.execPath, ["--test", "--test-reporter=spec", "--test-concurrency=1", ...files], { cwd: app, stdio: "inherit" });
  process.exitCode = status ?? 1;
}
