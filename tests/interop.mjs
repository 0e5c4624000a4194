// @ts-check
// RemoteReranker against a rerank server that was not written here, which serves the default model in fp32. By hand: README.md
// beside it says how to start one, and holds what came out.
//
//   node tests/interop.mjs http://127.0.0.1:7997 [KEY]
//
// The pairs of golden/pairs.jsonl are ranked through `provider: "dmxapi"` with `baseUrl`; each score is held against the local fp32
// path and against onnxruntime's fp32 logit, as a probability.

import { readFileSync } from "node:fs";

const SHARED = new URL("../../shared/models/default/", import.meta.url);
/** Of a probability; both run fp32, and sum in different orders. */
const TOLERANCE = 1e-5;

const [baseUrl, apiKey] = process.argv.slice(2);
if (!baseUrl) throw new Error("usage: node tests/interop.mjs BASE_URL [KEY]");
const { LocalReranker } = await import("../pkg/local.js");
const { RemoteReranker, isRerankError } = await import("../pkg/remote.js");
const remote = new RemoteReranker({ provider: "dmxapi", baseUrl: `${baseUrl.replace(/\/$/, "")}/rerank`, apiKey, model: "default-fp32" });
const local = await LocalReranker.load({ model: new URL("model_fp32.onnx", SHARED), tokenizer: new URL("tokenizer.json", SHARED) });

/** Ours cuts queries there (golden/README.md), and theirs does not. */
const SHORT = 384;
/** @type {Map<string, any[]>} by query */
const groups = new Map();
for (const line of readFileSync(new URL("golden/pairs.jsonl", import.meta.url), "utf8").trim().split("\n")) {
  const pair = JSON.parse(line);
  if (pair.tokens < SHORT) groups.set(pair.query, [...(groups.get(pair.query) ?? []), pair]);
}
const worst = { local: 0, onnxruntime: 0 };
let [pairs, orders] = [0, 0];
/** @type {any} */
let last;
for (const [query, group] of groups) {
  const documents = group.map(({ document }) => document);
  last = await remote.rerank({ query, documents });
  const ours = await local.rerank({ query, documents });
  const byIndex = (/** @type {any} */ { results }) => results.map((/** @type {any} */ it) => [it.index, it.relevanceScore]).sort((/** @type {any} */ a, /** @type {any} */ b) => a[0] - b[0]);
  byIndex(last).forEach(([index, score], at) => {
    worst.local = Math.max(worst.local, Math.abs(score - byIndex(ours)[at][1]));
    worst.onnxruntime = Math.max(worst.onnxruntime, Math.abs(score - 1 / (1 + Math.exp(-group[index].fp32_logit))));
    pairs += 1;
  });
  orders += Number(last.results.map((/** @type {any} */ it) => it.index).join() === ours.results.map((/** @type {any} */ it) => it.index).join());
}
const refusal = await new RemoteReranker({ provider: "dmxapi", baseUrl: `${baseUrl}/rerank`, apiKey: "wrong-key-0123", model: "default-fp32" })
  .rerank({ query: "q", documents: ["a"] }).catch((/** @type {unknown} */ error) => (isRerankError(error) ? `${error.code} (${error.status})` : String(error)));
console.log(`${groups.size} requests, ${pairs} pairs; same order as the local fp32 path in ${orders} of ${groups.size}`);
console.log(`largest difference of a score: ${worst.local.toExponential(1)} from the local fp32 path, ${worst.onnxruntime.toExponential(1)} from onnxruntime's fp32`);
console.log(`last reply: model ${last.model}, id ${typeof last.id}, usage ${JSON.stringify(last.usage)}, warnings ${JSON.stringify(last.warnings)}`);
console.log(`a wrong key is ${refusal}`);
if (Math.max(worst.local, worst.onnxruntime) > TOLERANCE || orders !== groups.size) process.exitCode = 1;
