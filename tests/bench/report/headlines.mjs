// @ts-check
// The README's table: milliseconds of each engine, one row a workload.

import { ENGINES, SHOWN } from "../engines/registry.mjs";
import { KINDS } from "../models.mjs";
import { groupsOf } from "../results.mjs";
import { median } from "../statistics.mjs";
import { WORKLOADS } from "../workloads.mjs";
import { number, table } from "./format.mjs";

/** @param {import("./markdown.mjs").Results} results */
export function headlines({ cells }) {
  const shapes = [...new Set(cells.filter(({ kind, browser }) => kind === "speed" && browser === "Chromium").map(({ model, workload }) => JSON.stringify({ model, workload })))];
  const rows = shapes.flatMap((shape) => {
    const what = JSON.parse(shape);
    const [same] = groupsOf(cells, { kind: "speed", browser: "Chromium", ...what });
    if (!same) return [];
    const ms = SHOWN.map((engine) => {
      const samples = same.find((cell) => cell.engine === engine)?.samples;
      return samples ? number(median(samples)) : "not run";
    });
    return [[`${KINDS[what.model].title}, ${WORKLOADS[what.workload].title}`, ...ms]];
  });
  return table(["milliseconds, in Chromium", ...SHOWN.map((engine) => ENGINES[engine].title)], 1, rows);
}
