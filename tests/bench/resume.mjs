// @ts-check
// A run that goes on with an earlier one's results: only where both are of the same code on the same machine.

import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** What has to be the same. */
const SAME = ["package", "machine", "versions", "method"];

/**
 * The earlier results. A browser of another version would be named twice under one name, so it has to be the same where both have it.
 * @template T @param {any} earlier @param {T} now of the run that begins @returns {T}
 */
export function resumed(earlier, now) {
  const { browsers } = /** @type {any} */ (now);
  const both = Object.fromEntries(Object.keys(browsers).filter((name) => earlier.browsers?.[name]).map((name) => [name, earlier.browsers[name]]));
  for (const [key, found, expected] of [...SAME.map((key) => [key, earlier[key], /** @type {any} */ (now)[key]]), ["browsers", both, browsers]]) {
    if (JSON.stringify(found) === JSON.stringify(expected)) continue;
    throw Object.assign(new Error(`--resume: expected ${key} ${JSON.stringify(expected)}, found ${JSON.stringify(found)}; start a new run`), { code: "ERR_BENCH_ARGUMENT" });
  }
  return earlier;
}

/** Of all code, models and tokenizers of packages: the same digest is the same work. @param {string[]} folders */
export function packageDigest(...folders) {
  const hash = createHash("sha256");
  for (const folder of folders) {
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => /\.(js|wasm|onnx)$|tokenizer\.json$/.test(file)).sort();
    for (const file of files) hash.update(file).update(readFileSync(join(folder, file)));
  }
  return hash.digest("hex").slice(0, 16);
}
