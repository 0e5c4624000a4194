// @ts-check
// Mastra's rerankWithScorer, which asks for one score at a time.

import assert from "node:assert/strict";
import { test } from "node:test";

import { rerankWithScorer } from "@mastra/rag";
import { relevanceScorer } from "rerank-wasm/mastra";
import { RemoteReranker } from "rerank-wasm/remote";

const TEXTS = ["bb", "dddd", "", "a", "ccc"];

/** Scores by length. @param {() => Response | undefined} [first] */
function service(first) {
  /** @type {any[]} */
  const sent = [];
  const fetch = async (/** @type {any} */ _, /** @type {any} */ init) => {
    const { documents, query } = JSON.parse(init.body);
    sent.push({ documents, query });
    return first?.() ?? Response.json({ results: documents.map((/** @type {string} */ text, /** @type {number} */ index) => ({ index, relevance_score: text.length / 10 })) });
  };
  return { sent, reranker: new RemoteReranker({ provider: "dmxapi", apiKey: "k", fetch, maxRetries: 0 }) };
}

test("all documents of a rerankWithScorer travel in one request", async () => {
  const { sent, reranker } = service();
  const results = TEXTS.map((text, n) => ({ id: `r${n}`, score: 0.5, metadata: { text } }));
  const options = { topK: 3, weights: { semantic: 1, vector: 0, position: 0 } };
  const best = await rerankWithScorer({ results, query: "q", scorer: relevanceScorer(reranker), options });
  assert.deepEqual(best.map(({ result }) => result.id), ["r1", "r4", "r0"]);
  assert.equal(best[0].details.semantic, 0.4);
  assert.deepEqual(sent, [{ query: "q", documents: TEXTS.filter(Boolean) }]);
});

test("a text that does not come back, as from a cascade, has the score 0", async () => {
  const rerank = async (/** @type {any} */ { documents }) => ({ results: [{ index: documents.length - 1, relevanceScore: 0.9 }], model: "m", provider: "p", warnings: [] });
  const scorer = relevanceScorer(/** @type {any} */ ({ rerank, dispose() {} }));
  assert.deepEqual(await Promise.all(["a", "bb", "ccc"].map((text) => scorer.getRelevanceScore("q", text))), [0, 0, 0.9]);
});

test("one request a query and tick; an error reaches all that wait", async () => {
  const { sent, reranker } = service();
  const scorer = relevanceScorer(reranker, { maxChunksPerDoc: 2 });
  const scores = await Promise.all([scorer.getRelevanceScore("q", "a"), scorer.getRelevanceScore("other", "bb"), scorer.getRelevanceScore("q", "ccc"), scorer.getRelevanceScore("q", " ")]);
  assert.deepEqual(scores, [0.1, 0.2, 0.3, 0]);
  assert.deepEqual(sent.map(({ documents }) => documents), [["a", "ccc"], ["bb"]]);
  assert.equal(await scorer.getRelevanceScore("q", "a"), 0.1);
  assert.equal(sent.length, 3);
  const down = relevanceScorer(service(() => new Response("", { status: 401 })).reranker);
  const failed = await Promise.allSettled([down.getRelevanceScore("q", "a"), down.getRelevanceScore("q", "b")]);
  assert.deepEqual(failed.map((it) => it.status === "rejected" && it.reason.code), ["unauthorized", "unauthorized"]);
});
