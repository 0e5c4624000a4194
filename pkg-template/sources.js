// @ts-check
// A model or tokenizer in any form a caller has it → its bytes, chunk by chunk, and whether it can be read again.

import { locate, openFile, openStore } from "#model";

import { addressOf } from "./address.js";
import { cacheApi } from "./cache/cache-api.js";
import { download, fetchFirst, refused, versionOf } from "./cache/download.js";
import { openCached } from "./cache/file.js";
import { RerankError, invalidRequest } from "./error.js";
import { typeName } from "./request.js";

/**
 * @typedef {object} OpenSource
 * @property {number} [size] bytes, where the sender says
 * @property {AsyncIterable<Uint8Array>} chunks
 * @property {import("./cache/reread.js").Again} [again] where the file can be read again, once it is whole
 * @property {() => boolean} [isKept] whether it really was kept there
 * @property {boolean} [wasKept] whether some of it comes from the cache
 * @property {() => Promise<void>} [discard] forgets it: it was no good
 * @property {() => Promise<void>} [confirm] an engine has found that it has the digest that was asked for
 *
 * @typedef {object} Caching
 * @property {any} cache the option
 * @property {string} [sha256]
 * @property {number} [stallMs]
 * @property {(text: string) => void} note
 */

/** What the documentation of timeoutMs says. */
const DEFAULT_STALL_MS = 30_000;

/**
 * Opens a source, again and again unless it is a stream. `url`: under which it may be cached.
 * @typedef {((signal: AbortSignal) => Promise<OpenSource>) & { url?: string }} Reader
 */

/**
 * Checks what kind of thing `source` is, without opening it.
 * @param {string} name of the option
 * @param {any} source
 * @param {Caching} caching
 * @returns {Reader}
 */
export function reader(name, source, caching) {
  if (typeof source === "string" || source instanceof URL) return readerOfUrl(name, located(name, source), caching);
  if (isKind(source, "ArrayBuffer", "byteLength")) return async () => ofBytes(new Uint8Array(source));
  if (ArrayBuffer.isView(source)) {
    return async () => ofBytes(new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
  }
  if (isKind(source, "Blob", "stream")) return async (signal) => ({ size: source.size, chunks: ofStream(name, source.stream(), signal) });
  if (isKind(source, "Request", "url")) return (signal) => openReply(name, () => fetch(source.clone(), { signal }), source.url, signal);
  if (isKind(source, "Response", "body")) return once(name, (signal) => openReply(name, async () => source, source.url, signal));
  if (isKind(source, "ReadableStream", "getReader")) return once(name, async (signal) => ({ chunks: ofStream(name, source, signal) }));
  if (name !== "model" && typeof source === "object" && source !== null) {
    const bytes = new TextEncoder().encode(JSON.stringify(source));
    return async () => ofBytes(bytes);
  }
  throw invalidRequest(`${name}: expected a URL, a Response, a stream or bytes, found ${typeName(source)}`);
}

/** The tokenizer beside a model's URL. @param {any} model */
export function tokenizerBeside(model) {
  const given = typeof model === "string" || model instanceof URL ? model : model?.url;
  const url = given && located("model", given);
  if (!url || /^(blob|data):/.test(url.protocol)) {
    throw invalidRequest("tokenizer: expected the model's tokenizer.json, found nothing; only a model given by URL or path has one beside it");
  }
  return new URL("tokenizer.json", url);
}

/** @param {any} source @param {string} kind @param {string} member */
function isKind(source, kind, member) {
  // By name and member, not by class: a polyfill's or another realm's is as good.
  return typeof source === "object" && source !== null && member in source && Object.prototype.toString.call(source) === `[object ${kind}]`;
}

/** @param {string} name @param {string | URL} source */
const located = (name, source) => addressOf(name, () => (typeof source === "string" ? locate(source) : source));

/** @param {string} name @param {URL} address @param {Caching} caching @returns {Reader} */
function readerOfUrl(name, { href: url, protocol }, caching) {
  if (!/^https?:$/.test(protocol)) {
    return async (signal) => (await openFile(new URL(url))) ?? openReply(name, () => fetch(url, { signal }), url, signal);
  }
  const { cache = "auto", sha256, stallMs = DEFAULT_STALL_MS, note } = caching;
  const open = async (/** @type {AbortSignal} */ signal) => {
    const store = await storeOf(cache, note);
    if (!store) return openFetched(name, url, signal, stallMs);
    return openCached(name, url, { store, sha256, isRequired: cache === "require", stallMs, note }, signal);
  };
  return cache === "none" ? open : Object.assign(open, { url });
}

/** @param {any} cache the option @param {Caching["note"]} note @returns {Promise<import("./cache/entry.js").Store | undefined>} */
async function storeOf(cache, note) {
  if (cache === "none") return undefined;
  if (typeof cache === "object") {
    if (globalThis.crypto?.subtle) return cacheApi(cache);
    note("unsupported: the cache is not used, since this page has no crypto.subtle; serve it over https");
    return undefined;
  }
  const store = await openStore();
  if (!store && cache === "require") throw new RerankError("unsupported", 'cache: expected a place to keep files, found none here; pass cache: "auto" to go on without');
  return store;
}

/** Without a cache: a connection that breaks or stalls is followed by another all the same. @param {string} name @param {string} url @param {AbortSignal} signal @param {number} stallMs @returns {Promise<OpenSource>} */
async function openFetched(name, url, signal, stallMs) {
  const first = await fetchFirst(name, url, signal, stallMs);
  return { size: versionOf(first).size, chunks: download(name, url, { offset: 0, version: {}, first, signal, stallMs, onVersion: () => {} }) };
}

/** @param {string} name @param {() => Promise<Response>} send @param {string} url @param {AbortSignal} signal @returns {Promise<OpenSource>} */
async function openReply(name, send, url, signal) {
  // A query may hold a signed token.
  const from = url.split(/[?#]/)[0] || "the response";
  let reply;
  try {
    reply = await send();
  } catch (cause) {
    throw new RerankError("network", `${name}: ${from} could not be fetched`, { retryable: true, cause });
  }
  if (!reply.ok) throw refused(name, from, reply.status);
  if (!reply.body || reply.bodyUsed) throw invalidRequest(`${name}: expected a response with an unread body, found none`);
  // With a content encoding the length counts compressed bytes.
  const length = reply.headers.get("content-encoding") ? null : reply.headers.get("content-length");
  return { size: length ? Number(length) : undefined, chunks: ofStream(name, reply.body, signal) };
}

/** @param {Uint8Array} bytes @returns {OpenSource} */
function ofBytes(bytes) {
  return {
    size: bytes.byteLength,
    chunks: (async function* () {
      yield bytes;
    })(),
  };
}

/** Not every runtime iterates a stream. @param {string} name @param {ReadableStream<Uint8Array>} stream @param {AbortSignal} signal */
function ofStream(name, stream, signal) {
  if (stream.locked) throw invalidRequest(`${name}: expected an unread stream, found one that is being read`);
  // Now, not at the first read: Node 20 empties the body of a Response that was collected while nobody was reading it.
  const from = stream.getReader();
  const cancel = () => void from.cancel().catch(() => {});
  // A sender that has stopped sending is let go too.
  signal.addEventListener("abort", cancel, { once: true });
  return (async function* () {
    let finished = false;
    try {
      for (;;) {
        const { done, value } = await from.read();
        finished = done;
        if (done) return;
        if (!isKind(value, "Uint8Array", "byteLength")) throw invalidRequest(`${name}: expected a stream of bytes, found one of ${typeName(value)}`);
        yield value;
      }
    } finally {
      signal.removeEventListener("abort", cancel);
      if (!finished) cancel();
    }
  })();
}

/** @template T @param {string} name @param {(signal: AbortSignal) => Promise<T>} open */
function once(name, open) {
  let used = false;
  // Async: it is asked beside another source, whose own error must not be left alone.
  return async (/** @type {AbortSignal} */ signal) => {
    if (used) throw new RerankError("internal", `${name}: its stream is used up and cannot start a fresh engine; call load again`);
    used = true;
    return open(signal);
  };
}
