// @ts-check
// LangChain.js: the compressor as LangChain knows and calls one.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Document } from "@langchain/core/documents";
import { BaseDocumentCompressor } from "@langchain/core/retrievers/document_compressors";
import { documentCompressor } from "rerank-wasm/langchain";

import { QUERY, TEXTS, service } from "./service.mjs";

const documents = TEXTS.map((pageContent, n) => new Document({ pageContent, id: `d${n}`, metadata: { source: n } }));

test("LangChain takes it for a compressor; documents come back copied, with their class, id and score", async () => {
  const { sent, reranker } = service();
  const compressor = documentCompressor(reranker, { topN: 2 });
  assert.ok(BaseDocumentCompressor.isBaseDocumentCompressor(compressor));
  const best = await compressor.compressDocuments(documents, QUERY);
  assert.deepEqual(best.map(({ id }) => id), ["d1", "d2"]);
  assert.ok(best[0] instanceof Document);
  assert.deepEqual(best[0].metadata, { source: 1, relevanceScore: 1 });
  assert.equal(best[0].pageContent, TEXTS[1]);
  assert.deepEqual(documents[1].metadata, { source: 1 }, "the caller's own is as it was");
  assert.equal(sent.length, 1);
});

test("three by default, empty pieces left out, nothing of nothing", async () => {
  const { sent, reranker } = service();
  const compressor = documentCompressor(reranker);
  const many = [new Document({ pageContent: " " }), ...documents, ...documents];
  assert.equal((await compressor.compressDocuments(many, QUERY)).length, 3);
  assert.equal(sent[0].documents.length, 6);
  assert.deepEqual(await compressor.compressDocuments([], QUERY), []);
  assert.deepEqual(await compressor.compressDocuments([new Document({ pageContent: "" })], QUERY), []);
  assert.equal(sent.length, 1);
});

test("errors are the reranker's own", async () => {
  await assert.rejects(documentCompressor(service().reranker).compressDocuments(documents, " "), { code: "invalid_request", message: /^query: / });
});
