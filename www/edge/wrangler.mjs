// @ts-check
// Cloudflare's wrangler in this folder, installed when it is first wanted.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));

/** wrangler's own least. */
const LEAST_NODE = 22;

/**
 * @param {string[]} args @param {{ node?: string, quiet?: boolean }} [options] `quiet`: gives what it prints instead of showing it
 * @returns {{ status: number | null, output: string }}
 */
export function wrangler(args, { node = process.execPath, quiet = false } = {}) {
  install();
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", NO_COLOR: "1" };
  const program = join(HERE, "node_modules", "wrangler", "bin", "wrangler.js");
  const { status, stdout, stderr } = spawnSync(node, [program, ...args], { cwd: HERE, env, encoding: "utf8", stdio: quiet ? "pipe" : "inherit" });
  return { status, output: quiet ? stdout + stderr : "" };
}

/** The Node to run it on: this one, or npm's where this one is too old. */
export function newNode() {
  if (Number(process.versions.node.split(".")[0]) >= LEAST_NODE) return process.execPath;
  return join(HERE, "..", "..", "node_modules", "node", "bin", "node");
}

/** Once, and again when the lock file changes. */
function install() {
  const lock = readFileSync(join(HERE, "package-lock.json"), "utf8");
  const stamp = join(HERE, "node_modules", ".rerank-wasm-lock");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: HERE, stdio: ["ignore", 2, "inherit"] });
  writeFileSync(stamp, lock);
}
