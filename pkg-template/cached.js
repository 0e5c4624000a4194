// @ts-check
// What is kept of downloaded models, for pages that show it and let it go.

import { openStore } from "#model";

import { addressOf } from "./address.js";
import { manifests, openEntry } from "./cache/entry.js";

export async function listCached() {
  const store = await openStore();
  const found = store ? await manifests(store) : [];
  return found.map(({ manifest: { url, size, isComplete, storedAt, parts, sha256 } }) => ({
    url,
    bytes: size ?? 0,
    isComplete,
    ...(isComplete ? { storedAt: new Date(storedAt) } : {}),
    ...(sha256 ? { sha256 } : {}),
  }));
}

/** @param {string | URL} [url] @returns {Promise<number>} */
export async function deleteCached(url) {
  const wanted = url === undefined ? undefined : addressOf("url", () => url).href;
  const store = await openStore();
  if (!store) return 0;
  const found = (await manifests(store)).filter(({ manifest }) => wanted === undefined || manifest.url === wanted);
  for (const { manifest } of found) await (await openEntry(store, manifest.url)).wipe();
  // Parts that no manifest tells of any more.
  if (wanted === undefined) for (const name of await store.names()) await store.remove(name);
  return found.length;
}
