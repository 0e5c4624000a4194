// @ts-check
// Orama: real searches, page by page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { create, insertMultiple, search } from "@orama/orama";
import { pluginRerank } from "rerank-wasm/orama";

import { QUERY, service } from "./service.mjs";

/** Every body has one word of the query at least; of every tenth the title of no meaning is longest, so that Orama ranks it low. */
const BODIES = Array.from({ length: 30 }, (_, n) => (n % 10 === 9 ? `Open the window in the morning ${"and so on ".repeat(n)}` : `A window ${n}`));

/** @param {any} reranker @param {object} [options] */
async function library(reranker, options) {
  const db = create({ schema: { body: "string", size: "number" }, plugins: [pluginRerank(reranker, { text: "body", ...options })] });
  await insertMultiple(db, BODIES.map((body, n) => ({ id: String(n), body, size: n })));
  return db;
}

/** @param {any} found */
const ids = (found) => found.hits.map((/** @type {any} */ hit) => hit.id);

test("what Orama put beyond the page comes first, and pages fit together", async () => {
  const { sent, reranker } = service();
  const db = await library(reranker);
  const params = { term: QUERY, limit: 5 };
  const first = await search(db, params);
  assert.deepEqual(ids(first).slice(0, 3).sort(), ["19", "29", "9"]);
  assert.equal(first.hits[0].score, 1);
  assert.deepEqual([first.hits.length, first.count, sent[0].documents.length], [5, 30, 30]);
  assert.deepEqual(params, { term: QUERY, limit: 5 }, "the caller's parameters are as they were");
  const pages = await Promise.all([0, 5, 10, 15, 20, 25].map((offset) => search(db, { ...params, offset })));
  assert.equal(new Set(pages.flatMap(ids)).size, 30);
  assert.deepEqual(ids(pages[0]), ids(first));
});

test("a window: those beyond it follow as Orama has them", async () => {
  const { sent, reranker } = service();
  const db = await library(reranker, { window: 3, text: (/** @type {any} */ document) => document.body.toUpperCase() });
  const { hits } = await search(db, { term: QUERY });
  assert.deepEqual([hits.length, sent[0].documents.length], [10, 3]);
  assert.ok(sent[0].documents.every((/** @type {string} */ text) => text === text.toUpperCase()));
});

test("hits that do not come back, as from a cascade, follow; those below a threshold do not", async () => {
  const { reranker } = service();
  const best = { rerank: async (/** @type {any} */ request) => { const ranked = await reranker.rerank(request); return { ...ranked, results: ranked.results.slice(0, 3) }; }, dispose() {} };
  const { hits } = await search(await library(best), { term: QUERY, limit: 30 });
  assert.equal(new Set(hits.map(({ id }) => id)).size, 30);
  assert.equal((await search(await library(best, { minScore: 0.01 }), { term: QUERY, limit: 30 })).hits.length, 3);
});

test("the same parameters at once; searches without a term or with sortBy are Orama's", async () => {
  const { sent, reranker } = service();
  const db = await library(reranker);
  const params = { term: QUERY, limit: 4, offset: 2 };
  const [a, b] = await Promise.all([search(db, params), search(db, params)]);
  assert.deepEqual(ids(a), ids(b));
  assert.deepEqual([a.hits.length, params], [4, { term: QUERY, limit: 4, offset: 2 }]);
  const before = sent.length;
  assert.equal((await search(db, { term: "" })).hits.length, 10);
  assert.deepEqual(ids(await search(db, { term: QUERY, sortBy: { property: "size", order: "DESC" }, limit: 2 })), ["29", "28"]);
  assert.equal((await search(db, { term: "nowhere to be found" })).hits.length, 0);
  assert.equal(sent.length, before);
});

test("bad options are invalid_request", () => {
  const { reranker } = service();
  const bad = /** @type {any[]} */ ([[{}, /^text: /], [{ text: 5 }, /^text: /], [{ text: "body", window: 0 }, /^window: /], [undefined, /^pluginRerank: /]]);
  for (const [options, message] of bad) assert.throws(() => pluginRerank(reranker, options), { code: "invalid_request", message });
});
