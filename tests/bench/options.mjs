// @ts-check
// The command line of `npm run bench`.

import { parseArgs } from "node:util";

import { ENGINES } from "./engines/registry.mjs";
import { KINDS } from "./models.mjs";
import { SERIES_IDS } from "./sections/growth.mjs";
import { SECTIONS } from "./sections/index.mjs";
import { WORKLOADS } from "./workloads.mjs";

export const USAGE = `usage: npm run bench -- [options]

  --quick             default model, MiniLM and bce × 128 tokens only: under ten minutes on two cores
  --only IDS          models: ${Object.keys(KINDS).join(", ")}
  --workloads IDS     ${Object.keys(WORKLOADS).join(", ")}
  --engines IDS       ${Object.keys(ENGINES).join(", ")}
  --sections IDS      ${Object.keys(SECTIONS).join(", ")}
  --series IDS        of growth: ${SERIES_IDS.join(", ")}
  --rounds N          of each comparison; default 7, with --quick 3
  --resume FILE       add to the results of a run: the same package, machine and versions; what is measured again takes the place of what was
  --out FILE          where the results go; default .cache/bench/runs/ID.json
  --no-build          measure pkg/ as it is

IDS are separated by commas; default: all.
`;

/**
 * @typedef {object} Options
 * @property {boolean} quick
 * @property {boolean} build
 * @property {number} rounds
 * @property {readonly string[]} models
 * @property {readonly string[]} workloads
 * @property {readonly string[]} engines
 * @property {readonly string[]} sections
 * @property {readonly string[]} series
 * @property {string} [resume]
 * @property {string} [out]
 */

/** @param {readonly string[]} args @returns {Options | "help"} */
export function readOptions(args) {
  const string = /** @type {const} */ ({ type: "string" });
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      only: string,
      workloads: string,
      engines: string,
      sections: string,
      series: string,
      rounds: string,
      resume: string,
      out: string,
      "no-build": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const rounds = values.rounds === undefined ? (values.quick ? 3 : 7) : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw badArgument(`--rounds: expected a whole number from 1, found ${values.rounds}`);
  const quickSections = Object.keys(SECTIONS).filter((id) => SECTIONS[id].quick);
  return {
    quick: values.quick,
    build: !values["no-build"],
    rounds,
    models: list("--only", values.only, Object.keys(KINDS)),
    workloads: list("--workloads", values.workloads, Object.keys(WORKLOADS)),
    engines: list("--engines", values.engines, Object.keys(ENGINES)),
    sections: values.sections === undefined && values.quick ? quickSections : list("--sections", values.sections, Object.keys(SECTIONS)),
    series: list("--series", values.series, SERIES_IDS),
    resume: values.resume,
    out: values.out,
  };
}

/** @param {string} flag @param {string | undefined} value @param {readonly string[]} known */
function list(flag, value, known) {
  if (value === undefined) return known;
  const ids = value.split(",").map((id) => id.trim());
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown !== undefined) throw badArgument(`${flag}: expected of ${known.join(", ")}, found "${unknown}"`);
  return ids;
}

/** @param {string} message */
const badArgument = (message) => Object.assign(new Error(message), { code: "ERR_BENCH_ARGUMENT" });
