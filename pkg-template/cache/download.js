// @ts-check
// The bytes of a URL from an offset on, over as many connections as it takes: one that is cut or stalls is followed by
// another, for the range that is missing.

import { RerankError } from "../error.js";
import { LONGEST_TIMER_MS } from "../timer.js";

/** Attempts that bring nothing, one after the other, before it is given up. */
const FRUITLESS_ATTEMPTS = 3;
const FIRST_WAIT_MS = 250;

/** What comes is not what came before: another version of the file, or a server that knows no ranges. */
export class StartOver extends RerankError {
  /** @param {string} name */
  constructor(name) {
    super("network", `${name}: the file changed while it was fetched, or its server cannot go on after a cut`, { retryable: true });
  }
}

/**
 * @typedef {object} Version what tells one version of a file from another
 * @property {string} [etag] a strong one
 * @property {string} [lastModified]
 * @property {number} [size]
 */

/** @param {Response} reply @returns {Version & { freshUntil: number, hasRanges: boolean }} */
export function versionOf(reply) {
  const { headers } = reply;
  const etag = headers.get("etag") ?? "";
  // With a content encoding length and ranges count compressed bytes.
  const isPlain = !headers.get("content-encoding");
  const total = /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1] ?? (reply.status === 206 ? null : headers.get("content-length"));
  const cacheControl = headers.get("cache-control") ?? "";
  const seconds = /no-cache|no-store/.test(cacheControl) ? 0 : Number(/max-age=(\d+)/.exec(cacheControl)?.[1] ?? 0);
  return {
    etag: etag.startsWith('"') ? etag : undefined,
    lastModified: headers.get("last-modified") ?? undefined,
    size: isPlain && total ? Number(total) : undefined,
    hasRanges: isPlain,
    freshUntil: Date.now() + seconds * 1000,
  };
}

/** Whether two replies are of one file, as far as both tell. @param {Version} a @param {Version} b */
export function isSame(a, b) {
  for (const key of /** @type {const} */ (["etag", "lastModified", "size"])) {
    if (a[key] !== undefined && b[key] !== undefined && a[key] !== b[key]) return false;
  }
  return true;
}

/**
 * @param {string} name for messages
 * @param {string} url
 * @param {{ offset: number, version: Version, first?: Response, signal: AbortSignal, stallMs: number, onVersion: (version: Version) => void }} options
 *   `version`: of the bytes before `offset`; `first`: a reply from the start that is here already
 * @returns {AsyncGenerator<Uint8Array, void, undefined>} throws StartOver where the rest does not fit to what came before
 */
export async function* download(name, url, { offset, version, first, signal, stallMs, onVersion }) {
  let at = offset;
  let known = version;
  let fruitless = 0;
  let reply = first;
  for (;;) {
    const before = at;
    /** @type {unknown} */
    let cause;
    try {
      reply ??= await within(stallMs, ask(url, at, known, signal));
      if (reply.status === 416 && at > 0) {
        if (at === versionOf(reply).size) return;
        throw new StartOver(name);
      }
      if (!reply.ok && !isPassing(reply.status)) throw refused(name, url, reply.status);
      if (reply.ok) {
        const found = versionOf(reply);
        if (at > 0 && !continues(reply, at, known, found)) throw new StartOver(name);
        known = { ...found, size: found.size ?? known.size };
        onVersion(known);
        for await (const chunk of chunks(reply, signal, stallMs)) {
          at += chunk.byteLength;
          yield chunk;
        }
        if (known.size === undefined || at >= known.size) return;
        cause = new Error(`expected ${known.size} bytes, found ${at}`);
      } else {
        cause = refused(name, url, reply.status);
      }
    } catch (error) {
      if (signal.aborted || error instanceof RerankError) throw error;
      if (at === known.size) return;
      cause = error;
    }
    void reply?.body?.cancel().catch(() => {});
    reply = undefined;
    fruitless = at > before ? 0 : fruitless + 1;
    if (fruitless >= FRUITLESS_ATTEMPTS) {
      if (cause instanceof RerankError) throw cause;
      throw new RerankError("network", `${name}: the connection ended after ${at} bytes, ${FRUITLESS_ATTEMPTS} times`, { retryable: true, cause });
    }
    await wait(FIRST_WAIT_MS * 2 ** fruitless, signal);
  }
}

/** A reply from the start of the file. @param {string} name @param {string} url @param {AbortSignal} signal @param {number} stallMs */
export async function fetchFirst(name, url, signal, stallMs) {
  for (let attempt = 1; ; attempt++) {
    let reply;
    try {
      reply = await within(stallMs, fetch(url, { signal }));
    } catch (cause) {
      throw new RerankError("network", `${name}: ${url.split(/[?#]/)[0]} could not be fetched`, { retryable: true, cause });
    }
    if (reply.ok) return reply;
    void reply.body?.cancel().catch(() => {});
    if (!isPassing(reply.status) || attempt === FRUITLESS_ATTEMPTS) throw refused(name, url, reply.status);
    await wait(FIRST_WAIT_MS * 2 ** attempt, signal);
  }
}

/** @param {string} url @param {number} at @param {Version} version @param {AbortSignal} signal */
function ask(url, at, { etag, lastModified }, signal) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (at > 0) headers.range = `bytes=${at}-`;
  const isOwn = typeof location !== "object" || new URL(url).origin === (globalThis.origin ?? location.origin);
  // On a foreign origin it would take a preflight, which file servers refuse; the reply tells its version too.
  if (at > 0 && isOwn && (etag ?? lastModified)) headers["if-range"] = String(etag ?? lastModified);
  return fetch(url, { signal, headers, ...(at > 0 && { cache: "no-store" }) });
}

/** @param {Response} reply @param {number} at @param {Version} known @param {ReturnType<typeof versionOf>} found */
function continues(reply, at, known, found) {
  const start = /^bytes (\d+)-/.exec(reply.headers.get("content-range") ?? "")?.[1];
  // A foreign origin shows Content-Range only if it wants to.
  const isRange = reply.status === 206 && (start === undefined || Number(start) === at);
  const isKnown = known.etag !== undefined || known.lastModified !== undefined;
  return isRange && found.hasRanges && isKnown && isSame(known, found);
}

/** @param {Response} reply @param {AbortSignal} signal @param {number} stallMs @returns {AsyncGenerator<Uint8Array, void, undefined>} */
async function* chunks(reply, signal, stallMs) {
  const reader = reply.body?.getReader();
  if (!reader) return;
  const cancel = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      const { done, value } = await within(stallMs, reader.read());
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

/** @template T @param {number} ms @param {Promise<T>} promise @returns {Promise<T>} */
export async function within(ms, promise) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${ms} ms`)), Math.min(ms, LONGEST_TIMER_MS));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
function wait(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}

/** Statuses that may be another one a moment later. @param {number} status */
const isPassing = (status) => status === 408 || status === 429 || status >= 500;

/** @type {Record<number, string>} */
const CODES = { 401: "unauthorized", 403: "forbidden", 404: "not_found", 410: "not_found", 429: "rate_limited" };

/** @param {string} name @param {string} url @param {number} status */
export function refused(name, url, status) {
  const code = CODES[status] ?? (isPassing(status) ? "provider_unavailable" : "bad_response");
  // A query may hold a signed token.
  return new RerankError(code, `${name}: ${url.split(/[?#]/)[0]} answered ${status}`, { status, retryable: isPassing(status) });
}
