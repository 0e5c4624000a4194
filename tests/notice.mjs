// @ts-check
// NOTICE lists what is inside the binaries and the default model, with licences: made from Cargo.lock, checked here.
//
//   node tests/notice.mjs [--update]

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const NOTICE = join(ROOT, "NOTICE");

/** Licences that may stand inside an MIT OR Apache-2.0 package with no more than a notice. */
const ALLOWED = new Set(["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Zlib", "0BSD", "Unlicense", "CC0-1.0", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception", "BSL-1.0"]);

const crates = linkedCrates();
const notice = `rerank-wasm
Copyright the rerank-wasm authors. MIT OR Apache-2.0.

The WebAssembly binaries contain code of these crates:

${crates.map(({ name, version, license }) => `${name} ${version}: ${license}`).join("\n")}

The default model (package rerank-wasm-model, folder model/) and the data it was trained on: see its README.
`;

const refused = crates.filter(({ license }) => !license.split(/ OR | \/ |\//).some((choice) => choice.replace(/[()]/g, "").split(" AND ").every((one) => ALLOWED.has(one.trim()))));
if (refused.length) {
  console.error(`crates whose licence needs a look:\n${refused.map(({ name, license }) => `${name}: ${license}`).join("\n")}`);
  process.exitCode = 1;
}
if (process.argv.includes("--update")) {
  writeFileSync(NOTICE, notice);
} else if (!existsSync(NOTICE) || readFileSync(NOTICE, "utf8") !== notice) {
  console.error("NOTICE does not list what is linked: run `node tests/notice.mjs --update`");
  process.exitCode = 1;
}
if (!process.exitCode) console.log(`${crates.length} crates, each with a licence that allows this`);

/** Crates reached from ours through normal dependencies for wasm32; macros and build scripts leave no code behind. */
function linkedCrates() {
  const flags = ["metadata", "--format-version=1", "--locked", "--filter-platform", "wasm32-unknown-unknown", "--features", "relaxed"];
  const { packages, resolve } = JSON.parse(execFileSync("cargo", flags, { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 28 }));
  const nodes = new Map(resolve.nodes.map((/** @type {any} */ node) => [node.id, node]));
  const byId = new Map(packages.map((/** @type {any} */ it) => [it.id, it]));
  const ours = packages.find((/** @type {any} */ it) => it.name === "rerank-wasm").id;
  const seen = new Set([ours]);
  for (const id of seen) {
    for (const { pkg, dep_kinds } of nodes.get(id).deps) {
      const isMacro = byId.get(pkg).targets.every((/** @type {any} */ target) => target.kind.includes("proc-macro") || target.kind.includes("custom-build"));
      if (dep_kinds.some((/** @type {any} */ kind) => kind.kind === null) && !isMacro) seen.add(pkg);
    }
  }
  seen.delete(ours);
  return [...seen].map((id) => byId.get(id)).map(({ name, version, license }) => ({ name, version, license: license ?? "none stated" })).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1));
}
