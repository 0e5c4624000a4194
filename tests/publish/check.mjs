// @ts-check
// What would be published: the list of files, the public surface, the version, the hashes.
//
//   node tests/publish/check.mjs [--update]

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { surface } from "./surface.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PKG = join(ROOT, "pkg");
const MODEL = join(ROOT, "pkg-model");
const UPDATE = process.argv.includes("--update");

const read = (/** @type {string[]} */ ...path) => readFileSync(join(...path), "utf8");

check("npm pack lists exactly the intended files", () => held("files.txt", `${packed(PKG).join("\n")}\n`));
check("the model's package holds what it names, and no recipe", () => {
  const { files } = JSON.parse(read(MODEL, "package.json"));
  const wanted = [...files, "package.json"].sort();
  same(packed(MODEL), wanted);
});
await check("the public surface is the reported one", async () => held("surface.md", await surface(PKG)));
check("the version stands in Cargo.toml and nowhere else", () => {
  const version = /^version = "(.*)"$/m.exec(read(ROOT, "Cargo.toml"))?.[1];
  same([JSON.parse(read(PKG, "package.json")).version, JSON.parse(read(MODEL, "package.json")).version], [version, version]);
  const sources = ["package.json", "pkg-template/package.json", "model/package.json"].map((file) => JSON.parse(read(ROOT, file)).version || "");
  same(sources, ["", "", ""]);
});
await check("integrity.js has the hashes of the binaries", async () => {
  const { integrity } = await import(pathToFileURL(join(PKG, "integrity.js")).href);
  same(Object.keys(integrity).sort(), ["local.relaxed.wasm", "local.simd128.wasm", "remote.wasm"]);
  for (const [file, expected] of Object.entries(integrity)) {
    same(`sha384-${createHash("sha384").update(readFileSync(join(PKG, file))).digest("base64")}`, expected);
  }
});
check("every file that exports and imports name is there, and no dependency is hard", () => {
  const { exports, imports, dependencies } = JSON.parse(read(PKG, "package.json"));
  const targets = [...Object.values(exports), ...Object.values(imports)].flatMap((target) => (typeof target === "string" ? [target] : Object.values(target)));
  same(targets.filter((file) => !existsSync(join(PKG, file))), []);
  same(dependencies ?? {}, {});
});

/** @param {string} folder @returns {string[]} */
function packed(folder) {
  const [{ files }] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json", "--silent"], { cwd: folder, encoding: "utf8", maxBuffer: 1 << 26 }));
  return files.map((/** @type {{ path: string }} */ { path }) => path).sort();
}

/** @param {string} name a file beside this one @param {string} found */
function held(name, found) {
  const path = fileURLToPath(new URL(name, import.meta.url));
  if (UPDATE) return writeFileSync(path, found);
  const expected = existsSync(path) ? readFileSync(path, "utf8") : "";
  if (found === expected) return;
  const [old, now] = [new Set(expected.split("\n")), new Set(found.split("\n"))];
  const lines = [...[...old].filter((line) => !now.has(line)).map((line) => `- ${line}`), ...[...now].filter((line) => !old.has(line)).map((line) => `+ ${line}`)];
  throw new Error(`${name} differs; if that is meant, run node tests/publish/check.mjs --update\n${lines.join("\n")}`);
}

/** @param {unknown} found @param {unknown} expected */
function same(found, expected) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`expected ${b}, found ${a}`);
}

/** @param {string} name @param {() => void | Promise<void>} run @returns {any} */
function check(name, run) {
  const passed = () => console.log(`✔ ${name}`);
  const failed = (/** @type {unknown} */ error) => {
    console.log(`✖ ${name}\n  ${/** @type {Error} */ (error).message}`);
    process.exitCode = 1;
  };
  try {
    const running = run();
    return running ? running.then(passed, failed) : passed();
  } catch (error) {
    return failed(error);
  }
}
