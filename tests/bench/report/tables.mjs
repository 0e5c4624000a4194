// @ts-check
// One table a section of the results.

import { ENGINES, OURS } from "../engines/registry.mjs";
import { KINDS, operations } from "../models.mjs";
import { ratio } from "../results.mjs";
import { line, median, spread } from "../statistics.mjs";
import { WORKLOADS } from "../workloads.mjs";
import { mega, number, table, withQuartiles } from "./format.mjs";

/** @typedef {import("../results.mjs").Cell} Cell */

/** Title → its text, empty where nothing of it was asked for. @type {Record<string, (results: import("./markdown.mjs").Results) => string>} */
export const SECTION_TABLES = {
  Speed: speed,
  "Start": start,
  Memory: memory,
  Tokenization: tokenization,
  "Bytes to download": bytes,
  "Remote client": remote,
  Growth: growth,
  Kernels: kernels,
  "Quality at speed": quality,
};

/** What is measured and is no engine. @type {Record<string, string>} */
const OTHERS = { tract: "tract, stock", fetch: "bare fetch", "ours-cached": "rerank-wasm, 1 worker, word table in the cache", "ours-multiply": "rerank-wasm, relaxed SIMD, rows quantized before" };
/** @type {Record<string, string>} */
const TOKENIZERS = { ours: "rerank-wasm", tjs: "@huggingface/tokenizers, of transformers.js" };
const titleOf = (/** @type {string} */ engine) => ENGINES[engine]?.title ?? OTHERS[engine] ?? engine;
const modelOf = (/** @type {string | undefined} */ model) => (model ? KINDS[model].title : "");
const workloadOf = (/** @type {string | undefined} */ workload) => (workload ? (WORKLOADS[workload]?.title ?? workload) : "");

/** A row that says why there is none. @param {string[]} words @param {Cell} cell @param {number} columns */
const notRun = (words, cell, columns) => [...words, `not run: ${cell.reason}`, ...Array.from({ length: columns - words.length - 1 }, () => "")];

/** @param {import("./markdown.mjs").Results} results */
function speed({ cells }) {
  const speeds = cells.filter(({ kind }) => kind === "speed");
  if (speeds.length === 0) return "";
  const key = (/** @type {Cell} */ { part, workload, model, browser }) => `${part} ${model} ${workload} ${browser}`;
  const groups = [...new Set(speeds.map(key))];
  const rows = groups.flatMap((group) => {
    const same = speeds.filter((cell) => key(cell) === group);
    const ours = same.find(({ engine }) => engine === OURS);
    return same.map((cell) => {
      const words = [String(cell.browser), modelOf(cell.model), workloadOf(cell.workload), titleOf(cell.engine)];
      if (!cell.samples) return notRun(words, cell, 8);
      const ms = spread(cell.samples);
      const times = ours?.samples && ours !== cell ? withQuartiles(ratio(cell, ours)) : "";
      return [...words, withQuartiles(ms), times, number(operations(String(cell.model), WORKLOADS[String(cell.workload)].tokens) / ms.median / 1e6), apart(cell.agreement)];
    });
  });
  const text = table(["browser", "model", "documents × tokens", "engine", "ms", "× ours", "GOPS", "logits from fp32; from ours alone (in the list)"], 4, rows);
  const gains = groups.flatMap((group) => moreCores(speeds.filter((cell) => key(cell) === group)));
  return [text, ...(gains.length ? [`More cores, each against its own one thread in the same rounds:\n\n${gains.join("\n")}`] : [])].join("\n\n");
}

/** What more threads bring, ours and theirs, measured side by side. @param {Cell[]} group */
function moreCores(group) {
  const times = (/** @type {string} */ one, /** @type {string} */ many) => {
    const [before, after] = [one, many].map((engine) => group.find((cell) => cell.engine === engine && cell.samples));
    return before && after ? `${titleOf(many)} ${withQuartiles(ratio(before, after))} ×` : undefined;
  };
  const [ours, theirs] = [times(OURS, "ours-workers"), times("ort", "ort-threads")];
  return ours && theirs ? [`- ${modelOf(group[0].model)}, ${workloadOf(group[0].workload)}: ${ours}; ${theirs}`] : [];
}

/** @param {Cell["agreement"]} agreement */
const apart = (agreement) => (agreement ? `${agreement.fp32 ? `${agreement.fp32.mean.toPrecision(2)}; ` : ""}${agreement.meanDifference.toPrecision(2)} (${agreement.inList?.toPrecision(2) ?? ""})` : "");

/** @param {import("./markdown.mjs").Results} results */
function start({ cells }) {
  const found = cells.filter(({ kind }) => kind === "cold");
  const rows = found.map((cold) => {
    const words = [modelOf(cold.model), titleOf(cold.engine)];
    if (!cold.samples || !cold.values) return notRun(words, cold, 8);
    const of = (/** @type {string} */ kind) => cells.find((it) => it.kind === kind && it.part === cold.part && it.engine === cold.engine)?.samples ?? [];
    const { firstRankingMs, codeBytes, codeGzip, modelBytes } = cold.values;
    return [...words, withQuartiles(spread(cold.samples)), withQuartiles(spread(of("warm"))), withQuartiles(spread(of("ready"))), number(firstRankingMs), `${mega(codeBytes)} (${mega(codeGzip)})`, mega(modelBytes)];
  });
  return rows.length === 0 ? "" : table(["model", "engine", "empty cache, ms", "warm cache, ms", "ready from bytes, ms", "first ranking, ms", "code (gzip −9)", "model"], 2, rows);
}

/** @param {import("./markdown.mjs").Results} results */
function memory({ cells }) {
  const rows = cells.filter(({ kind }) => kind === "memory").map((cell) => {
    const words = [modelOf(cell.model), titleOf(cell.engine)];
    if (!cell.values) return notRun(words, cell, 6);
    const { modelBytes, loadedWasmBytes, rankedWasmBytes, otherBytes, workers } = cell.values;
    const wasm = workers ? Array.from({ length: 2 }, () => `in each of ${workers} workers as on one page`) : [mega(loadedWasmBytes), mega(rankedWasmBytes)];
    return [...words, mega(modelBytes), ...wasm, mega(otherBytes)];
  });
  return rows.length === 0 ? "" : table(["model", "engine", "model file", "peak wasm memory, loading", "ranking 8 × 256", "beside it, in JavaScript"], 2, rows);
}

/** @param {import("./markdown.mjs").Results} results */
function tokenization({ cells }) {
  const rows = cells.filter(({ kind }) => kind === "tokenizer").map((cell) => {
    const words = [modelOf(cell.model), TOKENIZERS[cell.engine]];
    if (!cell.values) return notRun(words, cell, 6);
    const { readyMs, tokensPerSecond, residentBytes, peakBytes } = cell.values;
    return [...words, number(readyMs), number(tokensPerSecond / 1e6), mega(residentBytes), mega(peakBytes)];
  });
  return rows.length === 0 ? "" : table(["tokenizer of", "engine", "ready, ms", "million tokens/s", "resident", "peak"], 2, rows);
}

/** @param {import("./markdown.mjs").Results} results */
function bytes({ cells }) {
  const rows = cells.filter(({ kind }) => kind === "bytes").map((cell) => {
    const words = [String(cell.workload), cell.engine];
    return cell.values ? [...words, `${number(cell.values.raw / 1e3)} kB`, `${number(cell.values.gzip / 1e3)} kB`] : notRun(words, cell, 4);
  });
  return rows.length === 0 ? "" : table(["what", "", "raw", "gzip −9"], 2, rows);
}

/** @param {import("./markdown.mjs").Results} results */
function remote({ cells }) {
  const found = cells.filter(({ kind }) => kind === "remote");
  const rows = found.map((cell) => {
    const words = [String(cell.workload), titleOf(cell.engine)];
    if (!cell.values || !cell.samples) return notRun(words, cell, 6);
    const fetched = found.find((it) => it.part === cell.part && it.workload === cell.workload && it.engine === "fetch");
    const { requestsPerSecond, p50, p99 } = cell.values;
    return [...words, number(requestsPerSecond), number(p50), number(p99), fetched && fetched !== cell ? withQuartiles(ratio(cell, fetched)) : ""];
  });
  return rows.length === 0 ? "" : table(["requests", "client", "requests/s", "p50, ms", "p99, ms", "× bare fetch"], 2, rows);
}

/** @param {import("./markdown.mjs").Results} results */
function growth({ cells }) {
  const found = cells.filter(({ kind }) => kind === "growth");
  const rows = found.map((cell) => {
    const words = [String(cell.series), modelOf(cell.model), cell.size === undefined ? "" : String(Number(cell.size.toFixed(1)))];
    if (!cell.samples || !cell.size || !cell.values) return notRun(words, cell, 7);
    const ms = median(cell.samples);
    return [...words, number(ms), number(ms / cell.size), number((cell.values.billions / ms) * 1e3), mega(cell.values.wasmBytes)];
  });
  return rows.length === 0 ? "" : `${table(["what grows", "model", "size", "ms", "ms each", "GOPS", "wasm memory"], 2, rows)}\n\n${lines(found)}`;
}

/**
 * How far each series is from a straight line: against its size, and against the operations of the model's layers, of which
 * attention's grow with the square of the tokens.
 * @param {Cell[]} cells
 */
function lines(cells) {
  return [...new Set(cells.map(({ series }) => series))].flatMap((series) => {
    const measured = cells.filter((cell) => cell.series === series && cell.samples && cell.size && cell.values);
    if (measured.length < 3) return [];
    const against = (/** @type {(cell: Cell) => number} */ x) => line(measured.map((cell) => ({ x: x(cell), y: median(cell.samples ?? []) })));
    const { slope, intercept, r2 } = against(({ size }) => Number(size));
    const byWork = against(({ values }) => values?.billions);
    return [`- ${series}: ${number(slope)} ms each and ${number(intercept)} ms beside, R² = ${r2.toFixed(4)}; against operations R² = ${byWork.r2.toFixed(4)}`];
  }).join("\n");
}

/** @param {import("./markdown.mjs").Results} results */
function kernels({ cells }) {
  const rows = cells.filter(({ kind }) => kind === "kernel").map((cell) => {
    const words = [String(cell.workload), titleOf(cell.engine)];
    return cell.samples && cell.values ? [...words, withQuartiles(spread(cell.samples)), number(cell.values.operations / median(cell.samples) / 1e6)] : notRun(words, cell, 4);
  });
  if (rows.length === 0) return "";
  const flags = [...new Set(cells.flatMap(({ kind, values }) => (kind === "kernel" && values?.flags ? [`\`${values.flags}\``] : [])))];
  const method = flags.length ? `\n\nIn a Chromium of its own with ${flags.join(", ")}: V8's quick first code is not what is measured, of any engine.` : "";
  return table(["linear: rows × inputs × outputs; attention: tokens × heads × numbers of a head", "kernel", "ms", "GOPS"], 2, rows) + method;
}

/** @param {import("./markdown.mjs").Results} results */
function quality({ cells }) {
  const found = cells.filter(({ kind }) => kind === "quality");
  const rows = found.map((cell) => {
    const words = [titleOf(cell.engine)];
    if (!cell.samples || !cell.values) return notRun(words, cell, 4);
    const fidelity = cells.find((it) => it.kind === "fidelity" && it.part === cell.part && it.engine === cell.engine)?.values;
    return [...words, cell.values.ndcg10.toFixed(3), withQuartiles(spread(cell.samples)), fidelity ? `${fidelity.meanDifference.toFixed(4)} (${fidelity.pairs} pairs${fidelity.withoutScore ? `, NaN on ${fidelity.withoutScore} more` : ""})` : ""];
  });
  return rows.length === 0 ? "" : table(["engine, default model", "nDCG@10, mean of sets", "ms a list of 20", "mean distance of logits from fp32"], 1, rows);
}
