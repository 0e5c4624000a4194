// @ts-check
// micro/ → wasm and its glue, with plain and with relaxed SIMD, as the package's own two binaries are built.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import { KEPT, ROOT } from "./paths.mjs";

/** Where the server finds them: a folder each. */
export const MICRO = join(KEPT, "micro");
/** A folder each, and what cargo is told. */
const VARIANTS = [["simd128"], ["relaxed", "--features", "relaxed"]];
const TARGET = join(ROOT, "target");

/** Builds both; minutes when the crate has changed. @param {boolean} anew without it, what is there counts */
export function buildMicro(anew) {
  if (!anew && VARIANTS.every(([name]) => existsSync(join(MICRO, name, "micro_bg.wasm")))) return;
  const cargo = (/** @type {string[]} */ args, env = {}) =>
    execFileSync("cargo", ["build", "--locked", "--quiet", ...args], { cwd: ROOT, stdio: ["ignore", 2, 2], env: { ...process.env, ...env } });
  cargo(["-p", "bindgen", "--profile", "tools"]);
  for (const [name, ...features] of VARIANTS) {
    cargo(["-p", "micro", "--release", "--target", "wasm32-unknown-unknown", ...features], { RUSTFLAGS: "-Ctarget-feature=+simd128" });
    const to = join(MICRO, name);
    mkdirSync(to, { recursive: true });
    execFileSync(join(TARGET, "tools", "bindgen"), [join(TARGET, "wasm32-unknown-unknown", "release", "micro.wasm"), to, "micro"], { stdio: ["ignore", 2, 2] });
  }
}
