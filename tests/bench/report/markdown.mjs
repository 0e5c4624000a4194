// @ts-check
// Results → Markdown.

import { ENGINES, OURS } from "../engines/registry.mjs";
import { KINDS } from "../models.mjs";
import { ratio } from "../results.mjs";
import { spread } from "../statistics.mjs";
import { WORKLOADS } from "../workloads.mjs";

/** @typedef {{ run: string, startedAt: string, machine: any, browsers: Record<string, string>, versions: Record<string, string>, cells: import("../results.mjs").Cell[] }} Results */

/** @param {Results} results */
export function markdown(results) {
  return [heading(results), speed(results)].join("\n\n");
}

/** @param {Results} results */
function heading({ run, startedAt, machine, browsers, versions }) {
  const named = (/** @type {Record<string, string>} */ of) => Object.entries(of).map(([name, version]) => `${name} ${version}`).join(", ");
  return [
    `Run ${run}, ${startedAt.slice(0, 10)}: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGB} GB; ${named(browsers)}; ${named(versions)}.`,
    `The relaxed dot of this machine is ${machine.relaxedDot}.`,
  ].join("\n");
}

/** @param {Results} results */
function speed({ cells }) {
  const speeds = cells.filter(({ kind }) => kind === "speed");
  const groups = [...new Set(speeds.map(({ part, workload, model }) => `${part} ${model} ${workload}`))];
  const rows = groups.flatMap((group) => {
    const same = speeds.filter(({ part, workload, model }) => `${part} ${model} ${workload}` === group);
    const ours = same.find(({ engine }) => engine === OURS);
    return same.map((cell) => speedRow(cell, ours));
  });
  return ["| model | workload | engine | ms (quartiles) | × ours (quartiles) | GOPS |", "|---|---|---|---:|---:|---:|", ...rows].join("\n");
}

/** @param {import("../results.mjs").Cell} cell @param {import("../results.mjs").Cell | undefined} ours */
function speedRow(cell, ours) {
  const start = `| ${KINDS[String(cell.model)].title} | ${WORKLOADS[String(cell.workload)].title} | ${ENGINES[cell.engine].title} |`;
  if (!cell.samples) return `${start} not run: ${cell.reason} | | |`;
  const ms = spread(cell.samples);
  const times = ours?.samples && ours !== cell ? ratio(cell, ours) : undefined;
  const gops = operations(String(cell.model), String(cell.workload)) / ms.median / 1e6;
  return `${start} ${withQuartiles(ms)} | ${times ? withQuartiles(times) : ""} | ${gops.toFixed(0)} |`;
}

/** Multiplications and additions of the layers, two a pair of numbers. @param {string} model @param {string} workload */
function operations(model, workload) {
  const { layers, hidden, inner } = KINDS[model].shape;
  return WORKLOADS[workload].tokens.reduce((sum, tokens) => sum + 2 * layers * tokens * (4 * hidden * hidden + 2 * hidden * inner + 2 * tokens * hidden), 0);
}

/** @param {import("../statistics.mjs").Spread} of */
const withQuartiles = ({ median, low, high }) => `${number(median)} (${number(low)}–${number(high)})`;

/** Three digits that count. @param {number} value */
const number = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
