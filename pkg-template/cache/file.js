// @ts-check
// A URL's bytes through the cache: what is kept is checked and given first, the rest is fetched and kept on the way.

import { RerankError } from "../error.js";
import { StartOver, download, fetchFirst, isSame, versionOf, within } from "./download.js";
import { PART_BYTES, openEntry } from "./entry.js";

/**
 * @typedef {object} CacheOptions
 * @property {import("./entry.js").Store} store
 * @property {string} [sha256] wanted of the whole file
 * @property {boolean} isRequired a file that cannot be kept is an error
 * @property {number} stallMs
 * @property {(text: string) => void} note gets what is worth telling
 */

/**
 * @param {string} name of the option, for messages
 * @param {string} url absolute
 * @param {CacheOptions} options
 * @param {AbortSignal} signal
 * @returns {Promise<import("../sources.js").OpenSource>}
 */
export async function openCached(name, url, { store, sha256, isRequired, stallMs, note }, signal) {
  const entry = await openEntry(store, url);
  /** A cache that fails is no reason for a load to fail. */
  const discard = () => entry.wipe().catch(() => {});
  if (entry.manifest.isComplete && !(await isCurrent(entry, sha256, signal, stallMs))) await discard();
  /** Kept entirely, before this load. */
  const wasWhole = entry.manifest.isComplete;
  /** Its length has to be known now. @type {Response | undefined} */
  let first;
  if (entry.length === 0 && !wasWhole) {
    await discard();
    first = await fetchFirst(name, url, signal, stallMs);
    const { hasRanges, ...version } = versionOf(first);
    Object.assign(entry.manifest, version);
  }
  let isKeeping = true;
  /** @param {unknown} cause */
  const stopKeeping = async (cause) => {
    isKeeping = false;
    await discard();
    const full = `the cache has no room for ${name}`;
    if (isRequired) throw new RerankError("storage_full", `${full}; free some with deleteCached(), or pass cache: "auto" to go on without`, { cause });
    note(`storage_full: ${full}; it will be fetched again`);
  };

  async function* chunks() {
    let count = 0;
    for (; count < entry.manifest.parts.length; count++) {
      const part = await entry.part(count);
      if (!part) break;
      yield part;
    }
    if (entry.manifest.isComplete && count === entry.manifest.parts.length) return;
    await entry.shorten(count).catch(stopKeeping);
    const { size } = entry.manifest;
    if (isKeeping && size !== undefined && (await hasNoRoom(store, size - count * PART_BYTES))) await stopKeeping(undefined);
    const { etag, lastModified } = entry.manifest;
    const part = new PartBuffer();
    const onVersion = (/** @type {any} */ { hasRanges, ...version }) => void Object.assign(entry.manifest, version);
    const options = { offset: count * PART_BYTES, version: { etag, lastModified, size }, first, signal, stallMs, onVersion };
    for await (const chunk of download(name, url, options)) {
      if (isKeeping) for (const whole of part.add(chunk)) if (isKeeping) await entry.append(whole).catch(stopKeeping);
      yield chunk;
    }
    if (!isKeeping) return;
    const length = entry.manifest.parts.length * PART_BYTES + part.rest.byteLength;
    const finish = async () => {
      if (part.rest.byteLength > 0) await entry.append(part.rest);
      await entry.save({ isComplete: true, size: length, toldSize: entry.manifest.size, storedAt: Date.now() });
    };
    await finish().catch(stopKeeping);
  }

  return {
    size: entry.manifest.size,
    chunks: (async function* () {
      try {
        yield* chunks();
      } catch (error) {
        if (error instanceof StartOver) await discard();
        throw error;
      }
    })(),
    wasKept: entry.length > 0,
    again: store.again?.(entry.key),
    isKept: () => isKeeping,
    discard,
    async confirm() {
      if (isKeeping && sha256 && entry.manifest.sha256 !== sha256.toLowerCase()) await entry.save({ sha256: sha256.toLowerCase() }).catch(() => {});
    },
  };
}

/** @param {import("./entry.js").Entry} entry @param {string | undefined} sha256 @param {AbortSignal} signal @param {number} stallMs */
async function isCurrent({ manifest }, sha256, signal, stallMs) {
  if (sha256 && manifest.sha256) return manifest.sha256 === sha256.toLowerCase();
  if (sha256 || Date.now() < manifest.freshUntil) return true;
  try {
    const reply = await within(stallMs, fetch(manifest.url, { method: "HEAD", signal, cache: "no-cache" }));
    return !reply.ok || isSame({ ...manifest, size: manifest.toldSize }, versionOf(reply));
  } catch {
    // Offline: what is kept is all there is.
    signal.throwIfAborted();
    return true;
  }
}

/** @param {import("./entry.js").Store} store @param {number} bytes */
async function hasNoRoom(store, bytes) {
  const room = await store.room().catch(() => undefined);
  return room !== undefined && room < bytes;
}

/** Chunks of any length → parts of one length. */
class PartBuffer {
  #bytes = new Uint8Array(PART_BYTES);
  #length = 0;

  /** @param {Uint8Array} chunk @returns {Generator<Uint8Array>} whole parts, each valid until the next one is asked for */
  *add(chunk) {
    for (let at = 0; at < chunk.byteLength; ) {
      const piece = chunk.subarray(at, at + PART_BYTES - this.#length);
      this.#bytes.set(piece, this.#length);
      this.#length += piece.byteLength;
      at += piece.byteLength;
      if (this.#length < PART_BYTES) return;
      this.#length = 0;
      yield this.#bytes;
    }
  }

  /** What is left when no more comes. */
  get rest() {
    return this.#bytes.subarray(0, this.#length);
  }
}
