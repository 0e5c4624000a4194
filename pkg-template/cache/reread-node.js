// @ts-check
// A cached file once more, or the caller's own, in a worker of Node, Deno or Bun.

import { openSync, readSync } from "node:fs";
import { join } from "node:path";

import { acrossParts, remembering } from "./reread.js";

/** @param {import("./reread.js").Again} again @returns {Promise<import("./reread.js").Reread>} */
export async function openAgain(again) {
  if (again.kind === "file") return remembering(reading(openSync(again.path, "r")));
  if (again.kind !== "folder") throw new Error(`expected a file or a folder, found ${again.kind}`);
  const { folder, key } = again;
  // Open, they outlast their names: whoever removes or replaces them changes nothing here.
  /** @type {Map<number, ReturnType<typeof reading>>} */
  const parts = new Map();
  const readPart = (/** @type {number} */ part, /** @type {number} */ offset, /** @type {number} */ length) => {
    let read = parts.get(part);
    if (!read) parts.set(part, (read = reading(openSync(join(folder, `${key}.${part}`), "r"))));
    return read(offset, length);
  };
  return remembering(acrossParts(readPart));
}

/** @param {number} file @returns {import("./reread.js").Reread} */
function reading(file) {
  return (offset, length) => {
    const row = new Uint8Array(length);
    const count = readSync(file, row, 0, length, offset);
    if (count !== length) throw new Error(`expected ${length} bytes from ${offset} on, found ${count}`);
    return row;
  };
}
