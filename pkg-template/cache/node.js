// @ts-check
// Where Node, Deno and Bun keep files: a folder under the user's cache directory.

import { mkdir, readFile, readdir, rename, rm, statfs, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** @returns {Promise<import("./entry.js").Store | undefined>} */
export async function openStore() {
  let folder = "";
  try {
    folder = join(userCache(), "rerank-wasm");
    await mkdir(folder, { recursive: true });
  } catch {
    // A read-only system, or a user without a home.
    return undefined;
  }
  let last = 0;
  return {
    kind: "folder",
    again: (key) => ({ kind: "folder", folder, key }),
    get: (name) => readFile(join(folder, name)).catch(() => undefined),
    async put(name, bytes) {
      // All or nothing, also when two processes are at it.
      const partial = join(folder, `${name}.${process.pid}.${++last}.partial`);
      try {
        await writeFile(partial, bytes);
        await rename(partial, join(folder, name));
      } catch (error) {
        await rm(partial, { force: true }).catch(() => {});
        throw error;
      }
    },
    remove: (name) => rm(join(folder, name), { force: true }),
    names: () => readdir(folder),
    async room() {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    },
  };
}

function userCache() {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (XDG_CACHE_HOME) return XDG_CACHE_HOME;
  if (process.platform === "win32" && LOCALAPPDATA) return LOCALAPPDATA;
  return process.platform === "darwin" ? join(homedir(), "Library", "Caches") : join(homedir(), ".cache");
}

/** The last holder of each name. @type {Map<string, Promise<void>>} */
const held = new Map();

/**
 * Waits until nothing else in this process holds `name`.
 * @param {string} name @param {AbortSignal} signal @returns {Promise<() => void>} lets it go
 */
export async function lock(name, signal) {
  const before = held.get(name);
  let release = () => {};
  const mine = /** @type {Promise<void>} */ (new Promise((resolve) => (release = resolve)));
  const queue = (before ?? Promise.resolve()).then(() => mine);
  held.set(name, queue);
  void queue.then(() => held.get(name) === queue && held.delete(name));
  const stopped = new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
  try {
    await Promise.race([before, stopped]);
  } catch (error) {
    release();
    throw error;
  }
  return release;
}
