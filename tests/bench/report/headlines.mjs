// @ts-check
// The README's table: milliseconds of each engine, a row what was measured side by side.

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
    const title = `${KINDS[what.model].title}, ${WORKLOADS[what.workload].title}`;
    /** @type {Set<string>} */
    const told = new Set();
    return groupsOf(cells, { kind: "speed", browser: "Chromium", ...what }).flatMap((group) => {
      const shown = group.filter(({ engine }) => SHOWN.includes(engine));
      if (shown.every(({ engine }) => told.has(engine))) return [];
      const isFirst = told.size === 0;
      shown.forEach(({ engine }) => told.add(engine));
      const ms = SHOWN.map((engine) => {
        const samples = shown.find((cell) => cell.engine === engine)?.samples;
        return samples ? number(median(samples)) : "–";
      });
      return [[isFirst ? title : `${title}, other rounds`, ...ms]];
    });
  });
  return table(["milliseconds, in Chromium", ...SHOWN.map((engine) => ENGINES[engine].title)], 1, rows);
}
