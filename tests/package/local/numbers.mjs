// @ts-check
// Logits against those of onnxruntime, on the same files.

import { equal, near, ok, same } from "../expect.mjs";

/**
 * @typedef {{ query: string, document: string, fp32_logit: number, int8_logit: number }} Pair
 * @typedef {Pair & { logit: number }} Scored
 */

/** Of fp32 against onnxruntime's fp32: different order of additions, nothing more. */
const FP32_TOLERANCE = 1e-3;

/**
 * Its golden is onnxruntime's int8, whose activations have one scale a tensor where ours have one a row; no fp32 twin of
 * these random weights exists to hold both against. The golden logits reach from -0.1 to 1.3.
 */
const MINILM_INT8_TOLERANCE = 0.1;

/** @type {readonly import("../context.mjs").Case[]} */
export const cases = [
  {
    name: "the default model ranks the API pages' examples in the order of its fp32 original",
    async run({ loadDefault, text }) {
      const reranker = await loadDefault("sigmoid");
      const pairs = byQuery(await pairsOf(text, "golden/pairs.jsonl")).filter(([pair]) => /** @type {any} */ (pair).set === "page");
      equal(pairs.length, 2, "examples");
      for (const example of pairs) {
        const documents = example.map(({ document }) => document);
        const { results, model, provider, warnings } = await reranker.rerank({ query: example[0].query, documents });
        const expected = [...documents.keys()].sort((a, b) => example[b].fp32_logit - example[a].fp32_logit);
        same(results.map((/** @type {any} */ it) => it.index), expected, example[0].query);
        for (const { index, relevanceScore, document } of results) {
          ok(relevanceScore > 0 && relevanceScore < 1, `a score between 0 and 1, not ${relevanceScore}`);
          equal(document, documents[index], "document");
        }
        same([provider, warnings], ["local", []], "provider and warnings");
        ok(typeof model === "string" && model !== "", "the model's name");
      }
    },
  },
  {
    name: "default model: all golden pairs by the int8 rule",
    not: ["workerd"],
    async run({ loadDefault, text }) {
      return int8Rule(await scored(await loadDefault("raw"), await pairsOf(text, "golden/pairs.jsonl")));
    },
  },
  {
    name: "the 6-layer cross-encoder before it: public pairs by the int8 rule",
    // Some ten thousand tokens, with `full` forty.
    not: ["chromium", "workerd"],
    once: true,
    async run({ load, url, text, full }) {
      const pairs = await pairsOf(text, "shared/golden_pairs.jsonl").catch(() => undefined);
      if (!pairs) return "skipped: ../shared/models/default/golden_pairs.jsonl is not here";
      const chosen = byQuery(pairs).filter((_, at) => full || at % 4 === 0).flat();
      const reranker = await load({ model: url("shared/model_int8.onnx"), scores: "raw", longDocuments: "truncate" });
      const note = int8Rule(await scored(reranker, chosen));
      reranker.dispose();
      return note;
    },
  },
  {
    name: "tiny fp32: as onnxruntime",
    numbers: true,
    run: async (context) => exactly(await filled(context, "tiny_fp32", "tiny"), "fp32_logit", FP32_TOLERANCE),
  },
  {
    name: "tiny int8: by the int8 rule",
    numbers: true,
    run: async (context) => int8Rule(await filled(context, "tiny_int8", "tiny")),
  },
  {
    name: "MiniLM-L6 fp32: as onnxruntime",
    numbers: true,
    not: ["workerd"],
    run: async (context) => exactly(await filled(context, "minilm-l6_fp32", "minilm"), "fp32_logit", FP32_TOLERANCE),
  },
  {
    name: "MiniLM-L6 int8: near onnxruntime's int8",
    numbers: true,
    not: ["workerd"],
    run: async (context) => exactly(await filled(context, "minilm-l6_int8", "minilm"), "int8_logit", MINILM_INT8_TOLERANCE),
  },
  {
    name: "both binaries give the same scores",
    not: ["workerd"],
    async run({ LocalReranker, url, text }) {
      const bytes = await (await fetch(url("pkg/local.relaxed.wasm"))).arrayBuffer();
      if (!WebAssembly.validate(bytes)) return "skipped: no relaxed SIMD here";
      const { cases: pairs } = JSON.parse(await text("golden/tiny.json"));
      const request = { query: pairs[4].query, documents: pairs.map((/** @type {Pair} */ pair) => pair.document).filter(Boolean) };
      const [simd128, relaxed] = await Promise.all(["simd128", "relaxed"].map(async (name) => {
        const reranker = await LocalReranker.load({ model: url("models/tiny_int8.onnx"), wasm: url(`pkg/local.${name}.wasm`), scores: "raw" });
        const { results } = await reranker.rerank(request);
        reranker.dispose();
        return results;
      }));
      same(simd128, relaxed, "results");
    },
  },
];

/** @param {import("../context.mjs").Context} context @param {any} model @param {string} golden */
async function filled({ loadFrom, text }, model, golden) {
  const reranker = await loadFrom(model, { scores: "raw", longDocuments: "truncate" });
  // One golden pair has an empty document, which the package refuses.
  const pairs = JSON.parse(await text(`golden/${golden}.json`)).cases.filter((/** @type {Pair} */ pair) => pair.document.trim() !== "");
  const result = await scored(reranker, pairs);
  reranker.dispose();
  return result;
}

/** @param {(path: string) => Promise<string>} text @param {string} path @returns {Promise<Pair[]>} */
const pairsOf = async (text, path) => (await text(path)).trim().split("\n").map((line) => JSON.parse(line));

/** @template {Pair} P @param {P[]} pairs @returns {P[][]} */
function byQuery(pairs) {
  /** @type {Map<string, P[]>} */
  const groups = new Map();
  for (const pair of pairs) groups.set(pair.query, [...(groups.get(pair.query) ?? []), pair]);
  return [...groups.values()];
}

/** @param {any} reranker @param {Pair[]} pairs @returns {Promise<Scored[]>} */
async function scored(reranker, pairs) {
  /** @type {Scored[]} */
  const all = [];
  for (const group of byQuery(pairs)) {
    const { results } = await reranker.rerank({ query: group[0].query, documents: group.map(({ document }) => document) });
    for (const { index, relevanceScore } of results) all.push({ ...group[index], logit: relevanceScore });
  }
  equal(all.length, pairs.length, "pairs scored");
  return all;
}

/** Twice onnxruntime's own loss at most, and no two documents of a query that are far apart change places. @param {Scored[]} pairs */
function int8Rule(pairs) {
  const mean = (/** @type {(pair: Scored) => number} */ of) => pairs.reduce((sum, pair) => sum + Math.abs(of(pair) - pair.fp32_logit), 0) / pairs.length;
  const ours = mean((pair) => pair.logit);
  const theirs = mean((pair) => pair.int8_logit);
  ok(ours <= 2 * theirs, `mean |logit - fp32| of at most ${2 * theirs}, found ${ours}`);
  for (const group of byQuery(pairs)) {
    for (const a of group) {
      for (const b of group) {
        if (a.fp32_logit - b.fp32_logit > 1) ok(a.logit > b.logit, `${a.fp32_logit} before ${b.fp32_logit}, found ${a.logit} and ${b.logit}: ${a.query}`);
      }
    }
  }
  return `mean |logit - fp32|: ours ${ours.toFixed(4)}, onnxruntime's ${theirs.toFixed(4)}, ${pairs.length} pairs`;
}

/** @param {Scored[]} pairs @param {"fp32_logit" | "int8_logit"} golden @param {number} tolerance */
function exactly(pairs, golden, tolerance) {
  for (const pair of pairs) near(pair.logit, pair[golden], tolerance, `${pair.query} × ${pair.document.slice(0, 40)}`);
  const largest = Math.max(...pairs.map((pair) => Math.abs(pair.logit - pair[golden])));
  return `largest difference ${largest.toExponential(2)} of ${tolerance}, ${pairs.length} pairs`;
}
