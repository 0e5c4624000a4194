// @ts-check
// The local path in this Node, whichever it is: 20 takes the simd128 binary, 22 and newer the relaxed one.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { copyFile, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { makeContext } from "./context.mjs";
import { serveFaulty } from "./faulty-server.mjs";
import { makeModels, serveFixtures } from "./fixtures.mjs";
import { ROOT, importInstalled, installed } from "./installed.mjs";
import { cases } from "./local-cases.mjs";

const api = await importInstalled("rerank-wasm");
const importFile = (/** @type {string} */ name) => import(pathToFileURL(join(installed.pkg, name)).href);
const fixtures = await serveFixtures();
const faulty = await serveFaulty(makeModels());
after(() => Promise.all([fixtures.close(), faulty.close()]));
// Not the cache of whoever runs this.
process.env.XDG_CACHE_HOME = mkdtempSync(join(tmpdir(), "rerank-wasm-test-"));
after(() => rmSync(String(process.env.XDG_CACHE_HOME), { recursive: true }));

const full = Boolean(process.env.RERANK_FULL);
const context = makeContext(api, { runtime: "node", base: fixtures.url, faulty: faulty.url, full });
const isNewest = Number(process.versions.node.split(".")[0]) >= 22;
for (const { name, run, not = [], once } of cases) {
  test(name, { skip: not.includes("node") || (once && !isNewest && !full) }, async (t) => {
    const note = await run(context);
    if (note) t.diagnostic(note);
  });
}

const models = makeModels();
/** Of the tests' WordPiece: [PAD], [UNK], [CLS], [SEP], [MASK]. */
const MOST_SPECIAL = 4;
const SEPARATOR = 3;
const REQUEST = { query: "Why is the window open?", documents: ["Open the windows.", "The invoice."] };

test("a report that throws is the last one of its call, however quickly windows follow each other", async () => {
  const { Dispatcher } = await importFile("dispatch.js");
  let isAborted = false;
  const lane = {
    plan: { path: "fused", notes: [] },
    check: async () => {},
    // Its windows take no time, so nothing else runs between them.
    score: async (/** @type {object} */ _, /** @type {(windows: object) => void} */ onWindows) => {
      for (let done = 0; done < 4 && !isAborted; done++) onWindows({ done, total: 4 });
      return { index: 0, relevanceScore: 1 };
    },
    abort: () => void (isAborted = true),
    free: () => {},
  };
  const boom = new Error("mine");
  let reports = 0;
  const onProgress = (/** @type {{ windows?: { done: number } }} */ { windows }) => {
    reports++;
    if (windows?.done === 1) throw boom;
  };
  await assert.rejects(new Dispatcher([lane], []).score(1, { query: "q", documents: ["d"] }, onProgress), boom);
  assert.equal(reports, 2);
});

test("an abort is told to the lane that is at it, and what was queued is not begun", async () => {
  const { Dispatcher } = await importFile("dispatch.js");
  /** @type {string[]} */
  const seen = [];
  /** @type {(value: object) => void} */
  let finish = () => {};
  const lane = {
    plan: { path: "fused", notes: [] },
    check: async () => {},
    score: async (/** @type {{ documents: string[] }} */ { documents: [document] }) => {
      seen.push(document);
      return new Promise((resolve) => (finish = resolve));
    },
    abort: () => void seen.push("abort"),
    free: () => {},
  };
  const dispatcher = new Dispatcher([lane], []);
  void dispatcher.score(1, { query: "q", documents: ["first", "b", "c"] });
  await setImmediate();
  dispatcher.abort(1);
  const next = dispatcher.score(2, { query: "q", documents: ["next"] });
  await setImmediate();
  finish({ relevanceScore: 0 });
  await setImmediate();
  finish({ relevanceScore: 1 });
  assert.deepEqual(await next, [{ relevanceScore: 1, index: 0 }]);
  assert.deepEqual(seen, ["first", "abort", "next"]);
});

test("in Node a model is also a path or a file: URL, its tokenizer beside it", async () => {
  const model = join(models, "tiny_int8.onnx");
  for (const given of [model, new URL(`file://${model}`), `file://${model}`]) {
    const reranker = await api.LocalReranker.load({ model: given });
    assert.equal((await reranker.rerank(REQUEST)).results.length, 2);
    reranker.dispose();
  }
  const bytes = await readFile(model);
  const reranker = await api.LocalReranker.load({ model: bytes, tokenizer: join(models, "tokenizer.json") });
  assert.equal((await reranker.rerank(REQUEST)).results.length, 2);
  await assert.rejects(api.LocalReranker.load({ model: join(models, "none.onnx") }), { code: "not_found", message: /none\.onnx/ });
  await assert.rejects(api.LocalReranker.load({ model, tokenizer: models }), { name: "RerankError" });
  await assert.rejects(api.LocalReranker.load({ model, wasm: join(models, "none.wasm") }), { code: "wasm_unavailable" });
});

test("in Node a file that cannot be read ends its load and nothing else, and none stays open", { skip: process.platform !== "linux" }, async () => {
  const { createServer } = await import("node:net");
  const folder = await mkdtemp(join(tmpdir(), "rerank-wasm-"));
  const path = join(folder, "model.onnx");
  // A socket can be found and not be opened, also by root.
  const server = createServer().listen(path);
  await new Promise((listening) => server.once("listening", listening));
  const tokenizer = join(models, "tokenizer.json");
  await assert.rejects(api.LocalReranker.load({ model: path, tokenizer, workers: 0 }), { code: "not_found", message: /could not be read: ENXIO/ });
  server.close();
  await rm(folder, { recursive: true });
  const count = async () => (await readdir("/proc/self/fd")).length;
  const before = await count();
  for (let load = 0; load < 20; load++) {
    await assert.rejects(api.LocalReranker.load({ model: join(models, "tiny_int8.onnx"), tokenizer: join(models, "none.json"), workers: 0 }), { code: "not_found" });
  }
  assert.ok((await count()) < before + 20, "files are closed");
});

test("every export in the tree runs in wasm to the logits it has elsewhere", async () => {
  const folder = join(ROOT, "tests", "models", "exports");
  const golden = JSON.parse(await readFile(join(folder, "logits.json"), "utf8"));
  // Ids as words: `w62` is token 62. The rows are [CLS] query [SEP] document [SEP].
  const words = (/** @type {number[]} */ ids) => ids.map((id) => `w${id}`).join(" ");
  const pairs = golden.rows.map((/** @type {{ ids: number[] }} */ { ids }) => {
    const middle = ids.indexOf(SEPARATOR);
    return { query: words(ids.slice(1, middle)), documents: [words(ids.slice(middle + 1, -1))] };
  });
  const tokenizer = JSON.parse(await readFile(join(models, "tokenizer.json"), "utf8"));
  const most = Math.max(...golden.rows.flatMap((/** @type {{ ids: number[] }} */ { ids }) => ids));
  const specials = Object.entries(tokenizer.model.vocab).filter(([, id]) => id <= MOST_SPECIAL);
  tokenizer.model.vocab = Object.fromEntries([...specials, ...Array.from({ length: most - MOST_SPECIAL }, (_, at) => [`w${at + MOST_SPECIAL + 1}`, at + MOST_SPECIAL + 1])]);
  for (const [name, { fp32, onnxruntime = [] }] of Object.entries(golden.files)) {
    const reranker = await api.LocalReranker.load({ model: join(folder, `${name}.onnx`), tokenizer, scores: "raw", workers: 0 });
    const logits = [];
    for (const pair of pairs) logits.push((await reranker.rerank(pair)).results[0].relevanceScore);
    reranker.dispose();
    const distance = (/** @type {number[]} */ them) => them.reduce((sum, it, at) => sum + Math.abs(it - fp32[at]), 0) / them.length;
    // As in tests/local/exports.rs, where the bounds are explained.
    assert.ok(distance(logits) <= (onnxruntime.length ? 2 * distance(onnxruntime) : 1e-4), `${name}: ${logits} against ${fp32}`);
  }
});

test("the small model of the model package: its size, its digests, and what it ranks first", async () => {
  const { model, tokenizer, sha256 } = await importInstalled("rerank-wasm-model/tiny");
  for (const [url, digest] of [[model(), sha256.model], [tokenizer(), sha256.tokenizer]]) {
    assert.equal(createHash("sha256").update(await readFile(url)).digest("hex"), digest);
  }
  assert.ok((await readFile(model())).length <= 12 * 2 ** 20);
  const reranker = await api.LocalReranker.load({ model: model(), tokenizer: tokenizer() });
  const { results } = await reranker.rerank({ query: "上海天气", documents: ["北京美食", "上海气候"] });
  assert.deepEqual(results.map((/** @type {any} */ { index, relevanceScore }) => [index, relevanceScore > 0.5]), [[1, true], [0, false]]);
  reranker.dispose();
});

test("after load, ranking makes no request and reads no file", async () => {
  for (const workers of [0, 2]) {
    const folder = await mkdtemp(join(tmpdir(), "rerank-wasm-"));
    for (const name of ["tiny_int8.onnx", "tokenizer.json"]) await copyFile(join(models, name), join(folder, name));
    const reranker = await api.LocalReranker.load({ model: join(folder, "tiny_int8.onnx"), workers });
    // Emptied first: what is open could still be read.
    for (const name of await readdir(folder)) await writeFile(join(folder, name), "");
    await rm(folder, { recursive: true });
    const { fetch } = globalThis;
    globalThis.fetch = () => assert.fail("a request while ranking");
    try {
      assert.equal((await reranker.rerank(REQUEST)).results.length, 2);
    } finally {
      globalThis.fetch = fetch;
    }
    reranker.dispose();
  }
});

test("importing has no side effects, and require works", { skip: !process.features.require_module }, async () => {
  const { createRequire } = await import("node:module");
  const { app } = await import("./installed.mjs");
  assert.equal(createRequire(join(app, "package.json"))("rerank-wasm").LocalReranker, api.LocalReranker);
});

for (const workers of [0, 2]) {
  test(`fifty rounds of load and dispose end within 10 % of the first round's memory, workers: ${workers}`, { skip: !isNewest && !full }, (t) => {
    const script = join(ROOT, "tests", "package", "rounds.mjs");
    const output = execFileSync(process.execPath, ["--expose-gc", script, join(models, "tiny_int8.onnx"), String(workers)], { encoding: "utf8" });
    const bytes = /** @type {number[]} */ (JSON.parse(output));
    // A worker that takes long to end makes a round look larger than what it leaves.
    const [first, last] = [bytes[0], Math.min(...bytes.slice(-10))];
    t.diagnostic(`${(first / 1e6).toFixed(0)} MB after the first round, ${(last / 1e6).toFixed(0)} MB at the end of ${bytes.length}`);
    assert.ok(last <= 1.1 * first, `${last} bytes after ${first}`);
  });
}

test("a call on the calling thread that was aborted is let go of", async () => {
  const { inThisThread } = await importFile("dispatch.js");
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const plan = { path: "fused", notes: [] };
  const beside = () => ({ plan, check: async () => {}, score: () => new Promise(() => {}), abort() {}, free() {} });
  const instance = inThisThread({ plan, beside, free() {} }, []);
  const begun = () => {
    const request = { query: "q", documents: ["a"] };
    void instance.score(1, request);
    return new WeakRef(request);
  };
  const request = begun();
  await setImmediate();
  instance.abort(1);
  await setImmediate();
  collect();
  assert.equal(request.deref(), undefined);
});

test("a model is copied to each worker where the copies fit, else split over as many", async () => {
  const { spread } = await importFile("spread.js");
  const MB = 1e6;
  const desktop = { cores: 8, deviceBytes: 8 * 2 ** 30 };
  /** @type {[number | "auto", number | undefined, object, number, boolean][]} */
  const table = [
    ["auto", 38 * MB, desktop, 4, false],
    ["auto", 38 * MB, { ...desktop, cores: 1 }, 1, false],
    ["auto", 278 * MB, { ...desktop, cores: 2 }, 2, false],
    ["auto", 278 * MB, desktop, 4, true],
    ["auto", 569 * MB, desktop, 4, true],
    ["auto", 569 * MB, { ...desktop, most: 3000 * MB }, 4, false],
    ["auto", undefined, desktop, 1, false],
    [2, 278 * MB, desktop, 2, false],
    [2, 278 * MB, { ...desktop, most: 700 * MB }, 2, true],
    [1, 569 * MB, { ...desktop, most: 1 }, 1, false],
    [3, undefined, desktop, 3, false],
  ];
  for (const [wanted, size, room, workers, isSplit] of table) assert.deepEqual(spread(wanted, size, room), { workers, isSplit }, `${wanted} of ${size} in ${JSON.stringify(room)}`);
});

before(() => console.log(`# node ${process.version}, relaxed SIMD: ${isNewest}`));

test("a fingerprint is the same however a file is cut, and another one where any bit of it is", async () => {
  const { Fingerprint } = await importFile("worker/fingerprint.js");
  const of = (/** @type {Uint8Array[]} */ ...chunks) => {
    const fingerprint = new Fingerprint();
    for (const chunk of chunks) fingerprint.add(chunk);
    return fingerprint.text;
  };
  const bytes = Uint8Array.from({ length: 523 }, (_, at) => (at * 37) ^ (at >> 5));
  const expected = of(bytes);
  for (const cut of [0, 1, 2, 3, 4, 5, 259, 520, 522]) assert.equal(of(bytes.subarray(0, cut), bytes.subarray(cut, cut + 2), bytes.subarray(cut + 2)), expected, `cut at ${cut}`);
  const others = new Set([expected, of(bytes.subarray(0, 522)), of(new Uint8Array(8)), of(new Uint8Array(9))]);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    bytes[bit >> 3] ^= 1 << (bit & 7);
    others.add(of(bytes));
    bytes[bit >> 3] ^= 1 << (bit & 7);
  }
  assert.equal(others.size, 4 + 8 * bytes.length);
});
