// @ts-check
// Whether the machine has anything else to do: a time is worth something only where it has not.

import { cpus } from "node:os";

const LOOK_MS = 1_000;
/** Of all cores' time; what browsers and this process do while they wait is less. */
const MOST_BUSY = 0.1;

/** The part of all cores' time that goes elsewhere, 0..1, while this process waits. @returns {Promise<number>} */
export async function busyElsewhere() {
  const before = times();
  await new Promise((done) => setTimeout(done, LOOK_MS));
  const after = times();
  return 1 - (after.idle - before.idle) / Math.max(1, after.all - before.all);
}

function times() {
  const sum = { idle: 0, all: 0 };
  for (const { times: of } of cpus()) {
    sum.idle += of.idle;
    sum.all += Object.values(of).reduce((total, it) => total + it, 0);
  }
  return sum;
}

/** What a reader should know. @param {number} busy @returns {string | undefined} nothing where the machine is idle */
export const warningOf = (busy) => (busy > MOST_BUSY ? `${Math.round(busy * 100)} % of the cores' time went to other programs before it began: times are worth little` : undefined);
