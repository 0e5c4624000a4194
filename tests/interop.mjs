// @ts-check
// RemoteReranker against a rerank server that was not written here, which serves the default model in fp32. By hand: README.md
// beside it says how to start one, and holds what came out.
//
//   node tests/interop.mjs http://127.0.0.1:7997 KEY model_fp32.onnx
//
// The pairs of golden/pairs.jsonl are ranked through `provider: "dmxapi"` with `baseUrl`; each score is held against the local fp32
// path's.

import { readFileSync } from "node:fs";

/** Of a probability; both run fp32, and sum in different orders. */
const TOLERANCE = 1e-5;

const [baseUrl, apiKey, model] = process.argv.slice(2);
if (!model) throw new Error("usage: node tests/interop.mjs BASE_URL KEY MODEL");
const { LocalReranker } = await import("../pkg/local.js");
const { RemoteReranker, isRerankError } = await import("../pkg/remote.js");
const remote = new RemoteReranker({ provider: "dmxapi", baseUrl: `${baseUrl.replace(/\/$/, "")}/rerank`, apiKey, model: "default-fp32" });
const local = await LocalReranker.load({ model, tokenizer: new URL("../model/tokenizer.json", import.meta.url) });

/** Ours cuts queries there (golden/README.md), and theirs does not. */
const SHORT = 384;
/** @type {Map<string, any[]>} by query */
const groups = new Map();
for (const line of readFileSync(new URL("golden/pairs.jsonl", import.meta.url), "utf8").trim().split("\n")) {
  const pair = JSON.parse(line);
  if (pair.tokens < SHORT) groups.set(pair.query, [...(groups.get(pair.query) ?? []), pair]);
}
let [pairs, orders, worst] = [0, 0, 0];
/** @type {any} */
let last;
for (const [query, group] of groups) {
  const documents = group.map(({ document }) => document);
  last = await remote.rerank({ query, documents });
  const ours = await local.rerank({ query, documents });
  const byIndex = (/** @type {any} */ { results }) => results.map((/** @type {any} */ it) => [it.index, it.relevanceScore]).sort((/** @type {any} */ a, /** @type {any} */ b) => a[0] - b[0]);
  byIndex(last).forEach(([, score], at) => {
    worst = Math.max(worst, Math.abs(score - byIndex(ours)[at][1]));
    pairs += 1;
  });
  orders += Number(last.results.map((/** @type {any} */ it) => it.index).join() === ours.results.map((/** @type {any} */ it) => it.index).join());
}
const refusal = await new RemoteReranker({ provider: "dmxapi", baseUrl: `${baseUrl}/rerank`, apiKey: "wrong-key-0123", model: "default-fp32" })
  .rerank({ query: "q", documents: ["a"] }).catch((/** @type {unknown} */ error) => (isRerankError(error) ? `${error.code} (${error.status})` : String(error)));
console.log(`${groups.size} requests, ${pairs} pairs; same order as the local fp32 path in ${orders} of ${groups.size}`);
console.log(`largest difference of a score: ${worst.toExponential(1)} from the local fp32 path`);
console.log(`last reply: model ${last.model}, id ${typeof last.id}, usage ${JSON.stringify(last.usage)}, warnings ${JSON.stringify(last.warnings)}`);
console.log(`a wrong key is ${refusal}`);
if (worst > TOLERANCE || orders !== groups.size) process.exitCode = 1;
