// @ts-check
// The package as a stranger has it: both tarballs in an empty folder.

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The folder whose node_modules holds rerank-wasm and rerank-wasm-model; the runner makes one for all test files. */
export const app = process.env.RERANK_APP ?? installTarballs(join(ROOT, ".cache", "app"));

/** Folders of the two installed packages. */
export const installed = {
  pkg: join(app, "node_modules", "rerank-wasm"),
  model: join(app, "node_modules", "rerank-wasm-model"),
};

/** Imports as a module of the app would. @param {string} specifier @returns {Promise<any>} */
export const importInstalled = (specifier) => import(pathToFileURL(createRequire(join(app, "package.json")).resolve(specifier)).href);

/** Packs pkg/ and pkg-model/ and installs both into the empty folder `to`. @param {string} to @returns {string} */
export function installTarballs(to) {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, "package.json"), `${JSON.stringify({ name: "stranger", private: true, type: "module" })}\n`);
  const npm = (/** @type {string[]} */ ...args) => execFileSync("npm", args, { cwd: to, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  const packed = JSON.parse(npm("pack", "--json", "--silent", join(ROOT, "pkg"), join(ROOT, "pkg-model")));
  const tarballs = packed.map((/** @type {{ filename: string }} */ { filename }) => `./${filename}`);
  npm("install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error", "--offline", ...tarballs);
  // The other one is read once more, by tests/package/types.mjs.
  for (const tarball of tarballs) if (tarball.includes("model")) rmSync(join(to, tarball));
  return to;
}
