// @ts-check
// Builds pkg/ (rerank-wasm) and pkg-model/ (rerank-wasm-model): cargo → wasm-bindgen → wasm-opt → copy.
//
//   node pkg-template/build.mjs [--only remote|simd128|relaxed]
//
// What takes minutes is kept in .cache/ by the hash of what went in, so a build with nothing changed takes seconds.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TEMPLATE = join(ROOT, "pkg-template");
const CACHE = join(ROOT, ".cache", "wasm");
const TARGET = join(ROOT, "target");
const WASM32 = "wasm32-unknown-unknown";
/** Cargo's output is looked for there, wherever this machine has it otherwise. */
const ENVIRONMENT = { ...process.env, CARGO_TARGET_DIR: TARGET };

/** Whole -O levels take over five minutes on the local binaries and leave them larger when compressed: LLVM was there before. */
const TIDY = ["--remove-unused-module-elements", "--duplicate-function-elimination", "--remove-unused-module-elements", "--vacuum"];

/** SHA-256 as a loop and not unrolled: a signature hashes a few hundred bytes. */
const COMPACT = '--cfg sha2_backend_soft="compact"';
/** Without inlining of what is called once or is small, the remote client is over a kilobyte smaller when compressed. */
const SMALL = [
  "--traps-never-happen", "--low-memory-unused", "-Oz", "--converge", "--one-caller-inline-max-function-size=0", "--flexible-inline-max-function-size=0",
  "--always-inline-max-function-size=2", "--skip-pass=local-cse", "--skip-pass=simplify-locals",
];

/**
 * Sums stay in the order of the source: the scheduler that LLVM takes for WebAssembly otherwise does not know of the sixteen
 * registers of x86, and spilled sums of a tile of 6 × 8 (Emerald Rapids, V8: 101 GOPS instead of 176).
 */
const IN_ORDER = "-Cllvm-args=--pre-RA-sched=linearize";

/**
 * Both local binaries are compiled with plain SIMD, so that they share every dependency and tract's kernels stay
 * deterministic; `relaxed` adds functions of ours that use relaxed SIMD. The remote client needs neither.
 */
export const LOCAL = ["-Ctarget-feature=+simd128", IN_ORDER].join(" ");
const VARIANTS = [
  { name: "remote", wasm: "remote.wasm", glue: "remote.glue.js", features: "remote", profile: "remote", rustflags: COMPACT, optimize: SMALL, smaller: "shrink" },
  { name: "simd128", wasm: "local.simd128.wasm", glue: "local.glue.js", features: "local", profile: "release", rustflags: LOCAL, optimize: TIDY, smaller: "prune" },
  { name: "relaxed", wasm: "local.relaxed.wasm", glue: "local.glue.js", features: "relaxed", profile: "release", rustflags: LOCAL, optimize: TIDY, smaller: "prune" },
];

/** What rustc emits for wasm32 by default, and what the variants add. */
const WASM_FEATURES = [
  "bulk-memory", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext", "simd", "relaxed-simd",
].map((feature) => `--enable-${feature}`);

/** Stage times in seconds, for CI's table. @type {Record<string, number>} */
export const stages = {};

/** @param {{ only?: string }} [options] */
export async function build({ only } = {}) {
  await stage("toolchain", ensureToolchain);
  await stage("npm", ensureNodeModules);
  const bindgen = await stage("bindgen", buildBindgen);
  const built = [];
  for (const variant of VARIANTS.filter(({ name }) => !only || name === only)) {
    built.push(await stage(variant.name, () => buildVariant(variant, bindgen)));
  }
  await stage("package", () => assemble(built));
  if (!only) forget(built.map(({ kept }) => kept));
}

/** What no variant is made of any more: the cache holds as much as one build. @param {string[]} kept */
function forget(kept) {
  // With a dot in its name it is what another build is at, or a stamp.
  const folders = readdirSync(CACHE).filter((name) => !name.includes(".")).map((name) => join(CACHE, name));
  for (const folder of folders) if (!kept.includes(folder)) rmSync(folder, { recursive: true, force: true });
}

function ensureToolchain() {
  try {
    run("rustup", ["target", "add", WASM32], { stdio: "pipe" });
  } catch (error) {
    throw new Error(`expected rustup (https://rustup.rs) with the toolchain of rust-toolchain.toml: ${/** @type {any} */ (error).stderr ?? error}`);
  }
}

function ensureNodeModules() {
  const lock = join(ROOT, "package-lock.json");
  const stamp = join(ROOT, "node_modules", ".rerank-wasm-lock");
  const wanted = sha256(readFileSync(lock));
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  writeFileSync(stamp, wanted);
}

function buildBindgen() {
  run("cargo", ["build", "--locked", "--quiet", "-p", "bindgen", "--profile", "tools"]);
  return join(TARGET, "tools", "bindgen");
}

/** @param {typeof VARIANTS[number]} variant @param {string} bindgen */
async function buildVariant(variant, bindgen) {
  const raw = join(TARGET, WASM32, `${variant.name}.wasm`);
  // Cargo links anew each time two variants take turns: it is asked only when a source has changed.
  const stamp = join(CACHE, `${variant.name}.sources`);
  const sources = sha256(...sourceFiles().map((file) => readFileSync(file)), JSON.stringify(variant));
  if (!existsSync(raw) || !existsSync(stamp) || readFileSync(stamp, "utf8") !== sources) {
    compile(variant, raw);
    mkdirSync(CACHE, { recursive: true });
    writeFileSync(stamp, sources);
  }
  const tools = ["build", variant.smaller].map((name) => join(TEMPLATE, `${name}.mjs`));
  const optimizer = join(ROOT, "node_modules", "binaryen", "package.json");
  const key = sha256(...[raw, bindgen, optimizer, ...tools].map((file) => readFileSync(file)), variant.optimize.join(" "));
  const kept = join(CACHE, key);
  if (!existsSync(kept)) {
    const work = `${kept}.${process.pid}`;
    mkdirSync(work, { recursive: true });
    run(bindgen, [raw, work, "out"]);
    const [bytes, glue] = ["out_bg.wasm", "out.js"].map((file) => join(work, file));
    // They need node_modules, which were not there when this file was read.
    if (variant.smaller === "shrink") {
      const { shrink } = await import("./shrink.mjs");
      const smaller = shrink(readFileSync(bytes), readFileSync(glue, "utf8"));
      writeFileSync(bytes, smaller.wasm);
      writeFileSync(glue, smaller.glue);
    } else {
      const { prune } = await import("./prune.mjs");
      writeFileSync(bytes, prune(readFileSync(bytes)));
    }
    const wasmOpt = (/** @type {string} */ from, /** @type {string} */ to, /** @type {string[]} */ ...passes) =>
      run(process.execPath, [join(ROOT, "node_modules", "binaryen", "bin", "wasm-opt"), from, "-o", join(work, to), ...passes, ...WASM_FEATURES]);
    const strip = ["--strip-debug", "--strip-producers"];
    if (variant.smaller === "shrink") wasmOpt(bytes, "wasm", ...variant.optimize, ...strip, "--strip-target-features");
    else {
      // With names, for tests/sizes.mjs, which says what it is made of.
      wasmOpt(bytes, "named.wasm", ...variant.optimize, "-g");
      wasmOpt(join(work, "named.wasm"), "wasm", ...strip);
    }
    writeFileSync(join(work, "glue.js"), factory(readFileSync(glue, "utf8"), variant.name));
    rmSync(bytes);
    renameSync(work, kept);
  }
  const named = join(kept, "named.wasm");
  if (existsSync(named)) cpSync(named, join(TARGET, WASM32, `${variant.name}.named.wasm`));
  return { variant, kept, wasm: join(kept, "wasm"), glue: join(kept, "glue.js") };
}

/**
 * A cdylib's file name carries no hash, so each variant overwrites the last one's while cargo calls both fresh: the file
 * is taken away as soon as it is made, and made anew where it is missing.
 * @param {typeof VARIANTS[number]} variant @param {string} to where the wasm goes
 */
function compile({ features, profile, rustflags }, to) {
  const flags = ["build", "--locked", "--lib", "--target", WASM32, "--profile", profile, "--no-default-features", "--features", features];
  const cargo = () => {
    const env = { ...ENVIRONMENT, RUSTFLAGS: rustflags };
    const messages = run("cargo", [...flags, "--quiet", "--message-format=json-render-diagnostics"], { env, stdio: ["ignore", "pipe", "inherit"] });
    const artifacts = messages.split("\n").filter(Boolean).map((line) => JSON.parse(line));
    return artifacts.find((it) => it.reason === "compiler-artifact" && it.target.name === "rerank_wasm");
  };
  // Out of the way until cargo is done: whoever is stopped in between finds none and makes it anew.
  const before = `${to}.before`;
  rmSync(before, { force: true });
  if (existsSync(to)) renameSync(to, before);
  let artifact = cargo();
  if (artifact.fresh && existsSync(before)) renameSync(before, to);
  if (artifact.fresh && !existsSync(to)) {
    const now = new Date();
    utimesSync(join(ROOT, "src", "lib.rs"), now, now);
    artifact = cargo();
  }
  if (!artifact.fresh) cpSync(artifact.filenames.find((/** @type {string} */ file) => file.endsWith(".wasm")), to);
}

/** All that decides what cargo makes: tables that the source includes too. */
function sourceFiles() {
  const source = join(ROOT, "src");
  const found = readdirSync(source, { recursive: true, encoding: "utf8" }).sort().map((file) => join(source, file));
  const sources = found.filter((file) => statSync(file).isFile());
  return [...sources, ...["Cargo.toml", "Cargo.lock", "rust-toolchain.toml"].map((file) => join(ROOT, file))];
}

/**
 * wasm-bindgen's `web` glue keeps one instance in module variables. Wrapped into a function, each call gives glue for an
 * instance of its own, so that one that trapped can be thrown away.
 * @param {string} glue @param {string} name
 */
function factory(glue, name) {
  if (/^import\s/m.test(glue)) throw new Error(`glue of ${name}: expected no imports; wasm-bindgen changed its output`);
  const exported = [...glue.matchAll(/^export (?:class|function) (\w+)/gm)].map((match) => match[1]);
  const trailer = /^export \{ (?:initSync, __wbg_init as default|__wbg_init as default, initSync) \};$/m;
  if (!exported.length || !trailer.test(glue)) throw new Error(`glue of ${name}: expected exports it lacks; wasm-bindgen changed its output`);
  const body = glue.replace(/^export (class|function) /gm, "$1 ").replace(trailer, "");
  const names = [...exported, "initSync", "init: __wbg_init"].join(", ");
  return `// Generated by wasm-bindgen, wrapped by build.mjs.\nexport function createGlue() {\n${body}\nreturn { ${names} };\n}\n`;
}

/** @param {{ variant: typeof VARIANTS[number], wasm: string, glue: string }[]} built */
function assemble(built) {
  const pkg = join(ROOT, "pkg");
  rmSync(pkg, { recursive: true, force: true });
  cpSync(TEMPLATE, pkg, { recursive: true, filter: (path) => !/(build|shrink|prune)\.mjs$|bindgen/.test(path) });
  /** @type {Map<string, string>} */
  const glues = new Map();
  for (const { variant, wasm, glue } of built) {
    cpSync(wasm, join(pkg, variant.wasm));
    const text = readFileSync(glue, "utf8");
    // One glue serves both local binaries, since what relaxed SIMD adds never meets JavaScript.
    if (glues.has(variant.glue) && glues.get(variant.glue) !== text) throw new Error(`${variant.glue}: the binaries that share it want different glue`);
    glues.set(variant.glue, text);
    writeFileSync(join(pkg, variant.glue), text);
  }
  const wasm = built.map(({ variant }) => variant.wasm);
  writeFileSync(join(pkg, "integrity.js"), integrityModule(Object.fromEntries(wasm.map((file) => [file, readFileSync(join(pkg, file))]))));
  for (const file of ["CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE", "NOTICE"]) {
    if (existsSync(join(ROOT, file))) cpSync(join(ROOT, file), join(pkg, file));
  }
  writeFileSync(join(pkg, "README.md"), linksOf(readFileSync(join(ROOT, "README.md"), "utf8")));
  const { version, license, description } = crate();
  fillIn(join(pkg, "package.json"), { version, license, description });
  const model = join(ROOT, "pkg-model");
  rmSync(model, { recursive: true, force: true });
  // The recipe stays here: it is for those who make models.
  cpSync(join(ROOT, "model"), model, { recursive: true, filter: (path) => path !== join(ROOT, "model", "recipe") });
  fillIn(join(model, "package.json"), { version });
}

/** Of the README, those that lead to files of the package; the others become their words, or nothing in parentheses of their own. @param {string} text */
const linksOf = (text) =>
  text
    .replaceAll("](pkg-template/", "](")
    .replace(/ \((?:, )?(?:\[[^\]]+\]\((?:model|tests|www)\/[^)]+\)(?:, )?)+\)/g, "")
    .replace(/\[([^\]]+)\]\((?:model|tests|www)\/[^)]+\)/g, "$1");

/**
 * Subresource Integrity of each binary, for those who serve them from elsewhere: `fetch(url, { integrity: integrity["remote.wasm"] })`.
 * @param {Record<string, Buffer>} files
 */
function integrityModule(files) {
  const lines = Object.entries(files).map(([file, bytes]) => `  ${JSON.stringify(file)}: "sha384-${createHash("sha384").update(bytes).digest("base64")}",`);
  return `// Generated by build.mjs.\nexport const integrity = Object.freeze({\n${lines.join("\n")}\n});\n`;
}

/** Name, version and licence have one home: Cargo.toml. */
function crate() {
  const metadata = JSON.parse(run("cargo", ["metadata", "--format-version=1", "--no-deps", "--locked"], { stdio: "pipe" }));
  return metadata.packages.find((/** @type {any} */ it) => it.name === "rerank-wasm");
}

/** @param {string} path @param {Record<string, string>} fields */
function fillIn(path, fields) {
  writeFileSync(path, `${JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...fields }, null, 2)}\n`);
}

/** @param {string} name @param {() => any} work */
async function stage(name, work) {
  const start = performance.now();
  const result = await work();
  stages[name] = (performance.now() - start) / 1000;
  process.stderr.write(`build: ${name} ${stages[name].toFixed(1)} s\n`);
  return result;
}

/** @param {string} command @param {string[]} args @param {object} [options] @returns {string} */
function run(command, args, options = {}) {
  // Standard output belongs to whoever called: `npm run demo -- --json` prints JSON there and nothing else.
  return String(execFileSync(command, args, { cwd: ROOT, env: ENVIRONMENT, stdio: ["ignore", process.stderr, "inherit"], maxBuffer: 1 << 26, ...options }) ?? "");
}

/** @param {(string | Buffer)[]} parts */
function sha256(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf("--only");
  await build({ only: at > 0 ? process.argv[at + 1] : undefined });
}
