// @ts-check
// Results → Markdown: a heading, a table a section, and each target of the design.

import { KINDS } from "../models.mjs";
import { warningOf } from "../quiet.mjs";
import { judge, targets } from "../targets.mjs";
import { number } from "./format.mjs";
import { SECTION_TABLES } from "./tables.mjs";

/**
 * @typedef {object} Results
 * @property {string} run
 * @property {string} startedAt
 * @property {boolean} [quick]
 * @property {import("../results.mjs").Piece[]} [pieces] in which it was measured
 * @property {string} [method] how times and scores were taken and compared, in words, as it was when they were
 * @property {string} [remark] what a reader should know of this run
 * @property {{ cpu: string, cores: number, memoryGB: number, relaxedDot: string }} machine
 * @property {Record<string, string>} browsers name → version
 * @property {Record<string, string | undefined>} versions of peers
 * @property {import("../results.mjs").Cell[]} cells
 */

/** @param {Results} results */
export function markdown(results) {
  const sections = Object.entries(SECTION_TABLES).flatMap(([title, render]) => {
    const text = render(results);
    return text ? [`### ${title}\n\n${text}`] : [];
  });
  return [heading(results), `### Targets\n\n${targetTable(results)}`, ...sections].join("\n\n");
}

/** @param {Results} results */
export function heading({ run, startedAt, machine, browsers, versions, pieces = [], method, remark, cells }) {
  const minutes = pieces.reduce((sum, { seconds }) => sum + seconds, 0) / 60;
  const named = (/** @type {Record<string, string | undefined>} */ of) => Object.entries(of).map(([name, version]) => `${name} ${version ?? "(missing)"}`).join(", ");
  const random = [...new Set(cells.map(({ model }) => model))].filter((model) => model && KINDS[model]?.skeleton).map((model) => KINDS[String(model)].title);
  return [
    `Run ${run}, ${startedAt.slice(0, 10)}: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGB} GB; ${named(browsers)}; ${named(versions)}.`,
    `The relaxed int8 dot of this machine is ${machine.relaxedDot}.`,
    ...(random.length ? [`Weights of ${random.join(", ")} are random: real graphs and sizes, for speed and memory only.`] : []),
    ...(method ? [method] : []),
    ...(pieces.length ? [`Measured in ${number(minutes)} minutes${pieces.length > 1 ? `, in ${pieces.length} pieces: none of the comparisons is across two of them` : ""}.`] : []),
    ...pieces.flatMap(({ asked, busyBefore }) => (warningOf(busyBefore) ? [`Of the piece "${asked}" ${warningOf(busyBefore)}.`] : [])),
    ...(remark ? [remark] : []),
  ].join(" ");
}

/** @param {Results} results */
export function targetTable(results) {
  const judged = targets(results).map((target) => judge(target, results));
  const rows = judged.map(({ target, found, verdict, reason }) => {
    const bound = `${target.sense === "at least" ? "≥" : "≤"} ${target.goal}${target.least === undefined ? "" : ` (least ${target.least})`} ${target.unit}`;
    return `| ${target.title} | ${bound} | ${found === undefined ? "" : `${number(found)} ${target.unit}`} | ${verdict}${reason ? `: ${reason}` : ""} |`;
  });
  return ["| target | bound | found | |", "|---|---:|---:|---|", ...rows].join("\n");
}
