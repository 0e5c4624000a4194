// @ts-check
// A file server on another origin that cuts, stalls, lies about lengths and sends wrong bytes, as its URLs say:
//
//   /MODE/ID/FILE    FILE of a folder, served in that mode; ID keeps what one test asks apart from the others'
//   /log/ID          what was asked below that ID: [{ file, method, range?, ifRange?, sent }]
//   /set/ID/STATE    "down": the server hangs up on everything below ID; "new": its files are told to have changed; "other": they have, and are
//                    as long as before; "short": another, small model in place of each; "up"

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** @typedef {{ file: string, method: string, range?: string, ifRange?: string, sent: number }} Asked */

/** Mode → what becomes of one answer; `first`: whether nothing of this file was asked before. @type {Record<string, (answer: Answer, first: boolean) => void>} */
const MODES = {
  plain: () => {},
  // Three quarters, then the connection breaks; later ranges are served.
  cut: (answer, first) => first && (answer.cutAt = 0.75),
  // The same, and ranges are ignored.
  "cut-no-ranges": (answer, first) => {
    answer.hasRanges = false;
    if (first) answer.cutAt = 0.75;
  },
  // The same, and no version is told.
  "cut-no-version": (answer, first) => {
    answer.hasVersion = false;
    if (first) answer.cutAt = 0.75;
  },
  "no-version": (answer) => (answer.hasVersion = false),
  // Each connection breaks.
  "cut-always": (answer) => (answer.cutAt = 0),
  // Half of it, then nothing for ever.
  stall: (answer, first) => first && (answer.stallAt = 0.5),
  // It says more than it has, and closes.
  "says-more": (answer) => (answer.lie = 1000),
  // It says less than it has.
  "says-less": (answer) => (answer.lie = -1000),
  // A byte is wrong.
  wrong: (answer) => (answer.isWrong = true),
  "wrong-once": (answer, first) => (answer.isWrong = first),
  // Overloaded at first, or for ever.
  busy: (answer, first) => first && (answer.refusal = 503),
  "busy-always": (answer) => (answer.refusal = 429),
  // A page in place of the file.
  page: (answer) => (answer.bytes = Buffer.from("<!doctype html><title>Sign in</title>")),
  // On its way it is compressed, which another origin's page is not told.
  gzip: (answer) => (answer.isCompressed = true),
  // May be used for an hour without asking.
  fresh: (answer) => (answer.maxAge = 3600),
};

/** What a busy machine may take to give a page what has arrived. */
const MOMENT_MS = 500;
const BYTES_PER_MS = 5_000;

/** @typedef {{ bytes: Buffer, cutAt?: number, stallAt?: number, lie?: number, isWrong?: boolean, refusal?: number, hasRanges: boolean, hasVersion: boolean, isCompressed?: boolean, maxAge?: number }} Answer */

/** @param {string} folder @returns {Promise<{ url: string, close: () => Promise<void> }>} */
export async function serveFaulty(folder) {
  /** @type {Map<string, Asked[]>} */
  const logs = new Map();
  /** @type {Map<string, string>} */
  const states = new Map();
  const logOf = (/** @type {string} */ id) => logs.get(id) ?? logs.set(id, []).get(id) ?? [];
  const server = createServer((request, response) => {
    const [, mode, id, file = ""] = new URL(request.url ?? "/", "http://localhost").pathname.split("/");
    response.setHeader("access-control-allow-origin", "*");
    if (mode === "set") states.set(id, file);
    if (mode === "set" || mode === "log") return void response.end(JSON.stringify(logOf(id)));
    const state = states.get(id);
    // No preflight: what needs one fails.
    if (state === "down" || request.method === "OPTIONS") return void response.destroy();
    const asked = logOf(id);
    const first = !asked.some((it) => it.file === file && it.method === "GET");
    const { range, "if-range": ifRange, origin } = request.headers;
    /** @type {Asked} */
    const entry = { file, method: String(request.method), range, ifRange: ifRange && String(ifRange), sent: 0 };
    asked.push(entry);
    /** @type {Answer} */
    const answer = { bytes: readFileSync(join(folder, state === "short" && file.endsWith(".onnx") ? "tiny_int8.onnx" : file)), hasRanges: true, hasVersion: true };
    // It works again.
    if (state !== "short") MODES[mode](answer, first);
    if (answer.isCompressed) {
      answer.bytes = gzipSync(answer.bytes);
      response.setHeader("content-encoding", "gzip");
    }
    if (answer.refusal) return void response.writeHead(answer.refusal).end();
    const etag = `"${state ?? "old"}-${answer.bytes.length}"`;
    if (answer.hasVersion) {
      response.setHeader("etag", etag);
      response.setHeader("last-modified", new Date(state === undefined || state === "up" ? 1e12 : 2e12).toUTCString());
    }
    response.setHeader("cache-control", answer.maxAge ? `max-age=${answer.maxAge}` : "no-cache");
    const isSame = ifRange === undefined || ifRange === etag;
    const [, start = 0, end = Infinity] = (answer.hasRanges && isSame && /^bytes=(\d+)-(\d+)?$/.exec(range ?? "")) || [];
    const from = Number(start);
    const { length } = answer.bytes;
    if (from >= length) {
      response.writeHead(416, { "content-range": `bytes */${length}` });
      return void response.end();
    }
    if (answer.isWrong) answer.bytes[length >> 1] ^= 1;
    // The least of a model's weights.
    if (state === "other" && file.endsWith(".onnx")) answer.bytes[length >> 1] ^= 1;
    const body = answer.bytes.subarray(from, Number(end) + 1);
    const headers = { "content-length": body.length + (answer.lie ?? 0), ...(from > 0 ? { "content-range": `bytes ${from}-${from + body.length - 1}/${length}` } : {}) };
    const breaks = answer.cutAt !== undefined || Number(answer.lie) > 0;
    response.writeHead(from > 0 ? 206 : 200, { ...headers, ...(breaks ? { connection: "close" } : {}) });
    if (request.method === "HEAD") return void response.end();
    const until = Math.floor(length * (answer.cutAt ?? answer.stallAt ?? 1)) - from;
    const part = body.subarray(0, Math.max(0, until) + Math.min(0, answer.lie ?? 0));
    entry.sent = part.length;
    if (!breaks && answer.stallAt === undefined) return void response.end(part);
    response.flushHeaders();
    // A browser forgets what it has not given to the page when the connection breaks.
    response.write(part, () => breaks && setTimeout(() => response.socket?.end(), MOMENT_MS + part.length / BYTES_PER_MS));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(undefined)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    // Another origin than the fixtures', by its name too.
    url: `http://localhost:${address.port}`,
    close: () => new Promise((done) => {
      server.close(() => done());
      server.closeAllConnections();
    }),
  };
}
