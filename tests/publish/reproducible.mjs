// @ts-check
// A clean clone, built in a folder of another name, gives the tarballs that this tree gives, byte for byte. In CI this tree is a
// clean clone too. Takes a whole compilation: npm run test:full.
//
//   node tests/publish/reproducible.mjs

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "../../pkg-template/build.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const uncommitted = git(ROOT, "status", "--porcelain");
if (uncommitted) {
  console.log(`✖ expected a tree with nothing uncommitted, which is what a clone gets; found\n${uncommitted}`);
  process.exit(1);
}
await build();
const here = tarballs(ROOT);
const elsewhere = buildInClone();
console.log(JSON.stringify(here, null, 1));
if (JSON.stringify(here) === JSON.stringify(elsewhere)) {
  console.log("✔ a clean clone gives the same tarballs");
} else {
  console.log(`✖ a clean clone gives others: ${JSON.stringify(elsewhere, null, 1)}`);
  process.exitCode = 1;
}

function buildInClone() {
  const parent = mkdtempSync(join(tmpdir(), "rerank-wasm-build-"));
  const clone = join(parent, "a-folder-of-another-name");
  try {
    git(ROOT, "clone", "--quiet", "--no-hardlinks", ROOT, clone);
    // A target folder of its own, whatever the caller's environment says.
    const env = { ...process.env, CARGO_TARGET_DIR: join(clone, "target") };
    execFileSync(process.execPath, [join(clone, "pkg-template", "build.mjs")], { cwd: clone, env, stdio: ["ignore", 2, 2] });
    return tarballs(clone);
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

/** @param {string} folder a built one @returns {Record<string, string>} tarball → SHA-256 */
function tarballs(folder) {
  const to = mkdtempSync(join(tmpdir(), "rerank-wasm-pack-"));
  try {
    const pack = ["pack", "--json", "--silent", "--pack-destination", to, "./pkg", "./pkg-model"];
    const packed = JSON.parse(execFileSync("npm", pack, { cwd: folder, encoding: "utf8", maxBuffer: 1 << 26 }));
    return Object.fromEntries(packed.map((/** @type {{ filename: string }} */ { filename }) => [filename, sha256(join(to, filename))]));
  } finally {
    rmSync(to, { recursive: true, force: true });
  }
}

/** @param {string} cwd @param {string[]} args */
function git(cwd, ...args) {
  return execFileSync("git", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
}

/** @param {string} file */
function sha256(file) {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}
