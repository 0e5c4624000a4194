// @ts-check
// Everything the local path promises, as cases that run unchanged in Node, Chromium and workerd.

import { cases as cache } from "./local/cache.mjs";
import { cases as deaths } from "./local/deaths.mjs";
import { cases as faults } from "./local/faults.mjs";
import { cases as fits } from "./local/fits.mjs";
import { cases as lives } from "./local/lives.mjs";
import { cases as long } from "./local/long.mjs";
import { cases as numbers } from "./local/numbers.mjs";
import { cases as parts } from "./local/parts.mjs";
import { cases as requests } from "./local/requests.mjs";
import { cases as sources } from "./local/sources.mjs";
import { cases as workers } from "./local/workers.mjs";

/** @type {readonly import("./context.mjs").Case[]} */
export const cases = [...numbers, ...requests, ...sources, ...fits, ...long, ...lives, ...workers, ...deaths, ...parts, ...cache, ...faults];
