// @ts-check
// Rows of a table that is not in memory, out of a file that has been downloaded before.

import { PART_BYTES } from "./entry.js";

/**
 * @typedef {{ kind: "opfs", key: string } | { kind: "folder", folder: string, key: string } | { kind: "file", path: string }} Again
 *   where a model's file can be read again: an entry of the cache, or the caller's own file
 * @typedef {(offset: number, length: number) => Uint8Array} Reread throws where the bytes are gone
 */

/** Rows that are kept, in all 4 MB where a row has 1,024 bytes: a query's, and the words that every text has. */
const MOST_ROWS = 4096;

/** What was read lately is not read again. @param {Reread} read @returns {Reread} */
export function remembering(read) {
  /** @type {Map<number, Uint8Array>} */
  const rows = new Map();
  return (offset, length) => {
    let row = rows.get(offset);
    if (row?.byteLength === length) return row;
    row = read(offset, length);
    if (rows.size >= MOST_ROWS) rows.delete(/** @type {number} */ (rows.keys().next().value));
    rows.set(offset, row);
    return row;
  };
}

/** A file that is kept in parts. @param {(part: number, offset: number, length: number) => Uint8Array} readPart @returns {Reread} */
export function acrossParts(readPart) {
  return (offset, length) => {
    const part = Math.floor(offset / PART_BYTES);
    const at = offset - part * PART_BYTES;
    if (at + length <= PART_BYTES) return readPart(part, at, length);
    const row = new Uint8Array(length);
    row.set(readPart(part, at, PART_BYTES - at));
    row.set(readPart(part + 1, 0, at + length - PART_BYTES), PART_BYTES - at);
    return row;
  };
}
