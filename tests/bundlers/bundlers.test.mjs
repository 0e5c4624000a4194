// @ts-check
// A stranger's page by each bundler: which files it emits, and whether it ranks in Chromium.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { serve } from "../../www/serve.mjs";
import * as builders from "./builders.mjs";
import { missing, visit } from "./visits.mjs";

const { emptied, viteDev, ...bundlers } = builders;

/** What an entry needs beside its scripts. */
const NEEDED = {
  local: ["local.relaxed.wasm", "local.simd128.wasm", "model_int8.onnx", "tokenizer.json"],
  remote: ["remote.wasm"],
};
/** Names of the packages' files by what is in them. */
const ORIGINALS = new Map(
  [...NEEDED.local, ...NEEDED.remote].map((name) => {
    const folder = name.endsWith(".wasm") ? "rerank-wasm" : "rerank-wasm-model";
    return [digest(join(import.meta.dirname, "node_modules", folder, name)), name];
  }),
);
const BEST = { local: "Ulaanbaatar is the capital and the largest city of Mongolia.", remote: "Ulaanbaatar" };

for (const [name, build] of Object.entries(bundlers)) {
  for (const entry of /** @type {const} */ (["local", "remote"])) {
    test(`${name}: rerank-wasm/${entry} emits what it needs and nothing else, and ranks`, async (t) => {
      const to = emptied(join(import.meta.dirname, "dist", `${name}-${entry}`));
      await build(entry, to);
      assert.deepEqual(emitted(to), NEEDED[entry]);
      if (missing) return t.skip(missing);
      const { url, close } = await serve({ mounts: { "/": to } });
      try {
        assert.equal(await visit(`${url}/${entry}.html`), BEST[entry]);
      } finally {
        await close();
      }
    });
  }
}

for (const entry of /** @type {const} */ (["local", "remote"])) {
  test(`vite dev: rerank-wasm/${entry} ranks`, { skip: missing }, async () => {
    const { url, close } = await viteDev();
    try {
      assert.equal(await visit(`${url}${entry}.html`), BEST[entry]);
    } finally {
      await close();
    }
  });
}

/** What was emitted beside scripts and pages, by content: bundlers name files as they like. @param {string} folder */
function emitted(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((it) => it.isFile() && !/\.(m?js|html|txt)$/.test(it.name));
  return files.map((it) => ORIGINALS.get(digest(join(it.parentPath, it.name))) ?? it.name).sort();
}

/** @param {string} file */
function digest(file) {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}
