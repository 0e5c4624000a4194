// @ts-check
// The peers of package.json here: installed when the bench runs, without their scripts.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { BENCH, PEERS } from "./paths.mjs";

/** Installs what package-lock.json names, unless that is there. */
export function installPeers() {
  const stamp = join(PEERS, ".rerank-wasm-lock");
  const wanted = createHash("sha256").update(readFileSync(join(BENCH, "package-lock.json"))).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: BENCH, stdio: ["ignore", 2, 2] });
  writeFileSync(stamp, wanted);
}

/** @param {string} name @returns {string | undefined} its version; `undefined` where it is not installed */
export function versionOf(name) {
  const path = join(PEERS, name, "package.json");
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).version : undefined;
}
