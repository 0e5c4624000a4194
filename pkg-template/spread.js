// @ts-check
// How a model goes over workers: a copy in each where that fits, else a range of its layers in each.

/**
 * @typedef {object} Spread
 * @property {number} workers
 * @property {boolean} isSplit
 */

/** Four workers keep a desktop's memory busy; more rank no faster. */
const MOST_WORKERS = 4;
/** Of the device's memory, what copies of a model may take together. */
const SHARE_OF_MEMORY = 1 / 8;
/** What a model of so many bytes takes in all while it is loaded. @param {number} size */
const memoryFor = (size) => 1.15 * size + 64e6;

/**
 * @param {number | "auto"} wanted the option `workers`
 * @param {number | undefined} size of the model, in bytes
 * @param {{ cores: number, deviceBytes: number, most?: number }} room `most`: bytes for all workers, where the caller says
 * @returns {Spread}
 */
export function spread(wanted, size, { cores, deviceBytes, most = deviceBytes * SHARE_OF_MEMORY }) {
  // Of a size that nobody tells nobody knows whether it fits twice.
  if (size === undefined) return { workers: wanted === "auto" ? 1 : wanted, isSplit: false };
  const workers = wanted === "auto" ? Math.max(1, Math.min(cores, MOST_WORKERS)) : wanted;
  return { workers, isSplit: workers > 1 && workers * memoryFor(size) > most };
}
