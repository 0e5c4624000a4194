// @ts-check
// Runs that are measured in pieces, and models that are made for them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { calm } from "../models/calm.mjs";
import { fillSkeleton } from "../models/fill.mjs";
import { compare, reasonOf } from "./compare.mjs";
import { toFloat } from "./fp32.mjs";
import { attentionLayer, linearLayer, once } from "./onnx-layers.mjs";
import { readOptions } from "./options.mjs";
import { KINDS, prepareModel } from "./models.mjs";
import { ROOT } from "./paths.mjs";
import { chart } from "./report/chart.mjs";
import { headlines } from "./report/headlines.mjs";
import { heading, markdown } from "./report/markdown.mjs";
import { latest, put, ratio } from "./results.mjs";
import { measureSpeed } from "./sections/speed.mjs";
import { measureModel } from "./sections/start.mjs";
import { judge, targets } from "./targets.mjs";

/** @param {Partial<import("./results.mjs").Cell>} [fields] @returns {import("./results.mjs").Cell} */
const cell = (fields = {}) => ({ run: "r1", part: 1, kind: "speed", engine: "ours", model: "minilm", workload: "8x128", status: "measured", samples: [10], ...fields });

test("what is measured again as a whole takes the place of what was; of a part both stay, and are never compared", () => {
  const once = [cell(), cell({ engine: "ort", samples: [30] }), cell({ workload: "1x512" })];
  const some = [...once, cell({ part: 2, samples: [11] })];
  assert.deepEqual(latest(some), some, "onnxruntime-web's time would be left without ours beside it");
  assert.throws(() => ratio(some[1], some[3]), /expected cells of one run/);
  const all = [...some, cell({ part: 3, samples: [12] }), cell({ part: 3, engine: "ort", samples: [31] }), cell({ part: 3, engine: "tjs", samples: [90] })];
  assert.deepEqual(latest(all).map(({ engine, part, workload }) => [engine, part, workload]), [["ours", 1, "1x512"], ["ours", 3, "8x128"], ["ort", 3, "8x128"], ["tjs", 3, "8x128"]]);
});

test("of a comparison measured twice the target takes the one with more rounds", () => {
  const here = { browser: "Chromium" };
  const pair = (/** @type {number} */ part, /** @type {number[]} */ ours, /** @type {number[]} */ theirs) => [cell({ ...here, part, samples: ours }), cell({ ...here, part, engine: "ort", samples: theirs })];
  const results = { run: "r1", startedAt: "", machine: { cpu: "a", cores: 2, memoryGB: 8, relaxedDot: "signed" }, browsers: {}, versions: {}, cells: [...pair(1, [10], [20]), ...pair(2, [10, 10], [31, 33])] };
  const [target] = targets(results).filter(({ title }) => title === "minilm 8x128, relaxed SIMD");
  assert.equal(judge(target, results).found, 3.2);
});

test("the README's table, the bars and the targets tell of the same rounds, the most", () => {
  const here = { browser: "Chromium" };
  const many = [["ours", 10], ["ort", 30], ["ours-workers", 6], ["ort-threads", 20], ["tjs", 99]].map(([engine, ms]) => cell({ ...here, engine: String(engine), samples: [Number(ms)] }));
  const few = [["ours", 11], ["ort", 44]].map(([engine, ms]) => cell({ ...here, part: 2, engine: String(engine), samples: [1, 2, 3].map(() => Number(ms)) }));
  const plain = cell({ ...here, part: 3, engine: "ours-simd128", samples: [20] });
  const results = { run: "r1", startedAt: "", machine: { cpu: "a", cores: 2, memoryGB: 8, relaxedDot: "signed" }, browsers: {}, versions: {}, cells: [...few, ...many, plain, cell({ ...here, part: 3, engine: "ort", samples: [26] })] };
  const found = (/** @type {string} */ title) => targets(results).filter((it) => it.title === title).map((target) => judge(target, results).found);
  assert.deepEqual(found("minilm 8x128, relaxed SIMD"), [4]);
  // What is not among them comes from the rounds that have it.
  assert.deepEqual(found("minilm 8x128, plain SIMD"), [1.3]);
  assert.match(headlines(results), /MiniLM-L6, 8 × 128 \| 11\.0 \| – \| – \| 44\.0 \| – \| –/);
  assert.match(chart(results), />4\.00×</);
  assert.match(markdown(results), /workers: auto 1\.67 .*; onnxruntime-web, threads 1\.50/);
});

test("a start that is stopped keeps the rounds that are whole, each engine's", async () => {
  let starts = 0;
  const tab = { call: async (/** @type {string} */ command) => ({ ms: ++starts, ...(command === "start" ? { firstRankingMs: 1, wasmBytes: 1, urls: [] } : {}) }), close: async () => {} };
  const profile = { open: async () => tab, close: async () => {} };
  const browser = { name: "Chromium", newProfile: async () => profile };
  const context = /** @type {any} */ ({ options: readOptions(["--engines", "ours,ort"]), url: "", browser, run: { part: () => ({ run: "r1", part: 1 }) }, log() {} });
  /** @type {import("./results.mjs").Cell[]} */
  const cells = [];
  const rounds = [];
  for await (const each of measureModel(context, "bce", { query: "", documents: [], rows: [] })) {
    put(cells, each);
    rounds.push(cells.map(({ samples }) => samples?.length));
  }
  assert.deepEqual(cells.map(({ engine, kind, samples }) => [engine, kind, samples]), [
    ["ours", "cold", [1, 7, 13]], ["ours", "warm", [2, 8, 14]], ["ours", "ready", [3, 9, 15]],
    ["ort", "cold", [4, 10, 16]], ["ort", "warm", [5, 11, 17]], ["ort", "ready", [6, 12, 18]],
  ]);
  assert.deepEqual(rounds[5], [1, 1, 1, 1, 1, 1], "after the first round");
});

test("the report says how long the run took, and in how many pieces", () => {
  const results = { run: "r1", startedAt: "2026-11-24T00:00:00Z", machine: { cpu: "a", cores: 2, memoryGB: 8, relaxedDot: "signed" }, browsers: {}, versions: {}, cells: [] };
  const piece = { startedAt: "2026-11-24T00:00:00Z", seconds: 90, busyBefore: 0, asked: "--quick" };
  assert.match(heading({ ...results, pieces: [piece] }), /Measured in 1\.50 minutes\./);
  assert.match(heading({ ...results, pieces: [piece, piece] }), /Measured in 3\.00 minutes, in 2 pieces: none of the comparisons is across two of them\./);
  assert.match(heading({ ...results, pieces: [{ ...piece, busyBefore: 0.5 }] }), /Of the piece "--quick" 50 % of the cores' time went to other programs before it began/);
});

test("a model that is not there is a named gap for each engine, not the end of the section", async () => {
  assert.match(String(reasonOf(() => prepareModel("nothing"))), /model: expected one of default, minilm, bce, bge, found nothing/);
  assert.equal(reasonOf(() => {}), undefined);
  const { skeleton } = KINDS.bge;
  KINDS.bge.skeleton = "nothing";
  try {
    const options = readOptions(["--only", "bge", "--workloads", "1x128,1x512", "--engines", "ours,ort"]);
    const context = /** @type {any} */ ({ options, url: "", browser: { name: "Chromium" }, run: { part: () => ({ run: "r1", part: 1 }) }, log() {} });
    const cells = [];
    for await (const each of measureSpeed(context)) cells.push(each);
    assert.deepEqual(cells.map(({ engine, workload, status }) => [engine, workload, status]), ["1x128", "1x512"].flatMap((workload) => ["ours", "ort"].map((engine) => [engine, workload, "not run"])));
    assert.match(String(cells[0].reason), /nothing\.skeleton\.onnx/);
  } finally {
    KINDS.bge.skeleton = skeleton;
  }
});

test("calm changes one number of each matrix and nothing else", () => {
  const skeleton = readFileSync(join(ROOT, "tests", "models", "minilm-l6_int8.skeleton.onnx"));
  const filled = fillSkeleton(skeleton);
  const calmed = calm(filled.slice(), KINDS.minilm.shape);
  let changed = 0;
  for (let at = 0; at < filled.length; at++) if (filled[at] !== calmed[at]) changed++;
  // Six matrices of six layers and the pooler, four bytes each.
  assert.ok(changed > 37 && changed <= 37 * 4, `${changed} bytes`);
  assert.throws(() => calm(filled.slice(), KINDS.bce.shape), /expected 72 matrices, found 36/);
});

test("an engine, ours too, is judged by how far it lies from fp32 where that is known, of how far the pairs lie apart", async () => {
  const fp32 = [1, -1, 2, -2];
  const pairs = fp32.map((_, at) => ({ query: "q", documents: [String(at)], rows: [] }));
  const engine = (/** @type {string} */ name, /** @type {number} */ off, scale = 1) => ({
    engine: name,
    call: async (/** @type {string} */ _, /** @type {any} */ { request }) => ({ ms: 1_000, logits: request.documents.map((/** @type {string} */ it) => scale * (fp32[Number(it)] + (Number(it) % 2 ? off : -off))) }),
  });
  const options = { rounds: 1, pairs, fp32, warmUp: { times: 1, ms: 0 } };
  // Each a tenth off, to either side: further from each other than from what they mean.
  const near = await compare([engine("ours", 0.1), engine("ort", -0.1)], pairs[0], options);
  assert.deepEqual(near.map(({ samples, agreement }) => [samples?.length, agreement?.fp32?.mean.toFixed(3), agreement?.meanDifference.toFixed(3)]), [[1, "0.100", "0.000"], [1, "0.100", "0.200"]]);
  const far = await compare([engine("ours", 0), engine("other", 0, -1), engine("constant", 0, 0), engine("nan", NaN)], pairs[0], options);
  assert.deepEqual(far.map(({ samples }) => samples?.length), [1, undefined, undefined, undefined]);
  assert.match(String(far[1].reason), /its scores are not the model's: 3\.0 from fp32 on average, where pairs lie 1\.6 apart/);
  const ours = await compare([engine("ours", 0, -1), engine("ort", 0), engine("other", 0, -1)], pairs[0], options);
  assert.deepEqual(ours.map(({ samples }) => samples?.length), [undefined, 1, undefined], "a wrong engine of ours is named, and the right peer measured");
});

test("with activations in float nothing quantizes any more, and weights stay", () => {
  const weights = Int8Array.of(1, -2, 3, -4, 5, -6);
  const layer = once(linearLayer({ rows: 1, inputs: 3, outputs: 2, weights, scale: 0.5 }));
  const float = Buffer.from(toFloat(layer));
  for (const gone of ["DynamicQuantizeLinear", "MatMulInteger"]) assert.ok(Buffer.from(layer).includes(gone) && !float.includes(gone), gone);
  for (const there of ["Identity", "sums/weights", "MatMul"]) assert.ok(float.includes(there), there);
  assert.ok(float.includes(Buffer.from(weights.buffer)));
  const attention = once(attentionLayer({ length: 2, heads: 1, head: 2 }));
  assert.deepEqual(toFloat(attention), attention, "a graph of floats stays as it is");
});
