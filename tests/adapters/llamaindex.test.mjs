// @ts-check
// LlamaIndex.TS: nodes of its own classes.

import assert from "node:assert/strict";
import { test } from "node:test";

import { MetadataMode, TextNode } from "@llamaindex/core/schema";
import { nodePostprocessor } from "rerank-wasm/llamaindex";

import { QUERY, TEXTS, service } from "./service.mjs";

const nodes = () => TEXTS.map((text, n) => ({ node: new TextNode({ text, id_: `n${n}`, metadata: { file: `f${n}`, secret: "s" }, excludedEmbedMetadataKeys: ["secret"] }), score: 0.1 }));

test("nodes come back best first, the very ones, with our score", async () => {
  const { sent, reranker } = service();
  const given = nodes();
  const best = await nodePostprocessor(reranker, { topN: 2 }).postprocessNodes(given, QUERY);
  assert.deepEqual(best.map(({ node }) => node.id_), ["n1", "n2"]);
  assert.equal(best[0].node, given[1].node);
  assert.equal(best[0].score, 1);
  assert.equal(given[1].score, 0.1, "the caller's own is as it was");
  assert.equal(sent[0].documents[0], given[0].node.getContent(MetadataMode.EMBED));
  assert.ok(sent[0].documents[0].includes("f0") && !sent[0].documents[0].includes("secret"));
});

test("metadataMode, a query of parts, no query", async () => {
  const { sent, reranker } = service();
  const processor = nodePostprocessor(reranker, { metadataMode: MetadataMode.NONE });
  const parts = [{ type: "text", text: "open window" }, { type: "image_url", image_url: { url: "data:," } }, { type: "text", text: "morning" }];
  assert.equal((await processor.postprocessNodes(nodes(), parts)).length, 3);
  assert.deepEqual([sent[0].query, sent[0].documents], ["open window\nmorning", TEXTS]);
  await assert.rejects(processor.postprocessNodes(nodes()), { code: "invalid_request", message: /^query: / });
  assert.deepEqual(await processor.postprocessNodes([], QUERY), []);
});
