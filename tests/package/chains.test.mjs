// @ts-check
// Chains of rerankers, thresholds, and the rule that private text stays private.

import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { makeModels } from "./fixtures.mjs";
import { importInstalled, installed } from "./installed.mjs";

const { LocalReranker, RemoteReranker, RerankError, cascade, withFallback } = await importInstalled("rerank-wasm");

const REQUEST = { query: "q", documents: ["a", "bb", "ccc", "dddd"] };

/** A service whose score of each document is given. @param {(document: string) => number} score */
function service(score) {
  /** @type {any[]} */
  const sent = [];
  const fetch = async (/** @type {string} */ _, /** @type {any} */ init) => {
    const { documents, top_n } = JSON.parse(init.body);
    sent.push(documents);
    const results = documents.map((/** @type {string} */ document, /** @type {number} */ index) => ({ index, relevance_score: score(document) }));
    results.sort((/** @type {any} */ a, /** @type {any} */ b) => b.relevance_score - a.relevance_score);
    return Response.json({ results: results.slice(0, top_n) });
  };
  return { sent, reranker: new RemoteReranker({ provider: "dmxapi", apiKey: "k", fetch, maxRetries: 0 }) };
}

const loadTiny = () => LocalReranker.load({ model: join(makeModels(), "tiny_int8.onnx") });

const indices = (/** @type {any} */ { results }) => results.map((/** @type {any} */ it) => it.index);

test("the chains of another copy of the package know what is private, and what is made of it", async (t) => {
  const copy = await mkdtemp(join(tmpdir(), "rerank-wasm-"));
  t.after(() => rm(copy, { recursive: true }));
  await cp(installed.pkg, copy, { recursive: true, filter: (path) => !path.endsWith(".wasm") });
  const chains = await import(pathToFileURL(join(copy, "chains.js")).href);
  assert.notEqual(chains.withFallback, withFallback);
  const local = await loadTiny();
  const { reranker: remote } = service(() => 1);
  for (const first of [local, Object.create(local), withFallback(local, local)]) {
    assert.throws(() => chains.withFallback(first, remote), { code: "invalid_request", message: /allowRemote/ });
    assert.throws(() => chains.cascade(first, remote), { code: "invalid_request", message: /allowRemote/ });
  }
  local.dispose();
});

test("local fails: zero requests leave, however the chain is built", async () => {
  const local = await loadTiny();
  const { sent, reranker: remote } = service(() => 1);
  const refused = { code: "invalid_request", message: /allowRemote/ };
  const both = withFallback(local, local);
  assert.throws(() => withFallback(local, remote), refused);
  assert.throws(() => withFallback(local, remote, { allowRemote: false }), refused);
  assert.throws(() => withFallback(local, remote, { allowRemote: "yes" }), refused);
  assert.throws(() => withFallback(both, remote), refused);
  assert.throws(() => cascade(local, remote), refused);
  assert.throws(() => cascade(cascade(local, both), remote), refused);
  assert.throws(() => withFallback(local, withFallback(local, remote, { allowRemote: true })), refused);

  local.rerank = async () => {
    throw new RerankError("internal", "stopped");
  };
  await assert.rejects(both.rerank(REQUEST), { code: "internal" });
  assert.deepEqual(sent, [], "what left");
  // The same with the right: now it leaves, so the counter counts.
  const { warnings } = await withFallback(local, remote, { allowRemote: true }).rerank(REQUEST);
  assert.deepEqual([sent.length, warnings[0].code], [1, "fallback"]);
  local.dispose();
});

test("withFallback: errors that the second would meet too, or the caller wanted, are final", async () => {
  const { sent, reranker: second } = service(() => 1);
  for (const code of ["invalid_request", "aborted", "disposed"]) {
    const first = { rerank: async () => { throw new RerankError(code, "no"); }, dispose() {} };
    await assert.rejects(withFallback(first, second).rerank(REQUEST), { code });
  }
  assert.deepEqual(sent, []);
});

test("withFallback: both read the request as it was", async () => {
  const { reranker: second } = service((document) => document.length);
  const first = { rerank: async () => { throw new RerankError("network", "gone"); }, dispose() {} };
  const documents = [...REQUEST.documents];
  const ranking = withFallback(first, second).rerank({ query: "q", documents });
  documents.length = 0;
  assert.deepEqual(indices(await ranking), [3, 2, 1, 0]);
});

test("cascade: the fast one sorts out, the strong one ranks what is left; indices are the caller's", async () => {
  const fast = service((document) => document.length / 10);
  const strong = service((document) => 1 - document.length / 10);
  /** @type {any[]} */
  const progress = [];
  const chain = cascade(fast.reranker, strong.reranker, { keep: 2 });
  const documents = REQUEST.documents.map((text) => ({ text }));
  const response = await chain.rerank({ ...REQUEST, documents, onProgress: (/** @type {any} */ it) => progress.push(it) });
  assert.deepEqual(fast.sent, [REQUEST.documents]);
  assert.deepEqual(strong.sent, [["ccc", "dddd"]]);
  assert.deepEqual(indices(response), [2, 3]);
  assert.equal(response.results[0].document, documents[2], "the caller's own object");
  assert.deepEqual(progress.at(-1), { done: 6, total: 6 });
  assert.ok(progress.every(({ done }, at) => at === 0 || done >= progress[at - 1].done));

  assert.deepEqual(indices(await chain.rerank({ ...REQUEST, topN: 1, minScore: 0.65 })), [2]);
  assert.deepEqual(indices(await chain.rerank({ ...REQUEST, minScoreRatio: 1, returnDocuments: false })), [2]);
  assert.deepEqual(strong.sent.at(-1), ["ccc", "dddd"], "thresholds are the strong one's alone");
});

test("cascade: windows of a long document are told by its place in the caller's list, in both stages", async () => {
  const fast = service((document) => document.length / 10);
  const strong = service((document) => 1 - document.length / 10);
  for (const { reranker } of [fast, strong]) {
    const { rerank } = reranker;
    reranker.rerank = (/** @type {any} */ request) => {
      request.onProgress({ done: 0, total: request.documents.length, windows: { index: request.documents.indexOf("dddd"), done: 1, total: 2 } });
      return rerank.call(reranker, request);
    };
  }
  /** @type {any[]} */
  const seen = [];
  await cascade(fast.reranker, strong.reranker, { keep: 2 }).rerank({ ...REQUEST, onProgress: (/** @type {any} */ it) => it.windows && seen.push(it) });
  const windows = { index: REQUEST.documents.indexOf("dddd"), done: 1, total: 2 };
  assert.deepEqual(seen, [{ done: 0, total: 6, windows }, { done: 4, total: 6, windows }]);
});

test("cascade: few documents go to the strong one at once; [] makes no call", async () => {
  const fast = service(() => 0);
  const strong = service((document) => document.length);
  const chain = cascade(fast.reranker, strong.reranker);
  assert.deepEqual(indices(await chain.rerank(REQUEST)), [3, 2, 1, 0]);
  assert.deepEqual(indices(await chain.rerank({ query: "q", documents: [] })), []);
  assert.deepEqual([fast.sent.length, strong.sent.length], [0, 1]);
});

test("cascade: a strong one's error about a document names it by the caller's index", async () => {
  const fast = service((document) => document.length);
  const strong = { rerank: async () => { throw new RerankError("too_long", "documents[0]: expected at most 2 characters", { index: 0 }); }, dispose() {} };
  await assert.rejects(cascade(fast.reranker, strong, { keep: 1 }).rerank(REQUEST), { code: "too_long", index: 3, message: /^documents\[3\]: / });
});

test("cascade: bad ends, bad keep and bad requests are invalid_request", async () => {
  const { reranker } = service(() => 0);
  for (const keep of [0, -1, 1.5, NaN, "2", null, Infinity]) {
    assert.throws(() => cascade(reranker, reranker, { keep }), { code: "invalid_request", message: /^keep: / }, String(keep));
  }
  assert.throws(() => cascade(null, reranker), { code: "invalid_request", message: /^fast: / });
  assert.throws(() => cascade(reranker, {}), { code: "invalid_request", message: /^strong: / });
  await assert.rejects(cascade(reranker, reranker).rerank(null), { code: "invalid_request" });
  await assert.rejects(cascade(reranker, reranker).rerank({ query: "q" }), { code: "invalid_request", message: /^documents: / });
});

test("a chain disposes of both ends", async () => {
  for (const make of [cascade, withFallback]) {
    let disposed = 0;
    const end = { rerank: async () => {}, dispose: () => void disposed++ };
    make(end, end).dispose();
    assert.equal(disposed, 2);
  }
});

test("minScore and minScoreRatio leave out what is below them, together and with topN", async () => {
  const { reranker } = service((document) => document.length / 5);
  const rank = async (/** @type {any} */ options) => indices(await reranker.rerank({ ...REQUEST, ...options }));
  assert.deepEqual(await rank({ minScore: 0.6 }), [3, 2]);
  assert.deepEqual(await rank({ minScore: 0.61 }), [3]);
  assert.deepEqual(await rank({ minScoreRatio: 0.5 }), [3, 2, 1]);
  assert.deepEqual(await rank({ minScoreRatio: 0.5, minScore: 0.5 }), [3, 2]);
  assert.deepEqual(await rank({ minScoreRatio: 0.5, topN: 1 }), [3]);
  assert.deepEqual(await rank({ minScore: 9 }), []);
  const logits = service((document) => -document.length).reranker;
  assert.deepEqual(indices(await logits.rerank({ ...REQUEST, minScoreRatio: 0.9 })), [0, 1, 2, 3], "no share of a negative number");
  assert.deepEqual(indices(await logits.rerank({ ...REQUEST, minScore: -2 })), [0, 1]);
  const mixed = service((document) => document.length - 2.5).reranker;
  assert.deepEqual(indices(await mixed.rerank(REQUEST)), [3, 2, 1, 0], "nothing asked for, nothing left out");
  for (const bad of [{ minScore: "1" }, { minScore: NaN }, { minScore: null }, { minScoreRatio: -0.1 }, { minScoreRatio: 1.1 }, { minScoreRatio: "a" }]) {
    await assert.rejects(rank(bad), { code: "invalid_request", message: new RegExp(`^${Object.keys(bad)[0]}: expected a number`) }, JSON.stringify(bad));
  }
});

test("thresholds hold for a local model too", async () => {
  const local = await loadTiny();
  const documents = ["Open the windows in the morning.", "The invoice must be paid.", "The king slept."];
  const all = (await local.rerank({ query: "Why is the window open?", documents })).results;
  const minScore = all[1].relevanceScore;
  const { results } = await local.rerank({ query: "Why is the window open?", documents, minScore });
  assert.deepEqual(results, all.filter((/** @type {any} */ it) => it.relevanceScore >= minScore));
  assert.ok(results.length < 3);
  local.dispose();
});
