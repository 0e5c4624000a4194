// @ts-check
// The Vercel AI SDK's own rerank(), of both versions that have one.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { rerank as rerank6 } from "ai6";
import { rerank as rerank7 } from "ai7";
import { rerankingModel } from "rerank-wasm/ai-sdk";
import { isRerankError } from "rerank-wasm/remote";

import { QUERY, TEXTS, service } from "./service.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;

/** The SDK's own, where no service says how long. */
const FIRST_WAIT_MS = 2000;

for (const [version, rerank] of /** @type {[string, any][]} */ ([["ai 6", rerank6], ["ai 7", rerank7]])) {
  test(`${version}: strings`, async () => {
    const { sent, reranker } = service();
    const { ranking, rerankedDocuments, originalDocuments, response, providerMetadata } = await rerank({ model: rerankingModel(reranker), query: QUERY, documents: TEXTS, topN: 2 });
    assert.deepEqual(ranking.map((/** @type {any} */ it) => it.originalIndex), [1, 2]);
    assert.ok(ranking[0].score > ranking[1].score);
    assert.deepEqual(rerankedDocuments, [TEXTS[1], TEXTS[2]]);
    assert.deepEqual(originalDocuments, TEXTS);
    assert.equal(response.modelId, "bge-reranker-v2-m3-free");
    assert.deepEqual(providerMetadata, { "rerank-wasm": { provider: "dmxapi", usage: { promptTokens: 7, completionTokens: 0, totalTokens: 7 } } });
    assert.deepEqual([sent.length, sent[0].documents], [1, TEXTS]);
  });

  test(`${version}: objects by their text, by rankFields, and as JSON with a warning`, async () => {
    const { sent, reranker } = service();
    const model = rerankingModel(reranker, { maxChunksPerDoc: 4 });
    const texts = TEXTS.map((text, id) => ({ text, id }));
    const { rerankedDocuments } = await rerank({ model, query: QUERY, documents: texts, topN: 1 });
    assert.deepEqual(rerankedDocuments, [texts[1]]);
    const pages = TEXTS.map((body, id) => ({ title: id, body, note: null }));
    const providerOptions = { "rerank-wasm": { rankFields: ["title", "body", "note"], overlapTokens: 10, instruction: "x" } };
    await rerank({ model, query: QUERY, documents: pages, providerOptions });
    assert.deepEqual(sent[1].documents[0], `0\n${TEXTS[0]}`);
    assert.deepEqual([sent[1].overlap_tokens, sent[1].max_chunks_per_doc], [10, 4]);
    await rerank({ model, query: QUERY, documents: pages });
    assert.deepEqual(sent[2].documents[0], JSON.stringify(pages[0]));
    const { warnings } = await model.doRerank({ documents: { type: "object", values: pages }, query: QUERY, providerOptions: { "rerank-wasm": { instruction: "x" } } });
    assert.deepEqual(warnings.map((/** @type {any} */ it) => it.type), ["compatibility", "unsupported"]);
    const named = (/** @type {any} */ rankFields) => model.doRerank({ documents: { type: "object", values: pages }, query: QUERY, providerOptions: { "rerank-wasm": { rankFields } } });
    await assert.rejects(named("title"), { code: "invalid_request", message: /^rankFields: expected an array/ });
    assert.equal((await named(null)).ranking.length, pages.length);
  });

  test(`${version}: the SDK retries what may succeed, as often as it says; ours do not multiply`, async () => {
    const busy = () => Response.json({ error: { message: "", code: null } }, { status: 429, headers: { "retry-after-ms": "5" } });
    const { sent, reranker } = service([busy, busy]);
    const timers = mock.method(globalThis, "setTimeout");
    const { ranking } = await rerank({ model: rerankingModel(reranker), query: QUERY, documents: TEXTS });
    const waits = timers.mock.calls.map(({ arguments: [, ms] }) => Number(ms));
    timers.mock.restore();
    assert.deepEqual([ranking[0].originalIndex, sent.length], [1, 3]);
    assert.deepEqual(waits.filter((ms) => ms === 5 || ms === FIRST_WAIT_MS), [5, 5], "waits as long as the service asks");

    const down = service([busy, busy, busy, busy]);
    await assert.rejects(rerank({ model: rerankingModel(down.reranker), query: QUERY, documents: TEXTS, maxRetries: 1 }), (/** @type {any} */ error) => {
      return error.name === "AI_RetryError" && error.errors.length === 2 && isRerankError(error.lastError);
    });
    assert.equal(down.sent.length, 2);

    const denied = service([() => Response.json({ error: { message: "Invalid Token", code: "" } }, { status: 401 })]);
    await assert.rejects(rerank({ model: rerankingModel(denied.reranker), query: QUERY, documents: TEXTS }), { code: "unauthorized", statusCode: 401 });
    assert.equal(denied.sent.length, 1, "no second try");
  });

  test(`${version}: an abort is an AbortError, headers travel, [] makes no call`, async () => {
    const { sent, reranker } = service();
    const model = rerankingModel(reranker, { headers: { "x-mine": "1" } });
    const aborted = rerank({ model, query: QUERY, documents: TEXTS, abortSignal: AbortSignal.abort() });
    await assert.rejects(aborted, { name: "AbortError" });
    assert.equal(sent.length, 0);
    await rerank({ model, query: QUERY, documents: TEXTS, headers: { "x-trace": "7", "x-none": undefined } });
    assert.deepEqual(["x-mine", "x-trace", "x-none"].map((name) => sent[0].headers.get(name)), ["1", "7", null]);
    assert.deepEqual((await rerank({ model, query: QUERY, documents: [] })).ranking, []);
    assert.equal(sent.length, 1);
  });
}

test("no reranker is invalid_request at once", () => {
  for (const bad of [undefined, null, {}, "dmxapi"]) assert.throws(() => rerankingModel(/** @type {any} */ (bad)), { code: "invalid_request", message: /^rerankingModel: / });
});
