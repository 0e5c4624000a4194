// @ts-check
// Two clean builds, in two folders, give the same tarballs, byte for byte. Takes two whole compilations: npm run test:full.
//
//   node tests/publish/reproducible.mjs [--only remote|simd128|relaxed]

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const builds = ["one", "another-and-longer"].map((name) => build(name));
const [first, second] = builds.map((tarballs) => JSON.stringify(tarballs, null, 1));
console.log(first);
if (first === second) {
  console.log("✔ two clean builds give the same tarballs");
} else {
  console.log(`✖ two clean builds differ; the second gave ${second}`);
  process.exitCode = 1;
}

/** @param {string} name of a folder of its own @returns {Record<string, string>} tarball → SHA-256 */
function build(name) {
  const parent = mkdtempSync(join(tmpdir(), "rerank-wasm-build-"));
  const folder = join(parent, name);
  try {
    execFileSync("git", ["clone", "--quiet", "--no-hardlinks", ROOT, folder], { stdio: "inherit" });
    // A target folder of its own, whatever the caller's environment says.
    const env = { ...process.env, CARGO_TARGET_DIR: join(folder, "target") };
    execFileSync(process.execPath, [join(folder, "pkg-template", "build.mjs"), ...process.argv.slice(2)], { cwd: folder, env, stdio: ["ignore", 2, 2] });
    const packed = JSON.parse(execFileSync("npm", ["pack", "--json", "--silent", "./pkg", "./pkg-model"], { cwd: folder, encoding: "utf8", maxBuffer: 1 << 26 }));
    return Object.fromEntries(packed.map((/** @type {{ filename: string }} */ { filename }) => [filename, sha256(join(folder, filename))]));
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

/** @param {string} file */
function sha256(file) {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}
