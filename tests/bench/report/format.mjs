// @ts-check
// Numbers and tables for people.

/** Three digits that count. @param {number} value */
export const number = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** @param {import("../statistics.mjs").Spread} of */
export const withQuartiles = ({ median, low, high }) => `${number(median)} (${number(low)}–${number(high)})`;

/** @param {number | undefined} bytes */
export const mega = (bytes) => (bytes === undefined ? "" : `${number(bytes / 1e6)} MB`);

/** A table; the first of its columns that hold words stand left. @param {string[]} heads @param {number} words @param {string[][]} rows */
export function table(heads, words, rows) {
  const cells = (/** @type {string[]} */ of) => `| ${of.join(" | ")} |`;
  const rule = `|${heads.map((_, at) => (at < words ? "---|" : "---:|")).join("")}`;
  return [cells(heads), rule, ...rows.map(cells)].join("\n");
}
