// @ts-check
// Workers AI's binding as a reranker, by the shapes that Cloudflare documents.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";

import { importInstalled } from "./installed.mjs";

const { WorkersAiReranker } = await importInstalled("rerank-wasm/workers-ai");

const REQUEST = { query: "q", documents: ["a", { text: "bbb" }, "cc"] };

/** A binding whose logit of each text is its length less two. @param {(input: any) => any} [answer] */
function bound(answer = ({ contexts }) => ({ response: contexts.map((/** @type {any} */ { text }, /** @type {number} */ id) => ({ id, score: text.length - 2 })) })) {
  /** @type {any[]} */
  const calls = [];
  return { calls, run: async (/** @type {string} */ model, /** @type {any} */ input) => (calls.push({ model, input }), answer(input)) };
}

test("logits become scores from 0 to 1, best first, with the caller's own documents", async () => {
  const binding = bound();
  const { results, model, provider, warnings } = await new WorkersAiReranker({ binding }).rerank({ ...REQUEST, topN: 2, maxChunksPerDoc: 3 });
  assert.deepEqual(results.map((/** @type {any} */ it) => it.index), [1, 2]);
  assert.ok(Math.abs(results[0].relevanceScore - 1 / (1 + Math.exp(-1))) < 1e-12);
  assert.equal(results[0].document, REQUEST.documents[1]);
  assert.deepEqual([model, provider, warnings.map((/** @type {any} */ it) => it.code)], ["@cf/baai/bge-reranker-base", "workers-ai", ["unsupported_option"]]);
  assert.deepEqual(binding.calls, [{ model, input: { query: "q", contexts: [{ text: "a" }, { text: "bbb" }, { text: "cc" }] } }]);
});

test("thresholds, ties, no documents", async () => {
  const binding = bound();
  const reranker = new WorkersAiReranker({ binding, model: "@cf/other" });
  assert.deepEqual((await reranker.rerank({ ...REQUEST, minScore: 0.5 })).results.length, 2);
  const tied = await reranker.rerank({ query: "q", documents: ["aa", "b", "cc"], returnDocuments: false });
  assert.deepEqual(tied.results.map((/** @type {any} */ it) => it.index), [0, 2, 1]);
  assert.equal(binding.calls[0].model, "@cf/other");
  const before = binding.calls.length;
  assert.deepEqual((await reranker.rerank({ query: "q", documents: [] })).results, []);
  assert.equal(binding.calls.length, before);
});

test("bad requests and options are invalid_request and reach nobody", async () => {
  const binding = bound();
  const reranker = new WorkersAiReranker({ binding });
  const bad = /** @type {[any, RegExp][]} */ ([[{ ...REQUEST, query: " " }, /^query: /], [{ ...REQUEST, query: 5 }, /^query: /], [{ query: "q", documents: ["a", ""] }, /^documents\[1\]: /], [{ ...REQUEST, topN: 0 }, /^topN: /], [null, /^request: /]]);
  for (const [request, message] of bad) await assert.rejects(reranker.rerank(request), { code: "invalid_request", message });
  assert.equal(binding.calls.length, 0);
  for (const options of [undefined, {}, { binding: {} }, { binding, model: "" }, { binding, model: 5 }]) assert.throws(() => new WorkersAiReranker(options), { code: "invalid_request" });
});

test("Cloudflare's error numbers are typed, and its words go no further", async () => {
  const codes = { "3036: used up": ["quota_exhausted", false], "AiError: 3040: Capacity": ["rate_limited", true], "5007: No such model": ["not_found", false], "secret words": ["provider_unavailable", true] };
  for (const [message, [code, retryable]] of Object.entries(codes)) {
    const binding = bound(() => { throw new Error(`${message} q bbb`); });
    const error = await new WorkersAiReranker({ binding }).rerank(REQUEST).catch((/** @type {any} */ it) => it);
    assert.deepEqual([error.code, error.retryable], [code, retryable]);
    assert.ok(!/secret|bbb/.test(`${error.message}${error.cause}`));
  }
});

test("replies that are not right are bad_response", async () => {
  const replies = [null, {}, { response: [] }, { response: [{ id: 0, score: 1 }, { id: 0, score: 2 }, { id: 1, score: 1 }] }, { response: [{ id: 0, score: NaN }, { id: 1, score: 1 }, { id: 2, score: 1 }] }, { response: [{ id: 3, score: 1 }, { id: 1, score: 1 }, { id: 2, score: 1 }] }];
  for (const reply of replies) await assert.rejects(new WorkersAiReranker({ binding: bound(() => reply) }).rerank(REQUEST), { code: "bad_response" }, JSON.stringify(reply));
});

test("abort, timeout, dispose", async () => {
  const reranker = new WorkersAiReranker({ binding: bound(() => new Promise(() => {})) });
  const controller = new AbortController();
  const pending = reranker.rerank({ ...REQUEST, signal: controller.signal });
  controller.abort("mine");
  await assert.rejects(pending, { name: "AbortError", code: "aborted", cause: "mine" });
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  await assert.rejects(reranker.rerank({ ...REQUEST, signal: AbortSignal.abort() }), { code: "aborted" });
  await assert.rejects(reranker.rerank({ ...REQUEST, timeoutMs: 10 }), { code: "timeout", retryable: true });
  const unfinished = reranker.rerank(REQUEST);
  reranker.dispose();
  await assert.rejects(unfinished, { code: "disposed" });
  await assert.rejects(reranker.rerank(REQUEST), { code: "disposed" });
});
