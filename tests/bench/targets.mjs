// @ts-check
// The targets of the design (engine.md) and of the issues that go further, as data, each with how it is read from results.

import { groupsOf, ratio } from "./results.mjs";

/** @typedef {import("./results.mjs").Cell} Cell */
/** @typedef {import("./report/markdown.mjs").Results} Results */

/**
 * @typedef {object} Target
 * @property {string} title
 * @property {"at least" | "at most"} sense
 * @property {number} goal
 * @property {number} [least] what still counts as done
 * @property {string} unit after the number
 * @property {(results: Results) => number | string} read the number, or why there is none
 */

/** Relaxed targets hold where the probe reports an unsaturated or signed dot. @param {Results} results */
const dotHelps = ({ machine }) => machine.relaxedDot === "signed" || machine.relaxedDot === "unsigned";

/** @param {Results} results @returns {Target[]} */
export function targets(results) {
  const relaxed = dotHelps(results);
  const shapes = [["default", "8x128"], ["minilm", "8x128"], ["minilm", "1x512"], ["bce", "1x128"], ["bce", "1x512"], ["bge", "1x128"], ["bge", "1x512"]];
  const speed = shapes.flatMap(([model, workload]) => [
    // Elsewhere the relaxed binary owes what the plain one does.
    faster(`${model} ${workload}, relaxed SIMD`, { model, workload, ours: "ours", theirs: "ort" }, relaxed ? 3 : 1.3, relaxed ? (workload === "1x512" ? 2.3 : 2.8) : undefined),
    faster(`${model} ${workload}, plain SIMD`, { model, workload, ours: "ours-simd128", theirs: "ort" }, 1.3),
  ]);
  const mixed = { model: "default", workload: "mixed20", theirs: "tjs" };
  return [
    ...speed,
    faster("20 mixed documents, 1 thread, against transformers.js", { ...mixed, ours: "ours" }, 10, 7),
    faster("20 mixed documents, workers: auto, against transformers.js", { ...mixed, ours: "ours-workers" }, 16),
    faster("20 mixed documents, workers: auto on two cores, against one thread", { ...mixed, theirs: "ours", ours: "ours-workers" }, 1.6),
    ...["local.relaxed.wasm", "local.simd128.wasm"].map((file) => atMost(`${file}, gzip −9`, 1.5, 2.2, "MB", value("bytes", { engine: `rerank-wasm: ${file}` }, ({ gzip }) => gzip / 1e6))),
    atMost("`./remote` with its wasm, minified, gzip −9", 35, 45, "kB", value("bytes", { engine: "rerank-wasm/remote" }, ({ gzip }) => gzip / 1e3)),
    ...["default", "minilm", "bce", "bge"].map((model) =>
      atMost(`wasm memory while loading ${model}, of 1.15 S + 64 MB`, 100, undefined, "%", value("memory", { engine: "ours", model }, ({ loadedWasmBytes, modelBytes }) => (100 * loadedWasmBytes) / (1.15 * modelBytes + 64e6))),
    ),
    ...["default", "bce"].map((model) => faster(`${model} ready from bytes, against a session of onnxruntime-web`, { kind: "ready", model, ours: "ours", theirs: "ort" }, 2)),
    ...["default", "bce"].map((model) => faster(`${model} from a warm cache to the first ranking, against transformers.js`, { kind: "warm", model, ours: "ours", theirs: "tjs" }, 2)),
    ...[["bce", 130], ["bge", 360]].map(([model, megabytes]) =>
      atMost(`wasm memory of ${model} in one worker, its word table in the cache`, Number(megabytes), undefined, "MB", value("memory", { engine: "ours-cached", model: String(model) }, ({ loadedWasmBytes }) => loadedWasmBytes / 1e6)),
    ),
    atMost("XLM-R tokenizer ready", 150, undefined, "ms", value("tokenizer", { engine: "ours", model: "bce" }, ({ readyMs }) => readyMs)),
    atMost("XLM-R tokenizer resident", 25, undefined, "MB", value("tokenizer", { engine: "ours", model: "bce" }, ({ residentBytes }) => residentBytes / 1e6)),
    atMost("XLM-R tokenizer peak above its JSON", 30, undefined, "MB", value("tokenizer", { engine: "ours", model: "bce" }, ({ peakBytes, jsonBytes }) => (peakBytes - jsonBytes) / 1e6)),
    atMost("memory while ranking 8 × 256 (default model, as in an isolate)", 96, undefined, "MB", value("memory", { engine: "ours", model: "default" }, ({ rankedWasmBytes, otherBytes }) => (rankedWasmBytes + otherBytes) / 1e6)),
    atMost("mean distance of logits from fp32, of onnxruntime-web's on the same int8 file", 100, undefined, "%", fidelity),
    atMost("the same on the 200 public pairs of ../shared", 100, undefined, "%", () => "their fp32 logits are of the first default model, which is no longer shipped"),
  ];
}

/**
 * A target not of this page, with what was found. @typedef {{ target: Target, found?: number, verdict: "reached" | "reached the least" | "not reached" | "not run", reason?: string }} Judged
 * @param {Target} target @param {Results} results @returns {Judged}
 */
export function judge(target, results) {
  const found = target.read(results);
  if (typeof found === "string") return { target, verdict: "not run", reason: found };
  const meets = (/** @type {number} */ bound) => (target.sense === "at least" ? found >= bound : found <= bound);
  if (meets(target.goal)) return { target, found, verdict: "reached" };
  return { target, found, verdict: target.least !== undefined && meets(target.least) ? "reached the least" : "not reached" };
}

/** @param {string} title @param {{ kind?: string, model: string, workload?: string, ours: string, theirs: string }} of @param {number} goal @param {number} [least] @returns {Target} */
function faster(title, { kind = "speed", model, workload, ours, theirs }, goal, least) {
  /** @param {Results} results */
  const read = ({ cells }) => {
    const what = { kind, model, workload, browser: "Chromium" };
    // Side by side, or not at all.
    for (const group of groupsOf(cells, what)) {
      const [mine, peer] = [ours, theirs].map((engine) => group.find((it) => it.engine === engine));
      if (mine && peer) return ratio(peer, mine).median;
    }
    const missing = cells.find((it) => [ours, theirs].includes(it.engine) && it.status === "not run" && Object.entries(what).every(([key, wanted]) => it[/** @type {keyof Cell} */ (key)] === wanted));
    return missing?.reason ?? "not among what was measured";
  };
  return { title, sense: "at least", goal, least, unit: "×", read };
}

/** @param {string} title @param {number} goal @param {number | undefined} least @param {string} unit @param {Target["read"]} read @returns {Target} */
const atMost = (title, goal, least, unit, read) => ({ title, sense: "at most", goal, least, unit, read });

/** @param {string} kind @param {Partial<Cell>} where @param {(values: any) => number} of @returns {Target["read"]} */
const value = (kind, where, of) => ({ cells }) => {
  const cell = cells.find((it) => it.kind === kind && Object.entries(where).every(([key, wanted]) => it[/** @type {keyof Cell} */ (key)] === wanted));
  if (!cell?.values) return cell?.reason ?? "not among what was measured";
  const found = of(cell.values);
  return Number.isFinite(found) ? found : "this browser did not say";
};

/** @param {Results} results */
function fidelity(results) {
  const of = (/** @type {string} */ engine) => value("fidelity", { engine }, ({ meanDifference }) => meanDifference)(results);
  const [ours, theirs] = [of("ours"), of("ort")];
  return typeof ours === "string" ? ours : typeof theirs === "string" ? theirs : (100 * ours) / theirs;
}
