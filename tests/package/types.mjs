// @ts-check
// The types of the installed package: a program of every kind of document, strictly checked; publint; attw; the JSDoc of
// the facade itself.

import { spawnSync } from "node:child_process";
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const APP = /** @type {string} */ (process.env.RERANK_APP);
const BIN = join(ROOT, "node_modules", ".bin");

cpSync(join(ROOT, "tests", "package", "types-app"), join(APP, "types-app"), { recursive: true });
run("types of the package", "tsc", ["-p", join(APP, "types-app")]);
run("types of the facade", "tsc", ["-p", join(ROOT, "tests", "package", "facade.tsconfig.json")]);
run("publint", "publint", [join(ROOT, "pkg"), "--strict"]);
run("publint of the model", "publint", [join(ROOT, "pkg-model"), "--strict"]);
const tarball = readdirSync(APP).find((file) => /^rerank-wasm-\d.*\.tgz$/.test(file));
// Files a program fetches or a bundler copies have no types.
run("attw", "attw", [join(APP, String(tarball)), "--profile", "esm-only", "--exclude-entrypoints", "remote.wasm", "local.simd128.wasm", "local.relaxed.wasm"]);

/** @param {string} name @param {string} command @param {string[]} args */
function run(name, command, args) {
  const { status, stdout, stderr } = spawnSync(join(BIN, command), args, { cwd: ROOT, encoding: "utf8" });
  console.log(`${status === 0 ? "ok" : "FAILED"}  ${name}`);
  if (status === 0) return;
  console.log(stdout, stderr);
  process.exitCode = 1;
}
