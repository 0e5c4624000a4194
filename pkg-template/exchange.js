// @ts-check
// One HTTP exchange over the caller's fetch or the host's, read to its end, whatever class the Response is of.
//
// What comes of it is what Rust takes (src/wasm/desk.rs): `[status, headers, isJson, body | size]`, or
// `[code, message, retryable, status?]` of what went wrong. Nothing else throws.

import { encode } from "./wire.js";

/** Bytes of a body. The largest real one repeats a thousand documents of a few kilobytes. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** In place of the status of a redirect, which pages are not told. */
const REDIRECTED = 0;

/** @typedef {[code: string, message: string, retryable?: boolean, status?: number]} Failed */

/**
 * @param {typeof fetch | undefined} own the caller's
 * @param {string} url
 * @param {[string, string][]} headers checked by Rust
 * @param {unknown} body
 * @param {AbortSignal} signal
 * @returns {Promise<Uint8Array>} encoded: a body that cannot be is not JSON
 */
export async function exchange(own, url, headers, body, signal) {
  // The global one of the moment.
  const send = own ?? globalThis.fetch;
  if (typeof send !== "function") return encode("unsupported", "this runtime has no fetch; use one with the fetch API, as Node 20, or add it");
  /** @type {any} */
  let response;
  try {
    // With the global object as `this`, since Workers call a detached fetch illegal; a plain init, since npm's undici and node-fetch
    // refuse a Request that is not theirs. A redirect could carry key and documents to another host, and workerd has no "error".
    response = await send.call(globalThis, url, {
      method: "POST", headers: Object.fromEntries(headers), body: body === undefined ? body : JSON.stringify(body), signal, redirect: "manual",
    });
  } catch (reason) {
    return encode(...noAnswer(reason));
  }
  /** @type {number | undefined} */
  let status;
  try {
    const { status: given, headers, body, type } = response;
    if (type === "opaqueredirect") return encode(REDIRECTED);
    if (!Number.isInteger(given) || given < 200 || given > 599) throw undefined;
    status = given;
    const found = readHeaders(headers);
    if (Number(Object.fromEntries(found)["content-length"]) > MAX_BODY_BYTES) throw tooLarge();
    const { text, size } = await readBody(response, body, signal);
    try {
      return encode(status, found, true, JSON.parse(text));
    } catch {
      // Only its size: it may echo what was sent.
      return encode(status, found, false, size);
    }
  } catch (failed) {
    const unread = status === undefined ? "expected a Response with a status from 200 to 599 from fetch, found another" : "the body of the Response cannot be read";
    const [code, message, retryable] = Array.isArray(failed) ? failed : bad(unread);
    return encode(code, message, retryable, status);
  }
}

/** Of a Headers, a Map or a plain object; none where they cannot be read. @param {any} headers @returns {[string, string][]} */
function readHeaders(headers) {
  if (typeof headers !== "object" || !headers) return [];
  const entries = Symbol.iterator in headers ? [...headers] : Object.entries(headers);
  return entries.filter(([, value]) => typeof value === "string").map(([name, value]) => [name.toLowerCase(), value]);
}

/** @param {any} response @param {any} body @param {AbortSignal} signal @returns {Promise<{ text: string, size: number }>} no text where it is not UTF-8 */
async function readBody(response, body, signal) {
  if (typeof body?.getReader === "function") return readStream(body.getReader(), signal);
  if (body === null) return { text: "", size: 0 };
  const isText = typeof response.text === "function";
  if (!isText && typeof response.json !== "function") throw bad("expected a Response with a body, text() or json() from fetch, found none");
  const text = String(isText ? await response.text() : JSON.stringify(await response.json()));
  const size = new TextEncoder().encode(text).length;
  if (size > MAX_BODY_BYTES) throw tooLarge();
  return { text: text.replace(/^\ufeff/, ""), size };
}

/** @param {ReadableStreamDefaultReader} reader @param {AbortSignal} signal */
async function readStream(reader, signal) {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  let [text, size, isText] = ["", 0, true];
  const read = (/** @type {Uint8Array | undefined} */ chunk) => {
    try {
      if (isText) text += utf8.decode(chunk, { stream: !!chunk });
    } catch {
      isText = false;
    }
  };
  try {
    for (;;) {
      let chunk;
      try {
        chunk = await reader.read();
      } catch (reason) {
        throw noAnswer(reason);
      }
      const { done, value } = chunk;
      read(value);
      if (done) return { text: isText ? text : "", size };
      size += value.byteLength;
      if (size > MAX_BODY_BYTES) throw tooLarge();
      if (!ArrayBuffer.isView(value) || signal.aborted) throw undefined;
    }
  } catch (failed) {
    // Lets the rest go; whether that works is of no interest.
    (async () => reader.cancel())().catch(() => {});
    throw failed;
  }
}

/** A rejected fetch or body. Its own message is left out: it often holds the address, and with it the token. @param {any} reason @returns {Failed} */
function noAnswer(reason) {
  const name = wordOf(() => reason.name);
  // Not by us, whose waits end first: by the caller's fetch.
  if (name === "AbortError") return ["aborted", "fetch aborted the call by itself"];
  const found = wordOf(() => reason.cause.code) ?? wordOf(() => reason.code) ?? name;
  return ["network", `no answer arrived${found ? ` (${found})` : ""}; check the connection and baseUrl, in a page also that the service allows CORS`, true];
}

/** An identifier, and nothing that could hold more. @param {() => unknown} read */
function wordOf(read) {
  try {
    const word = read();
    return typeof word === "string" && /^\w{1,40}$/.test(word) ? word : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} message @returns {Failed} */
const bad = (message) => ["bad_response", message];

const tooLarge = () => bad("expected at most 32 MiB of body, found more; check baseUrl");
