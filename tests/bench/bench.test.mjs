// @ts-check
// The parts of the bench that need no browser and no peers.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { compareScores } from "./agreement.mjs";
import { compare } from "./compare.mjs";
import { f32, halfOf, q8, string, uint32, writeGguf } from "./gguf/container.mjs";
import { onnxTensors } from "./gguf/onnx-tensors.mjs";
import { attentionLayer, layerData, linearLayer, once, repeated } from "./onnx-layers.mjs";
import { readOptions } from "./options.mjs";
import { chart } from "./report/chart.mjs";
import { markdown } from "./report/markdown.mjs";
import { pages } from "./report/pages.mjs";
import { measureAll } from "./measure.mjs";
import { ratio } from "./results.mjs";
import { packageDigest, resumed } from "./resume.mjs";
import { ROOT } from "./paths.mjs";
import { ndcg10 } from "./relevance.mjs";
import { line, median, pairedRatio, quantile, spread } from "./statistics.mjs";
import { judge, targets } from "./targets.mjs";

/** @param {Partial<import("./results.mjs").Cell>} [fields] @returns {import("./results.mjs").Cell} */
const cell = (fields = {}) => ({ run: "r1", part: 1, kind: "speed", engine: "ours", model: "minilm", workload: "8x128", status: "measured", samples: [10, 20, 40], ...fields });

/** @param {import("node:test").TestContext} t which ends with it */
function newFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("median and quartiles, of odd and even numbers of values, in any order", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.deepEqual(spread([1, 2, 3, 4, 5]), { median: 3, low: 2, high: 4, count: 5 });
  assert.equal(quantile([10, 20], 0.25), 12.5);
  assert.throws(() => median([]), /at least one value/);
});

test("a ratio is taken pair by pair: a slow round slows both", () => {
  assert.equal(pairedRatio([20, 200, 22], [10, 100, 11]).median, 2);
  assert.throws(() => pairedRatio([1, 2], [1]), /expected pairs, found 2 and 1/);
});

test("a line through points, and how far they are off", () => {
  const { slope, intercept, r2, worst } = line([{ x: 1, y: 5 }, { x: 2, y: 7 }, { x: 4, y: 11 }]);
  assert.deepEqual([slope, intercept, r2].map((it) => Math.round(it * 1e9) / 1e9), [2, 3, 1]);
  assert.ok(worst < 1e-9);
  assert.ok(line([{ x: 1, y: 1 }, { x: 2, y: 4 }, { x: 3, y: 9 }]).worst > 0.1);
  assert.throws(() => line([{ x: 1, y: 1 }, { x: 1, y: 2 }]), /different x/);
});

test("no ratio across runs, parts, workloads, or from a cell that was not run", () => {
  const theirs = cell({ engine: "ort", samples: [30, 60, 120] });
  assert.equal(ratio(theirs, cell()).median, 3);
  assert.throws(() => ratio(theirs, cell({ run: "r2" })), /expected cells of one run, found ort of run r1, part 1 and ours of run r2, part 1/);
  assert.throws(() => ratio(theirs, cell({ part: 2 })), /expected cells of one run/);
  assert.throws(() => ratio(theirs, cell({ workload: "1x512" })), /same workload/);
  assert.throws(() => ratio({ ...theirs, samples: undefined, status: "not run" }, cell()), /two measured cells, found not run and measured/);
});

test("scores that are not the same do not agree, and NaN agrees with nothing", () => {
  assert.equal(compareScores([1, -2.05], [1.02, -2]).agrees, true);
  assert.equal(compareScores([1, 2], [2, 1]).agrees, false);
  assert.equal(compareScores([NaN], [1]).agrees, false);
  assert.throws(() => compareScores([1], [1, 2]), /expected 2, found 1/);
});

test("engines take turns; one that crashes or scores otherwise is named, and the others go on", async () => {
  /** @type {string[]} */
  const turns = [];
  /** @type {Record<string, number>} */
  const logits = { a: 1, b: 2 };
  const engine = (/** @type {string} */ name, /** @type {(documents: string[], call: number) => number[]} */ score) => {
    let calls = 0;
    const call = async (/** @type {string} */ _, /** @type {any} */ { request }) => {
      turns.push(name);
      return { ms: 1_000, logits: score(request.documents, ++calls) };
    };
    return { engine: name, call };
  };
  const request = (/** @type {string[]} */ documents) => ({ query: "q", documents, rows: [] });
  const right = (/** @type {string[]} */ documents) => documents.map((it) => logits[it]);
  const contenders = [
    engine("ours", right),
    engine("good", right),
    engine("other", (documents) => right(documents).map((it) => -it)),
    // The same model, whose scores depend on what else is in the list.
    engine("batch", (documents) => right(documents).map((it) => it + documents.length - 1)),
    engine("crashing", (documents, calls) => {
      if (calls > 4) throw new Error("the page crashed\nwith a stack");
      return right(documents);
    }),
  ];
  const outcomes = await compare(contenders, request(["a", "b"]), { rounds: 2, pairs: [request(["a"]), request(["b"])], warmUp: { times: 2, ms: 0 } });
  const measuring = contenders.length * 2 * 2;
  assert.deepEqual(turns.slice(measuring), ["ours", "good", "batch", "crashing", "batch", "good", "ours"]);
  assert.deepEqual(outcomes.map(({ samples }) => samples?.length), [2, 2, undefined, 2, undefined]);
  assert.match(String(outcomes[2].reason), /its scores are not ours: 3.0 apart on average, of 2.0/);
  assert.deepEqual([outcomes[3].agreement?.meanDifference, outcomes[3].agreement?.inList], [0, 1]);
  assert.equal(outcomes[4].reason, "the page crashed");
});

test("rounds that are short are taken more often, until they took long enough or are as many as may be", async () => {
  const engine = { engine: "ours", call: async () => ({ ms: 1_000, logits: [1] }) };
  const request = { query: "q", documents: ["a"], rows: [] };
  const rounds = async (/** @type {number} */ steadyMs) => (await compare([engine], request, { rounds: 3, steadyMs, warmUp: { times: 1, ms: 0 } }))[0].samples?.length;
  assert.deepEqual([await rounds(0), await rounds(60_000)], [3, 21]);
});

test("what takes long is warmed up once, and all that stand beside it run three rounds", async () => {
  const calls = { ours: 0, slow: 0 };
  const engine = (/** @type {"ours" | "slow"} */ name, /** @type {number} */ ms) => ({ engine: name, call: async () => ({ ms, logits: [++calls[name] && 1] }) });
  const [ours, slow] = await compare([engine("ours", 1_000), engine("slow", 20_000)], { query: "q", documents: ["a"], rows: [] }, { rounds: 5, warmUp: { times: 2, ms: 0 } });
  assert.deepEqual([ours.samples, slow.samples], [[1_000, 1_000, 1_000], [20_000, 20_000, 20_000]]);
  assert.deepEqual(calls, { ours: 5, slow: 4 });
});

test("a cell that was not run stands in the report with its reason, and alone gives no ratio", () => {
  const machine = { cpu: "a CPU", cores: 2, memoryGB: 8, relaxedDot: "signed" };
  const report = markdown({
    run: "r1", startedAt: "2026-11-24T00:00:00Z", machine, browsers: { Chromium: "1" }, versions: { peer: "2" },
    cells: [cell(), cell({ engine: "ort", samples: [20, 40, 80] }), cell({ engine: "tjs", samples: undefined, status: "not run", reason: "the page crashed" })],
  });
  assert.match(report, /onnxruntime-web, 1 thread \| 40\.0 \(30\.0–60\.0\) \| 2\.00 \(2\.00–2\.00\)/);
  assert.match(report, /transformers\.js, one padded batch \| not run: the page crashed/);
});

test("growth: each size, how straight the line is, and what was too long", () => {
  const of = (/** @type {number} */ size, /** @type {number} */ ms) => cell({ kind: "growth", series: "tokens", workload: undefined, size, samples: [ms], values: { billions: size * size, wasmBytes: 1e6 } });
  const report = markdown({
    run: "r1", startedAt: "2026-11-24T00:00:00Z", machine: { cpu: "a CPU", cores: 2, memoryGB: 8, relaxedDot: "signed" }, browsers: {}, versions: {},
    cells: [of(1, 10), of(2, 40), of(4, 160), { ...of(8, 0), samples: undefined, status: "not run", reason: "foreseen to take 640 s" }],
  });
  assert.match(report, /\| tokens \| MiniLM-L6 \| 2 \| 40\.0 \| 20\.0 \| 100 \| 1\.00 MB \|/);
  assert.match(report, /- tokens: .*R² = 0\.9\d+; against operations R² = 1\.0000/);
  assert.match(report, /\| tokens \| MiniLM-L6 \| 8 \| not run: foreseen to take 640 s/);
});

test("each target of the design is named: reached, not reached or not run", () => {
  /** @param {import("./results.mjs").Cell[]} cells */
  const results = (...cells) => ({ run: "r1", startedAt: "2026-11-24T00:00:00Z", machine: { cpu: "a CPU", cores: 2, memoryGB: 8, relaxedDot: "signed" }, browsers: {}, versions: {}, cells });
  const bytes = (/** @type {number} */ gzip) => cell({ kind: "bytes", engine: "rerank-wasm/remote", model: undefined, samples: undefined, values: { gzip } });
  const here = { browser: "Chromium" };
  const verdicts = (/** @type {ReturnType<typeof results>} */ of) => Object.fromEntries(targets(of).map((target) => [target.title, judge(target, of)]));
  const some = verdicts(results(
    cell(here), cell({ ...here, engine: "ort", samples: [28, 57, 120] }),
    cell({ ...here, engine: "ours-simd128", samples: undefined, status: "not run", reason: "the page crashed" }),
    bytes(40_000),
  ));
  assert.deepEqual([some["minilm 8x128, relaxed SIMD"].verdict, some["minilm 8x128, relaxed SIMD"].found], ["reached the least", 2.85]);
  assert.deepEqual([some["minilm 8x128, plain SIMD"].verdict, some["minilm 8x128, plain SIMD"].reason], ["not run", "the page crashed"]);
  assert.equal(some["`./remote` with its wasm, minified, gzip −9"].verdict, "reached the least");
  assert.equal(some["bge 1x512, plain SIMD"].verdict, "not run");
  assert.equal(verdicts(results(bytes(46_000)))["`./remote` with its wasm, minified, gzip −9"].verdict, "not reached");
  // Measured in different parts: no ratio, so not run.
  assert.equal(verdicts(results(cell(here), cell({ ...here, part: 2, engine: "ort" })))["minilm 8x128, relaxed SIMD"].verdict, "not run");
});

test("nDCG@10 of a perfect, a reversed and a hopeless list", () => {
  assert.equal(ndcg10([3, 2, 1], [2, 1, 0]), 1);
  assert.ok(Math.abs(ndcg10([1, 2], [1, 0]) - 1 / Math.log2(3)) < 1e-12);
  assert.equal(ndcg10([1, 2], [0, 0]), 0);
});

test("the chart has a bar for each engine that was measured beside onnxruntime-web, and no other", () => {
  const here = { browser: "Chromium" };
  const svg = chart({
    run: "r1", startedAt: "", machine: { cpu: "", cores: 2, memoryGB: 8, relaxedDot: "signed" }, browsers: { Chromium: "1" }, versions: { "onnxruntime-web": "2<3" },
    cells: [cell(here), cell({ ...here, engine: "ort", samples: [30, 60, 120] }), cell({ ...here, part: 2, engine: "tjs" }), cell({ ...here, engine: "ours-simd128", samples: undefined, status: "not run" })],
  });
  assert.equal(svg.match(/<rect/g)?.length, 1);
  assert.match(svg, />3\.00×</);
  assert.match(svg, /onnxruntime-web 2&#60;3/);
});

test("layers as ONNX: the fields where the format has them", () => {
  const data = layerData();
  const [weights, activations] = [data.weights(12), data.activations(6)];
  assert.deepEqual([weights.length, activations.length], [12, 6]);
  assert.deepEqual(layerData().weights(12), weights, "the same numbers each time");
  const layer = linearLayer({ rows: 2, inputs: 3, outputs: 4, weights, scale: 0.01 });
  const linear = Buffer.from(once(layer));
  assert.deepEqual([...linear.subarray(0, 6)], [0x08, 8, 0x42, 2, 0x10, 17], "IR version 8, opset 17");
  for (const op of ["DynamicQuantizeLinear", "MatMulInteger", "Cast", "Mul"]) assert.ok(linear.includes(op), op);
  assert.ok(linear.includes(Buffer.from(weights.buffer)), "the weights as they are");
  const loop = Buffer.from(repeated(layer));
  for (const name of ["Loop", "times", "body", "DynamicQuantizeLinear", "last"]) assert.ok(loop.includes(name), name);
  assert.ok(loop.includes(Buffer.from(weights.buffer)), "the weights inside the body, where they are packed once");
  const attention = Buffer.from(once(attentionLayer({ length: 5, heads: 2, head: 3 })));
  for (const op of ["Split", "MatMul", "Softmax", "Transpose", "Reshape"]) assert.ok(attention.includes(op), op);
});

test("tensors are found in an ONNX file, and a GGUF file holds them where it says", (t) => {
  const weights = Int8Array.from({ length: 64 }, (_, at) => at - 32);
  const tensors = onnxTensors(once(linearLayer({ rows: 1, inputs: 32, outputs: 2, weights, scale: 0.5 })));
  const { dims, type, bytes } = /** @type {import("./gguf/onnx-tensors.mjs").Tensor} */ (tensors.get("w"));
  assert.deepEqual([dims, type, new Int8Array(bytes.slice().buffer)], [[32, 2], 3, weights]);
  assert.deepEqual([0.5, 1, 1.5, 0.1].map(halfOf), [0x3800, 0x3c00, 0x3e00, 0x2e66]);
  assert.throws(() => halfOf(1e9), /half precision: expected a number of 2\^-14 to 2\^15, found 1000000000/);
  const path = join(newFolder(t), "model.gguf");
  writeGguf(path, { "general.architecture": string("bert"), "bert.block_count": uint32(2) }, [f32("a", [2], Float32Array.of(1, 2)), q8("b", [32, 2], weights, 0.5)]);
  const file = readFileSync(path);
  assert.deepEqual([file.toString("latin1", 0, 4), file.readUInt32LE(4), file.readBigUInt64LE(8), file.readBigUInt64LE(16)], ["GGUF", 3, 2n, 2n]);
  // The data of "a" fills 32 bytes, and "b" is two blocks of a scale and 32 numbers, filled up to 96.
  const data = file.subarray(-32 - 96);
  assert.equal(data.byteOffset % 32 - file.byteOffset % 32, 0);
  assert.deepEqual([data.readFloatLE(0), data.readFloatLE(4), data.readUInt16LE(32), data.readInt8(34), data.readUInt16LE(66), data.readInt8(99)], [1, 2, 0x3800, -32, 0x3800, 31]);
});

test("README, report, demo page and chart show the reference run", () => {
  const other = Object.entries(pages()).filter(([file, text]) => readFileSync(join(ROOT, file), "utf8") !== text).map(([file]) => file);
  assert.deepEqual(other, [], "node tests/bench/report/pages.mjs --write");
});

test("a run goes on only with the same package, machine, versions and browser", (t) => {
  const now = { package: "p1", machine: { cpu: "a" }, versions: { peer: "1" }, browsers: { Chromium: "156" }, cells: [] };
  const earlier = { ...now, browsers: { Chromium: "156", Firefox: "153" }, cells: [cell()] };
  assert.equal(resumed(earlier, now), earlier);
  assert.throws(() => resumed({ ...earlier, package: "p0" }, now), { code: "ERR_BENCH_ARGUMENT", message: '--resume: expected package "p1", found "p0"; start a new run' });
  assert.throws(() => resumed({ ...earlier, package: undefined }, now), /expected package "p1", found undefined/);
  assert.throws(() => resumed({ ...earlier, machine: { cpu: "b" } }, now), /expected machine/);
  assert.throws(() => resumed({ ...earlier, versions: { peer: "2" } }, now), /expected versions/);
  assert.throws(() => resumed({ ...earlier, browsers: { Chromium: "157" } }, now), /expected browsers/);
  const folder = newFolder(t);
  writeFileSync(join(folder, "a.js"), "1");
  const digest = packageDigest(folder);
  writeFileSync(join(folder, "README.md"), "words are not code");
  assert.equal(packageDigest(folder), digest);
  writeFileSync(join(folder, "a.js"), "2");
  assert.notEqual(packageDigest(folder), digest);
});

test("a section that fails is named, a browser that went down replaced, and the others go on", async () => {
  let opened = 0;
  const open = async () => {
    let alive = true;
    return /** @type {any} */ ({ id: ++opened, isAlive: () => alive, close: async () => void (alive = false) });
  };
  const of = (/** @type {number} */ id) => cell({ values: { browser: id } });
  const sections = {
    first: async function* (/** @type {any} */ { browser }) {
      yield of(browser.id);
      throw new Error("the browser is gone\nwith a stack");
    },
    second: async function* (/** @type {any} */ { browser }) {
      yield of(browser.id);
      await browser.close();
    },
    third: async function* (/** @type {any} */ { browser }) {
      yield of(browser.id);
    },
  };
  const context = /** @type {any} */ ({ browser: await open(), log() {}, run: { part: () => ({ run: "r1", part: 2 }) } });
  const cells = [];
  for await (const each of measureAll(sections, context, open)) cells.push(each);
  assert.deepEqual(cells.map(({ values, reason }) => values?.browser ?? reason), [1, "the browser is gone", 2, 3]);
  assert.deepEqual([cells[1].kind, cells[1].status], ["first", "not run"]);
});

test("the command line: lists are checked, --quick chooses", () => {
  const quick = readOptions(["--quick"]);
  assert.ok(quick !== "help" && quick.quick && quick.rounds === 3);
  const some = readOptions(["--only", "minilm,bce", "--engines", "ours,ort"]);
  assert.ok(some !== "help");
  assert.deepEqual([some.models, some.engines], [["minilm", "bce"], ["ours", "ort"]]);
  assert.throws(() => readOptions(["--only", "minilm,gpt"]), /--only: expected of default, .*found "gpt"/);
  assert.throws(() => readOptions(["--rounds", "0"]), /whole number from 1/);
  assert.throws(() => readOptions(["--speed"]), /Unknown option/);
});
