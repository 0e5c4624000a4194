// @ts-check
// A stranger's page by each bundler: which files it emits, and whether it ranks in Chromium.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";

import { serve } from "../../www/serve.mjs";
import * as builders from "./builders.mjs";
import { missing, visit } from "./visits.mjs";

const { emptied, ...bundlers } = builders;

/** What an entry needs beside its scripts. */
const NEEDED = {
  local: ["local.relaxed.wasm", "local.simd128.wasm", "model_int8.onnx", "tokenizer.json"],
  remote: ["remote.wasm"],
};
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

/** Names without a bundler's hash, scripts and pages left out; a name that is nothing but a hash is told by its kind. @param {string} folder */
function emitted(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((it) => it.isFile() && !/\.(m?js|html|txt)$/.test(it.name));
  const known = [...NEEDED.local, ...NEEDED.remote];
  const names = files.map(({ name }) => known.find((it) => isNamedAfter(basename(name), it)) ?? name);
  return names.sort();
}

/** @param {string} file @param {string} name */
function isNamedAfter(file, name) {
  const dot = name.lastIndexOf(".");
  return file.startsWith(name.slice(0, dot)) && file.endsWith(name.slice(dot));
}
