// @ts-check
// Bytes of both files, read once, to every engine that is being loaded. Nothing is kept here.

import { RerankError, isRerankError } from "./error.js";
import { isTrap } from "./instance.js";

/** The most that travels at once, in bytes. Each worker gets a copy, which a page's own thread makes: of larger ones that takes as long as a frame. */
const LONGEST_CHUNK = 512 << 10;

/** @typedef {Record<"model" | "tokenizer", string | undefined>} Fingerprints of what a worker was given; `undefined`: of what it does not read */

/**
 * @param {AbortSignal} signal
 * @param {Record<"model" | "tokenizer", import("./sources.js").OpenSource>} sources
 * @param {Set<import("./instance.js").Loading>} loadings one that fails is let go and taken out, unless it is the last
 * @param {(p: import("./load.js").Progress) => void} onProgress
 * @param {() => void} stop ends the sources
 * @returns {Promise<Fingerprints>} of what went through
 */
export async function pump(signal, sources, loadings, onProgress, stop) {
  const sizes = [sources.model.size, sources.tokenizer.size];
  const total = sizes.includes(undefined) ? {} : { total: Number(sizes[0]) + Number(sizes[1]) };
  let loaded = 0;
  /** @type {Fingerprints} */
  const found = { model: undefined, tokenizer: undefined };
  /** @param {"model" | "tokenizer"} name @param {unknown} cause */
  const told = (name, cause) => {
    if (signal.aborted || isRerankError(cause) || !(cause instanceof Error) || isTrap(cause)) return cause;
    return new RerankError("network", `${name}: the connection ended after ${loaded} bytes`, { retryable: true, cause });
  };
  /** @type {(cause: unknown) => void} */
  let refuse = () => {};
  /** Rejects as soon as an engine refuses a chunk: the next one may be long in coming, or never come. @type {Promise<never>} */
  const refused = new Promise((_, reject) => (refuse = reject));
  const copy = async (/** @type {"model" | "tokenizer"} */ name) => {
    // One chunk on its way while the next one is read.
    let sent = Promise.resolve();
    const send = async (/** @type {Uint8Array} */ chunk) => {
      await sent;
      sent = each(loadings, (it) => it.push(name, chunk));
      sent.catch((cause) => refuse(told(name, cause)));
      loaded += chunk.byteLength;
      onProgress({ phase: "download", loaded, ...total });
    };
    try {
      for await (const chunk of sources[name].chunks) {
        for (let at = 0; at < chunk.byteLength; at += LONGEST_CHUNK) {
          if (signal.aborted) return;
          await send(chunk.subarray(at, at + LONGEST_CHUNK));
        }
      }
      await sent;
      if (!signal.aborted) await each(loadings, async (it) => void (found[name] = (await it.finish(name)) ?? found[name]));
    } catch (cause) {
      throw told(name, cause);
    }
  };
  const copies = [copy("model"), copy("tokenizer")];
  try {
    await Promise.race([Promise.all(copies), refused]);
    return found;
  } catch (error) {
    // What sources hold and keep is let go of before anybody hears of it.
    stop();
    await Promise.allSettled(copies);
    throw error;
  }
}

/** @param {Set<import("./instance.js").Loading>} loadings @param {(loading: import("./instance.js").Loading) => void | Promise<void>} act */
async function each(loadings, act) {
  const one = async (/** @type {import("./instance.js").Loading} */ loading) => {
    try {
      await act(loading);
    } catch (error) {
      // Its other file was on the way too.
      if (!loadings.has(loading)) return;
      if (loadings.size === 1) throw error;
      // Where memory is short, fewer rank too.
      loadings.delete(loading);
      loading.drop();
    }
  };
  await Promise.all([...loadings].map(one));
}
