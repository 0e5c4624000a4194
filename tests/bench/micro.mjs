// @ts-check
// micro/ → wasm and its glue, with plain and with relaxed SIMD, as the package's own two binaries are built.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { BENCH, KEPT, ROOT } from "./paths.mjs";

/** Where the server finds them: a folder each. */
export const MICRO = join(KEPT, "micro");
/** A folder each, and what cargo is told. */
const VARIANTS = [["simd128"], ["relaxed", "--features", "relaxed"]];
const TARGET = join(ROOT, "target");

/** Builds both, minutes each, unless they were made of the same sources. @param {boolean} allowed `false`: takes what is there, of whatever sources */
export function buildMicro(allowed) {
  const stamp = join(MICRO, "sources");
  const sources = digest();
  const made = existsSync(stamp) ? readFileSync(stamp, "utf8") : undefined;
  if (made === sources || (made && !allowed)) return;
  if (!allowed) throw new Error("expected tests/bench/micro built, found it not; run without --no-build");
  const cargo = (/** @type {string[]} */ args, env = {}) =>
    execFileSync("cargo", ["build", "--locked", "--quiet", ...args], { cwd: ROOT, stdio: ["ignore", 2, 2], env: { ...process.env, ...env } });
  cargo(["-p", "bindgen", "--profile", "tools"]);
  for (const [name, ...features] of VARIANTS) {
    cargo(["-p", "micro", "--release", "--target", "wasm32-unknown-unknown", ...features], { RUSTFLAGS: "-Ctarget-feature=+simd128" });
    const to = join(MICRO, name);
    mkdirSync(to, { recursive: true });
    execFileSync(join(TARGET, "tools", "bindgen"), [join(TARGET, "wasm32-unknown-unknown", "release", "micro.wasm"), to, "micro"], { stdio: ["ignore", 2, 2] });
  }
  writeFileSync(stamp, sources);
}

/** Of all that decides what cargo makes. */
function digest() {
  const below = (/** @type {string} */ folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".rs")).sort().map((file) => join(folder, file));
  const others = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "tests/bench/micro/Cargo.toml"].map((file) => join(ROOT, file));
  const hash = createHash("sha256");
  for (const file of [...below(join(ROOT, "src")), ...below(join(BENCH, "micro")), ...others]) hash.update(file.slice(ROOT.length)).update(readFileSync(file));
  return hash.digest("hex");
}
