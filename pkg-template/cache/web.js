// @ts-check
// Where a page keeps files: the origin private file system, else the Cache API, else nowhere. And its locks.

import { cacheApi } from "./cache-api.js";

export const FOLDER = "rerank-wasm";
/** Firefox asks its user, who may look away. */
const LONGEST_QUESTION_MS = 3_000;

/** @returns {Promise<import("./entry.js").Store | undefined>} */
export async function openStore() {
  // Digests want a secure context, as both caches do.
  if (!globalThis.crypto?.subtle) return undefined;
  return (await opfs().catch(() => undefined)) ?? (await cacheOfOrigin().catch(() => undefined));
}

/** Async: where an origin is opaque, `caches` throws when it is read. */
const cacheOfOrigin = async () => cacheApi(await caches.open(FOLDER), room);

/** @returns {Promise<import("./entry.js").Store | undefined>} */
async function opfs() {
  // Safari before 26 writes in workers only.
  if (!("createWritable" in FileSystemFileHandle.prototype)) return undefined;
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(FOLDER, { create: true });
  return {
    kind: "opfs",
    room,
    again: (key) => ({ kind: "opfs", key }),
    async get(name) {
      const handle = await folder.getFileHandle(name).catch(() => undefined);
      return handle && new Uint8Array(await (await handle.getFile()).arrayBuffer());
    },
    async put(name, bytes) {
      const handle = await folder.getFileHandle(name, { create: true });
      const file = await handle.createWritable();
      try {
        await file.write(/** @type {Uint8Array<ArrayBuffer>} */ (bytes));
        await file.close();
      } catch (error) {
        await file.abort().catch(() => {});
        throw error;
      }
    },
    remove: (name) => folder.removeEntry(name).catch(() => {}),
    async names() {
      const names = [];
      for await (const name of /** @type {any} */ (folder).keys()) names.push(name);
      return names;
    },
  };
}

/** Bytes that are left to this origin; where they are few, it asks to be persisted, which may get it more. */
async function room() {
  const left = async () => {
    const { quota = Infinity, usage = 0 } = await navigator.storage.estimate();
    return quota - usage;
  };
  const bytes = await left();
  if (bytes > PLENTY || !navigator.storage.persist) return bytes;
  await Promise.race([navigator.storage.persist(), new Promise((done) => setTimeout(done, LONGEST_QUESTION_MS))]);
  return left();
}

/** More than any model that runs here. */
const PLENTY = 2 ** 31;

/**
 * Waits until no other tab holds `name`.
 * @param {string} name @param {AbortSignal} signal @returns {Promise<() => void>} lets it go
 */
export function lock(name, signal) {
  if (!navigator.locks) return Promise.resolve(() => {});
  return new Promise((resolve, reject) => {
    const held = () => new Promise((release) => resolve(() => release(undefined)));
    // An opaque origin has none, and no other tab.
    const onRefusal = (/** @type {unknown} */ error) => (signal.aborted ? reject(error) : resolve(() => {}));
    navigator.locks.request(`rerank-wasm.cache.${name}`, { signal }, held).catch(onRefusal);
  });
}
