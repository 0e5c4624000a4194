// @ts-check
// A stranger's Vite app: what it emits, and whether it ranks in Chromium under a strict policy.

import assert from "node:assert/strict";
import { cpSync, readdirSync, rmSync } from "node:fs";
import { extname, join } from "node:path";
import { after, test } from "node:test";

import { build } from "vite";

import { serve } from "../../www/serve.mjs";
import { openBrowser } from "./chromium.mjs";
import { ROOT, app } from "./installed.mjs";

const { browser, missing } = await openBrowser();
after(async () => {
  await browser?.close();
  rmSync(root, { recursive: true });
});

/** All a page needs to allow: no blob:, no eval, no other origin. */
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";

/** Beside the app's node_modules, so that Vite finds the packages there and nowhere else. */
const root = join(app, "vite-app");
cpSync(join(ROOT, "tests", "package", "vite-app"), root, { recursive: true });

/** @param {string} page @returns {Promise<{ folder: string, files: string[] }>} what the page needs, but for its scripts */
async function bundle(page) {
  const folder = join(root, `dist-${page}`);
  await build({ root, logLevel: "warn", configFile: false, build: { outDir: folder, emptyOutDir: true, rollupOptions: { input: join(root, page) }, target: "es2022" } });
  const emitted = readdirSync(join(folder, "assets")).filter((name) => extname(name) !== ".js");
  // Without Vite's hash.
  return { folder, files: emitted.map((name) => name.replace(/-[\w-]{8}(?=\.\w+$)/, "")).sort() };
}

/** @param {string} folder @param {string} page */
async function best(folder, page) {
  const { url, close } = await serve({ mounts: { "/": folder }, headers: { "content-security-policy": POLICY } });
  const tab = await /** @type {import("playwright-core").Browser} */ (browser).newPage();
  /** @type {string[]} */
  const faults = [];
  tab.on("pageerror", (error) => faults.push(String(error)));
  tab.on("console", (message) => /Content Security Policy/.test(message.text()) && faults.push(message.text()));
  await tab.goto(`${url}/${page}`);
  await tab.waitForFunction(() => document.querySelector("#best")?.textContent !== "", undefined, { timeout: 60_000 }).catch((error) => faults.push(String(error)));
  const text = await tab.locator("#best").textContent();
  const workers = tab.workers().length;
  const kept = await tab.evaluate(async () => {
    const names = [];
    const root = /** @type {any} */ (await navigator.storage.getDirectory());
    for await (const name of root.keys()) names.push(name);
    return names;
  });
  await tab.close();
  await close();
  assert.deepEqual(faults, []);
  return { text, workers, kept };
}

test("Vite: rerank-wasm/local emits both binaries and the model, not the remote client, and ranks", async (t) => {
  const { folder, files } = await bundle("index.html");
  assert.deepEqual(files, ["local.relaxed.wasm", "local.simd128.wasm", "model_int8.onnx", "tokenizer.json"]);
  if (missing) return t.skip(missing);
  const { text, workers, kept } = await best(folder, "index.html");
  assert.equal(text, "上海气候");
  assert.ok(workers > 0, "it ranks on workers");
  assert.deepEqual(kept, ["rerank-wasm"], "the model is kept");
});

test("Vite: rerank-wasm/remote emits its own wasm and nothing of the local path, and ranks", async (t) => {
  const { folder, files } = await bundle("remote.html");
  assert.deepEqual(files, ["remote.wasm"]);
  if (missing) return t.skip(missing);
  assert.deepEqual(await best(folder, "remote.html"), { text: "上海气候", workers: 0, kept: [] });
});
