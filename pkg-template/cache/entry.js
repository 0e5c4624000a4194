// @ts-check
// One cached file: a manifest, and the bytes in parts, each under its SHA-256. A part that is damaged or gone shortens the
// entry to what stands before it, and the rest is fetched again.

/**
 * @typedef {object} Store where named bytes are kept
 * @property {string} kind
 * @property {(name: string) => Promise<Uint8Array | undefined>} get
 * @property {(name: string, bytes: Uint8Array) => Promise<void>} put all of it or nothing; throws QuotaExceededError where it is full
 * @property {(name: string) => Promise<void>} remove
 * @property {() => Promise<string[]>} names
 * @property {(key: string) => import("./reread.js").Again} [again] how a worker reads an entry's parts, where that goes
 * @property {() => Promise<number | undefined>} room bytes that may still be put, where that is known
 *
 * @typedef {object} Manifest
 * @property {string} url
 * @property {string} [etag] a strong one
 * @property {string} [lastModified]
 * @property {number} [size] bytes of the whole file
 * @property {number} [toldSize] what the server said it was: of a compressed one on another origin, less
 * @property {boolean} isComplete
 * @property {number} storedAt ms since 1970
 * @property {number} freshUntil ms since 1970, as the server said
 * @property {string} [sha256] of the whole file, once an engine has checked it
 * @property {string[]} parts SHA-256 of each, in hex
 */

/** Bytes of each part but the last: what a broken download may lose, and a damaged byte costs. */
export const PART_BYTES = 4 << 20;

const VERSION = 1;
const MANIFEST = ".json";

/** @param {Store} store @param {string} url @returns {Promise<Entry>} what is known of it, be that nothing */
export async function openEntry(store, url) {
  const key = (await sha256(new TextEncoder().encode(url))).slice(0, 32);
  const manifest = await readManifest(store, `${key}${MANIFEST}`);
  return new Entry(store, key, manifest?.url === url ? manifest : undefined, url);
}

/** @param {Store} store @returns {Promise<{ name: string, manifest: Manifest }[]>} */
export async function manifests(store) {
  const names = (await store.names()).filter((name) => name.endsWith(MANIFEST));
  const read = await Promise.all(names.map(async (name) => ({ name, manifest: await readManifest(store, name) })));
  return read.flatMap(({ name, manifest }) => (manifest ? [{ name, manifest }] : []));
}

export class Entry {
  /** @param {Store} store @param {string} key @param {Manifest | undefined} manifest @param {string} url */
  constructor(store, key, manifest, url) {
    this.store = store;
    this.key = key;
    this.manifest = manifest ?? fresh(url);
  }

  /** Bytes that are kept. */
  get length() {
    const { parts, size, isComplete } = this.manifest;
    return isComplete && size !== undefined ? size : parts.length * PART_BYTES;
  }

  /** @param {number} index @returns {Promise<Uint8Array | undefined>} undefined: damaged or gone */
  async part(index) {
    const bytes = await this.store.get(`${this.key}.${index}`).catch(() => undefined);
    return bytes && (await sha256(bytes)) === this.manifest.parts[index] ? bytes : undefined;
  }

  /** @param {Uint8Array} bytes the next part; after a shorter one there is none */
  async append(bytes) {
    const { parts } = this.manifest;
    const digest = await sha256(bytes);
    await this.store.put(`${this.key}.${parts.length}`, bytes);
    parts.push(digest);
    await this.save();
  }

  /** Keeps the first parts only. @param {number} count */
  async shorten(count) {
    this.manifest.parts.length = count;
    this.manifest.isComplete = false;
    await this.save();
  }

  /** @param {Partial<Manifest>} [changes] */
  async save(changes = {}) {
    Object.assign(this.manifest, changes);
    const text = JSON.stringify({ version: VERSION, ...this.manifest });
    await this.store.put(`${this.key}${MANIFEST}`, new TextEncoder().encode(text));
  }

  /** Removes all of it; the manifest first, since parts without one are no entry. */
  async wipe() {
    const { url, parts } = this.manifest;
    this.manifest = fresh(url);
    await this.store.remove(`${this.key}${MANIFEST}`);
    // A part more: one may have been put and not yet told of.
    for (let index = 0; index <= parts.length; index++) await this.store.remove(`${this.key}.${index}`);
  }
}

/** @param {string} url @returns {Manifest} */
const fresh = (url) => ({ url, isComplete: false, storedAt: 0, freshUntil: 0, parts: [] });

/** @param {Store} store @param {string} name @returns {Promise<Manifest | undefined>} */
async function readManifest(store, name) {
  try {
    const { version, ...manifest } = JSON.parse(new TextDecoder().decode(await store.get(name)));
    const isOne = version === VERSION && typeof manifest.url === "string" && Array.isArray(manifest.parts);
    return isOne ? manifest : undefined;
  } catch {
    // Damaged: as good as none.
    return undefined;
  }
}

/** @param {Uint8Array} bytes */
async function sha256(bytes) {
  const digest = await crypto.subtle.digest("SHA-256", /** @type {Uint8Array<ArrayBuffer>} */ (bytes));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
