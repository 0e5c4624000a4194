// @ts-check
// micro/ → wasm and its glue, with plain and with relaxed SIMD, as the package's own two binaries are built.

import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { KEPT, ROOT } from "./paths.mjs";

/** Where the server finds them: a folder each. */
export const MICRO = join(KEPT, "micro");
const TARGET = join(ROOT, "target");

/** Builds both; minutes when the crate has changed. */
export function buildMicro() {
  const cargo = (/** @type {string[]} */ args, env = {}) =>
    execFileSync("cargo", ["build", "--locked", "--quiet", ...args], { cwd: ROOT, stdio: ["ignore", 2, 2], env: { ...process.env, ...env } });
  cargo(["-p", "bindgen", "--profile", "tools"]);
  for (const [name, features] of Object.entries({ simd128: [], relaxed: ["--features", "relaxed"] })) {
    cargo(["-p", "micro", "--release", "--target", "wasm32-unknown-unknown", ...features], { RUSTFLAGS: "-Ctarget-feature=+simd128" });
    const to = join(MICRO, name);
    mkdirSync(to, { recursive: true });
    execFileSync(join(TARGET, "tools", "bindgen"), [join(TARGET, "wasm32-unknown-unknown", "release", "micro.wasm"), to, "micro"], { stdio: ["ignore", 2, 2] });
  }
}
