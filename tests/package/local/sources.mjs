// @ts-check
// Every way to give a model and its tokenizer.

import { equal, ok, rejects, same } from "../expect.mjs";

const REQUEST = { query: "Why is the window open?", documents: ["Open the windows in the morning.", "The invoice must be paid."] };

const MODEL = "models/tiny_int8.onnx";
const TOKENIZER = "models/tokenizer.json";

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {Promise<string>} */
async function sha256(bytes) {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {Uint8Array} bytes @param {number} size @returns {ReadableStream<Uint8Array>} */
function streamOf(bytes, size) {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, (at += size)));
    },
  });
}

/** @param {any} reranker */
async function ranking(reranker) {
  const { results } = await reranker.rerank(REQUEST);
  reranker.dispose();
  return results;
}

/** @type {readonly import("../context.mjs").Case[]} */
export const cases = [
  {
    name: "a model by URL has its tokenizer beside it",
    async run({ load, url }) {
      for (const model of [url(MODEL), new URL(url(MODEL)), `${url(MODEL)}?token=secret#part`, new Request(url(MODEL))]) {
        const reranker = await load({ model });
        const { results, model: name } = await reranker.rerank(REQUEST);
        reranker.dispose();
        equal(results.length, 2, "results");
        equal(name, "tiny_int8.onnx", "model");
      }
    },
  },
  {
    name: "a model as Response, stream, ArrayBuffer, Uint8Array, Blob and Request",
    async run({ load, url, bytes }) {
      const [model, tokenizer] = await Promise.all([bytes(MODEL), bytes(TOKENIZER)]);
      const expected = await ranking(await load({ model: url(MODEL) }));
      const inside = new Uint8Array(model.length + 16);
      inside.set(model, 16);
      const ways = [
        { model: await fetch(url(MODEL)), tokenizer: await fetch(url(TOKENIZER)) },
        { model: new Response(model), tokenizer: url(TOKENIZER) },
        { model: streamOf(model, 1000), tokenizer: streamOf(tokenizer, 7777) },
        { model: model.buffer, tokenizer: tokenizer.buffer },
        { model: inside.subarray(16), tokenizer },
        { model: new Blob([model]), tokenizer: new Blob([tokenizer]) },
        { model: new Request(url(MODEL)), tokenizer: new Request(url(TOKENIZER)) },
        { model, tokenizer: JSON.parse(new TextDecoder().decode(tokenizer)) },
        { model, tokenizer: new URL(url(TOKENIZER)) },
      ];
      for (const [at, way] of ways.entries()) same(await ranking(await load(way)), expected, `way ${at}`);
      equal(model.byteLength > 0, true, "the caller's bytes are left alone");
    },
  },
  {
    name: "bytes without a tokenizer, and things that are no model, are refused by name",
    async run({ load, bytes, url, deleteCached }) {
      await rejects(load({ model: await bytes(MODEL) }), "invalid_request", /^tokenizer: /);
      for (const model of [5, null, {}, [], true]) await rejects(load({ model, tokenizer: url(TOKENIZER) }), "invalid_request", /^model: /);
      for (const model of ["https://", "http://["]) await rejects(load({ model, tokenizer: url(TOKENIZER) }), "invalid_request", /^model: expected a URL/);
      await rejects(load({ model: url(MODEL), tokenizer: "https://" }), "invalid_request", /^tokenizer: expected a URL/);
      // What it is beside has no folder.
      await rejects(load({ model: "data:application/octet-stream,abc" }), "invalid_request", /^tokenizer: /);
      await rejects(deleteCached("https://"), "invalid_request", /^url: /);
      for (const tokenizer of [5, true]) await rejects(load({ model: url(MODEL), tokenizer }), "invalid_request", /^tokenizer: /);
    },
  },
  {
    name: "sha256: right ones load, a wrong one is checksum_mismatch",
    async run({ load, url, bytes }) {
      const model = await sha256(await bytes(MODEL));
      const tokenizer = await sha256(await bytes(TOKENIZER));
      /** @type {string[]} */
      const phases = [];
      const onProgress = (/** @type {any} */ p) => phases.push(p.phase);
      equal((await ranking(await load({ model: url(MODEL), sha256: { model, tokenizer }, onProgress }))).length, 2, "results");
      ok(phases.includes("verify"), "a phase verify");
      equal((await ranking(await load({ model: url(MODEL), sha256: { model: model.toUpperCase() } }))).length, 2, "results");
      const other = `${model.slice(1)}${model[0]}`;
      await rejects(load({ model: url(MODEL), sha256: { model: other } }), "checksum_mismatch", /model/);
      await rejects(load({ model: url(MODEL), sha256: { tokenizer: other } }), "checksum_mismatch", /tokenizer/);
      for (const wrong of ["abc", "", `${model}00`, "z".repeat(64)]) await rejects(load({ model: url(MODEL), sha256: { model: wrong } }), "invalid_request", /sha256/);
      await rejects(load({ model: url(MODEL), sha256: { model: 5 } }), "invalid_request", /sha256/i);
      await rejects(load({ model: url(MODEL), sha256: model }), "invalid_request", /^sha256: /);
    },
  },
  {
    name: "onProgress of load: bytes that grow to the total, then the build",
    async run({ load, url, bytes }) {
      /** @type {any[]} */
      const seen = [];
      await ranking(await load({ model: url(MODEL), onProgress: (/** @type {any} */ p) => seen.push(p) }));
      const downloads = seen.filter((p) => p.phase === "download");
      const size = (await bytes(MODEL)).length + (await bytes(TOKENIZER)).length;
      same(downloads.at(-1), { phase: "download", loaded: size, total: size }, "the last download report");
      for (let at = 1; at < downloads.length; at++) ok(downloads[at].loaded >= downloads[at - 1].loaded, "loaded grows");
      same(seen.at(-1).phase, "build", "the last phase");
      ok(seen.lastIndexOf(downloads.at(-1)) < seen.findIndex((p) => p.phase === "build"), "download before build");
      const boom = new Error("mine");
      const onProgress = () => {
        throw boom;
      };
      equal((await rejects(load({ model: url(MODEL), onProgress }), "invalid_request", /^onProgress: /)).cause, boom, "cause");
    },
  },
  {
    name: "workers, cache and the reserved options are checked; what this version lacks is unsupported",
    async run({ load, url }) {
      const model = url(MODEL);
      const cache = { match: async () => undefined, put: async () => {} };
      const refuse = async () => {
        throw new Error("down");
      };
      const down = { match: refuse, put: refuse, delete: refuse };
      const patient = { timeoutMs: 2 ** 40 };
      for (const options of [{ workers: 0 }, { workers: 2 }, { workers: "auto" }, { cache: "none" }, { cache: "auto" }, { cache }, { cache: down }, patient, { ...patient, cache }]) {
        equal((await ranking(await load({ model, ...options }))).length, 2, "results");
      }
      await rejects(load({ model, workers: -1 }), "invalid_request", /^workers: /);
      await rejects(load({ model, workers: 1.5 }), "invalid_request", /^workers: /);
      await rejects(load({ model, workers: "many" }), "invalid_request", /^workers: /);
      await rejects(load({ model, cache: "disk" }), "invalid_request", /^cache: /);
      await rejects(load({ model, cache: {} }), "invalid_request", /^cache: /);
      await rejects(load({ model, quantize: "int4" }), "invalid_request", /^quantize: /);
    },
  },
  {
    name: "options of load that are out of range are named",
    async run({ load, LocalReranker, url }) {
      const model = url(MODEL);
      for (const maxTokens of [31, 0, 100.5, NaN, 1e9, "512"]) await rejects(load({ model, maxTokens }), "invalid_request", /^maxTokens: /);
      for (const label of [-1, 0.5, "1"]) await rejects(load({ model, label }), "invalid_request", /^label: /);
      await rejects(load({ model, label: 1 }), "invalid_request", /^label: expected 0 to 0, as the model has 1 labels, found 1/);
      equal((await ranking(await load({ model, label: 0 }))).length, 2, "results by the only label");
      await rejects(load({ model, longDocuments: "error" }), "invalid_request", /^longDocuments: /);
      await rejects(load({ model, scores: "softmax" }), "invalid_request", /^scores: /);
      await rejects(load({ model, onProgress: true }), "invalid_request", /^onProgress: /);
      await rejects(load({ model, signal: {} }), "invalid_request", /^signal: /);
      for (const options of [null, "default", 5]) await rejects(LocalReranker.load(options), "invalid_request", /^options: /);
      await rejects(() => new LocalReranker({}), "invalid_request", /load\(\)/);
      equal((await ranking(await load({ model, maxTokens: 32 }))).length, 2, "results with 32 tokens");
    },
  },
  {
    name: "a pair is as long as tokenizer_config.json says, at most as the model has positions",
    async run({ load, url }) {
      const document = "window ".repeat(300).trim();
      const hasWindows = async (/** @type {object} */ options) => {
        const reranker = await load({ model: url(MODEL), workers: 0, ...options });
        const { results } = await reranker.rerank({ query: "open", documents: [document] });
        reranker.dispose();
        return results[0].window !== undefined;
      };
      const config = (/** @type {unknown} */ most) => ({ model_max_length: most });
      equal(await hasWindows({}), false, "512 positions: windows");
      equal(await hasWindows({ tokenizerConfig: config(128) }), true, "trained with 128: windows");
      equal(await hasWindows({ tokenizerConfig: new TextEncoder().encode(JSON.stringify(config(128))) }), true, "the same as bytes: windows");
      equal(await hasWindows({ tokenizerConfig: config(128), maxTokens: 512 }), false, "the caller wants 512: windows");
      for (const most of [8192, 1e30, undefined, "128"]) equal(await hasWindows({ tokenizerConfig: config(most) }), false, `${most}: windows`);
      await rejects(load({ model: url(MODEL), tokenizerConfig: new TextEncoder().encode("<html>") }), "bad_tokenizer", /^tokenizerConfig: /);
      await rejects(load({ model: url(MODEL), tokenizerConfig: 5 }), "invalid_request", /^tokenizerConfig: /);
    },
  },
];
