// @ts-check
// For evaluate.py: [{ query, documents }] on standard input → their logits by the built package, in order, on standard output.
//
//     node package.mjs PKG/local.js MODEL.onnx TOKENIZER.json

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [local, model, tokenizer] = process.argv.slice(2);
const { LocalReranker } = await import(pathToFileURL(local).href);
const reranker = await LocalReranker.load({ model: readFileSync(model), tokenizer: readFileSync(tokenizer), scores: "raw", longDocuments: "truncate" });
const lists = [];
for (const request of JSON.parse(readFileSync(0, "utf8"))) {
  const { results } = await reranker.rerank(request);
  const logits = [];
  for (const { index, relevanceScore } of results) logits[index] = relevanceScore;
  lists.push(logits);
}
process.stdout.write(JSON.stringify(lists));
process.exit(0);
