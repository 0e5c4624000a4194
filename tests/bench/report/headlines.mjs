// @ts-check
// The README's table: milliseconds of each engine, one row a workload.

import { ENGINES } from "../engines/registry.mjs";
import { KINDS } from "../models.mjs";
import { median } from "../statistics.mjs";
import { WORKLOADS } from "../workloads.mjs";
import { number, table } from "./format.mjs";

const COLUMNS = ["ours", "ours-simd128", "ours-workers", "ort", "ort-threads", "tjs"];

/** @param {import("./markdown.mjs").Results} results */
export function headlines({ cells }) {
  const speeds = cells.filter(({ kind, browser }) => kind === "speed" && browser === "Chromium");
  const engines = (/** @type {import("../results.mjs").Cell} */ { part, model, workload }) => speeds.filter((it) => it.part === part && it.model === model && it.workload === workload && it.samples).length;
  // Measured twice: the one with most engines beside each other.
  const most = speeds.filter((cell) => !speeds.some((it) => it.model === cell.model && it.workload === cell.workload && it.part !== cell.part && engines(it) > engines(cell)));
  const groups = [...new Set(most.map(({ part, model, workload }) => `${part} ${model} ${workload}`))];
  const rows = groups.map((group) => {
    const same = speeds.filter(({ part, model, workload }) => `${part} ${model} ${workload}` === group);
    const ms = COLUMNS.map((engine) => {
      const samples = same.find((cell) => cell.engine === engine)?.samples;
      return samples ? number(median(samples)) : "not run";
    });
    return [`${KINDS[String(same[0].model)].title}, ${WORKLOADS[String(same[0].workload)].title}`, ...ms];
  });
  return table(["milliseconds, in Chromium", ...COLUMNS.map((engine) => ENGINES[engine].title)], 1, rows);
}
