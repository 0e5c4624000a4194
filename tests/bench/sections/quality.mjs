// @ts-check
// Quality at speed, of the default model: nDCG@10 on relevance sets against milliseconds a list, each engine on the same
// file and lists; and how far its int8 logits are from those of fp32.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { openAlone, pageFor, wanted } from "../browsers/tab.mjs";
import { firstLine } from "../compare.mjs";
import { requestOf } from "../documents.mjs";
import { prepareModel } from "../models.mjs";
import { ROOT } from "../paths.mjs";
import { ndcg10, relevanceLists } from "../relevance.mjs";

const MODEL = "default";
/** Of a pair: longer ones are cut. */
const MOST_TOKENS = 512;
/** Ours with plain SIMD gives the same scores. */
const ENGINES = ["ours", "ort", "tjs"];
/** Queries of each set: six sets make 18 lists, as many as transformers.js ranks in minutes. */
const QUERIES = 3;

/** @param {import("./index.mjs").Context} context @returns {AsyncGenerator<import("../results.mjs").Cell>} */
export async function* measureQuality({ options, url, browser, run, log }) {
  if (!options.models.includes(MODEL)) return;
  prepareModel(MODEL);
  const lists = relevanceLists(QUERIES);
  const pairs = await goldenPairs();
  const base = { ...run.part(), model: MODEL, browser: browser.name };
  for (const engine of ENGINES.filter((id) => options.engines.includes(id))) {
    log(`quality of ${engine}`);
    const cell = { ...base, engine };
    yield { ...cell, kind: "fidelity", ...(await onPage(async (score) => ({ values: await fidelity(pairs, score) }))) };
    if (lists.length === 0) yield { ...cell, kind: "quality", status: "not run", reason: "expected ../shared/data/rerank/valid, found none" };
    else yield { ...cell, kind: "quality", ...(await onPage((score) => quality(lists, score))) };

    /** @template T @param {(score: Score) => Promise<T>} measure */
    async function onPage(measure) {
      const tab = await openAlone(browser, pageFor(url, engine));
      try {
        await tab.call("load", { ...wanted(engine, MODEL) });
        const score = async (/** @type {string} */ query, /** @type {string[]} */ documents) =>
          tab.call("score", { request: await requestOf(MODEL, query, documents), repeats: 1 });
        return { status: /** @type {const} */ ("measured"), ...(await measure(score)) };
      } catch (error) {
        return { status: /** @type {const} */ ("not run"), reason: firstLine(error) };
      } finally {
        await tab.close();
      }
    }
  }
}

/** @typedef {(query: string, documents: string[]) => Promise<{ ms: number, logits: number[] }>} Score */

/** @param {import("../relevance.mjs").List[]} lists @param {Score} score */
async function quality(lists, score) {
  const samples = [];
  /** @type {Record<string, number[]>} */
  const sets = {};
  for (const { set, query, documents, grades } of lists) {
    const { ms, logits } = await score(query, documents);
    samples.push(ms);
    (sets[set] ??= []).push(ndcg10(logits, grades));
  }
  const mean = (/** @type {number[]} */ of) => of.reduce((sum, it) => sum + it, 0) / of.length;
  const bySet = Object.fromEntries(Object.entries(sets).map(([set, found]) => [set, mean(found)]));
  return { samples, values: { lists: lists.length, ndcg10: mean(Object.values(bySet)), bySet } };
}

/** @param {{ query: string, document: string, fp32_logit: number }[]} pairs @param {Score} score */
async function fidelity(pairs, score) {
  const distances = [];
  // One by one: what else is in a list must not move an engine that lets it.
  for (const { query, document, fp32_logit: expected } of pairs) {
    const distance = Math.abs((await score(query, [document])).logits[0] - expected);
    if (Number.isFinite(distance)) distances.push(distance);
  }
  return { pairs: distances.length, withoutScore: pairs.length - distances.length, meanDifference: distances.reduce((sum, it) => sum + it, 0) / distances.length };
}

/** Written for this project, with logits of the fp32 model; without those that are cut, which each engine does its own way. */
async function goldenPairs() {
  const lines = readFileSync(join(ROOT, "tests", "golden", "pairs.jsonl"), "utf8").trim().split("\n");
  const pairs = lines.map((line) => JSON.parse(line));
  const lengths = await Promise.all(pairs.map(async ({ query, document }) => (await requestOf(MODEL, query, [document])).rows[0].ids.length));
  return pairs.filter(({ tokens }, index) => tokens === lengths[index] && tokens < MOST_TOKENS);
}
