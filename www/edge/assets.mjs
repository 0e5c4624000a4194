// @ts-check
// Puts the Worker's static assets together: the page, the built package, the model. wrangler runs it before a deployment.

import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Of one static asset, in bytes: https://developers.cloudflare.com/workers/platform/limits/#static-assets */
const MAX_ASSET_BYTES = 25 * 1024 * 1024;

/** Of a part of what is larger: an isolate holds a part or two whole on their way into the engine. */
const PART_BYTES = 4 * 1024 * 1024;

const PAGE = ["index.html", "main.js", "style.css", "examples.js", "sizes.js", "bench.svg"];

/** @param {{ pkg: string, model: string, to: string }} folders */
export function assembleAssets({ pkg, model, to }) {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  for (const file of PAGE) cpSync(join(ROOT, "www", file), join(to, file));
  cpSync(pkg, join(to, "pkg"), { recursive: true });
  cpSync(model, join(to, "pkg-model"), { recursive: true });
  for (const file of readdirSync(join(to, "pkg-model"))) cut(join(to, "pkg-model", file));
}

/** A file that is too large as one asset → FILE.0, FILE.1, …, which the Worker joins. @param {string} file */
function cut(file) {
  if (statSync(file).size <= MAX_ASSET_BYTES) return;
  const bytes = readFileSync(file);
  for (let part = 0; part * PART_BYTES < bytes.length; part++) {
    writeFileSync(`${file}.${part}`, bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES));
  }
  rmSync(file);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  assembleAssets({ pkg: join(ROOT, "pkg"), model: join(ROOT, "pkg-model"), to: join(ROOT, ".cache", "edge") });
}
