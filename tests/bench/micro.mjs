// @ts-check
// micro/ → wasm and its glue, with plain and with relaxed SIMD, as the package's own two binaries are built.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { LOCAL } from "../../pkg-template/build.mjs";
import { BENCH, KEPT, ROOT } from "./paths.mjs";

/** Where the server finds them: a folder each. */
export const MICRO = join(KEPT, "micro");
/** What cargo is told of each. @type {Record<string, string[]>} */
const BINARIES = { simd128: [], relaxed: ["--no-default-features", "--features", "relaxed"] };
const TARGET = join(ROOT, "target");
/** As the package's own code: at the workspace's "s" what of its kernels is compiled here keeps its sums in memory, and is half as fast. */
const FAST = ["--config", "profile.release.package.micro.opt-level=3"];

/**
 * Builds those that were not made of the same sources, minutes each.
 * @param {boolean} allowed `false`: takes what is there, of whatever sources @param {readonly string[]} [names]
 */
export function buildMicro(allowed, names = Object.keys(BINARIES)) {
  const sources = digest();
  const madeOf = (/** @type {string} */ name) => (existsSync(stampOf(name)) ? readFileSync(stampOf(name), "utf8") : undefined);
  const missing = names.filter((name) => (allowed ? madeOf(name) !== sources : madeOf(name) === undefined));
  if (missing.length === 0) return;
  if (!allowed) throw new Error(`expected tests/bench/micro built as ${missing}, found it not; run without --no-build`);
  cargo(["-p", "bindgen", "--profile", "tools"]);
  for (const name of missing) {
    cargo(["-p", "micro", "--release", "--target", "wasm32-unknown-unknown", ...FAST, ...BINARIES[name]], { RUSTFLAGS: LOCAL });
    const to = join(MICRO, name);
    mkdirSync(to, { recursive: true });
    execFileSync(join(TARGET, "tools", "bindgen"), [join(TARGET, "wasm32-unknown-unknown", "release", "micro.wasm"), to, "micro"], { stdio: ["ignore", 2, 2] });
    writeFileSync(stampOf(name), sources);
  }
}

const stampOf = (/** @type {string} */ name) => join(MICRO, name, "sources");

/** @param {string[]} args @param {Record<string, string>} [env] */
function cargo(args, env = {}) {
  execFileSync("cargo", ["build", "--locked", "--quiet", ...args], { cwd: ROOT, stdio: ["ignore", 2, 2], env: { ...process.env, ...env } });
}

/** Of all that decides what cargo makes. */
function digest() {
  const below = (/** @type {string} */ folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".rs")).sort().map((file) => join(folder, file));
  const others = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "tests/bench/micro/Cargo.toml"].map((file) => join(ROOT, file));
  const hash = createHash("sha256");
  for (const file of [...below(join(ROOT, "src")), ...below(join(BENCH, "micro")), ...others]) hash.update(file.slice(ROOT.length)).update(readFileSync(file));
  return hash.update(JSON.stringify([FAST, BINARIES])).digest("hex");
}
