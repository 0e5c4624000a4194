// @ts-check
// npm run docs: the reference of every entry, from the types and their comments, as pages in .cache/docs.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = join(HERE, "..", "..");
const TEMPLATE = join(ROOT, "pkg-template");

installTypedoc();
const { exports } = JSON.parse(readFileSync(join(TEMPLATE, "package.json"), "utf8"));
const entries = Object.values(exports).flatMap(({ types }) => (types ? [join(TEMPLATE, types)] : []));
const to = join(ROOT, ".cache", "docs");
const version = /^version = "(.*)"$/m.exec(readFileSync(join(ROOT, "Cargo.toml"), "utf8"))?.[1];
const options = [
  "--out", to, "--tsconfig", join(HERE, "tsconfig.json"), "--name", `rerank-wasm ${version}`, "--readme", join(ROOT, "README.md"),
  "--treatWarningsAsErrors", "--validation.notExported", "false", "--disableSources", "--hideGenerator",
];
execFileSync(process.execPath, [join(HERE, "node_modules", "typedoc", "bin", "typedoc"), ...options, ...entries], { cwd: HERE, stdio: "inherit" });
console.log(`docs: ${join(to, "index.html")}`);

/** Once, and again when the lock file changes. */
function installTypedoc() {
  const lock = readFileSync(join(HERE, "package-lock.json"), "utf8");
  const stamp = join(HERE, "node_modules", ".rerank-wasm-lock");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: HERE, stdio: "inherit" });
  writeFileSync(stamp, lock);
}
