// @ts-check
// Lists to be ranked, of relevance sets that lie beside the checkout, and how good a ranking of one is.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

import { random } from "./random.mjs";
import { SHARED } from "./paths.mjs";

export const VALID = join(SHARED, "data", "rerank", "valid");

/** Documents of a list; where a query has fewer bad ones of its own, others of the set are drawn. */
const LIST = 20;

/** @typedef {{ set: string, query: string, documents: string[], grades: number[] }} List `grades`: 0 is irrelevant */

/** @param {number} perSet queries @returns {List[]} none where the data is not there */
export function relevanceLists(perSet) {
  if (!existsSync(VALID)) return [];
  const sets = readdirSync(VALID).filter((file) => !file.includes(".passages.")).map((file) => file.replace(".jsonl.gz", "")).sort();
  return sets.flatMap((set) => listsOf(set, perSet));
}

/** @param {string} set @param {number} count @returns {List[]} */
function listsOf(set, count) {
  const read = (/** @type {string} */ file) => gunzipSync(readFileSync(join(VALID, file))).toString().trim().split("\n").map((line) => JSON.parse(line));
  const queries = read(`${set}.jsonl.gz`);
  /** @type {string[]} */
  const passages = read(`${set}.passages.jsonl.gz`);
  const draw = random(11);
  const any = (/** @type {number} */ below) => Math.floor(draw() * below);
  return Array.from({ length: count }, (_, at) => {
    // Spread over the file, which is sorted by source.
    const { q, pos, neg, grades = [] } = queries[Math.floor((at * queries.length) / count)];
    const chosen = new Set([...pos, ...neg].slice(0, LIST));
    while (chosen.size < LIST) chosen.add(any(passages.length));
    const indices = [...chosen].filter((index) => passages[index].trim() !== "");
    const graded = new Map(grades);
    const gradeOf = (/** @type {number} */ index) => graded.get(index) ?? (pos.includes(index) ? 1 : 0);
    return { set, query: q, documents: indices.map((index) => passages[index]), grades: indices.map(gradeOf) };
  });
}

/**
 * Discounted gain of the ten best, of the best there could be; exponential gain, as TREC and BEIR.
 * @param {readonly number[]} scores @param {readonly number[]} grades of the same documents
 * @returns {number} 0..1
 */
export function ndcg10(scores, grades) {
  const gain = (/** @type {readonly number[]} */ ranked) => ranked.slice(0, 10).reduce((sum, grade, rank) => sum + (2 ** grade - 1) / Math.log2(rank + 2), 0);
  const order = [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b);
  const best = gain([...grades].sort((a, b) => b - a));
  return best === 0 ? 0 : gain(order.map((index) => grades[index])) / best;
}
