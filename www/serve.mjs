// @ts-check
// A server of static files for the demo page and the tests: several folders under one origin, on this machine only.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";

/** What a browser insists on (modules, wasm) or shows (the rest). */
const MIME_TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".jsonl": "application/jsonl; charset=utf-8",
  ".wasm": "application/wasm",
  ".onnx": "application/octet-stream",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".txt": "text/plain; charset=utf-8",
};

/**
 * @typedef {object} ServeOptions
 * @property {Record<string, string>} mounts URL path, with a slash at both ends → folder; the longest that fits counts
 * @property {number} [port] default: any that is free
 * @property {Record<string, string> | ((path: string) => Record<string, string>)} [headers] over those of the file
 */

/** @param {ServeOptions} options @returns {Promise<{ url: string, close: () => Promise<void> }>} `url` ends without a slash */
export async function serve({ mounts, port = 0, headers = {} }) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const extra = typeof headers === "function" ? headers(pathname) : headers;
    if (request.method !== "GET" && request.method !== "HEAD") return refuse(response, 405, extra);
    const file = await locate(pathname, mounts);
    if (!file) return refuse(response, 404, extra);
    const type = MIME_TYPES[/** @type {keyof typeof MIME_TYPES} */ (extname(file.path))] ?? "application/octet-stream";
    // What was built a moment ago counts, not what a browser kept.
    response.writeHead(200, { "content-type": type, "content-length": file.size, "cache-control": "no-cache", ...extra });
    if (request.method === "HEAD") return response.end();
    // A browser that goes away in the middle is no fault.
    await pipeline(createReadStream(file.path), response).catch(() => response.destroy());
  });
  // A client that was busy for a while finds its connection as it left it.
  server.keepAliveTimeout = 0;
  await new Promise((done, fail) => server.once("error", fail).listen(port, "127.0.0.1", () => done(undefined)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** @param {string} pathname @param {Record<string, string>} mounts */
async function locate(pathname, mounts) {
  const mount = Object.keys(mounts)
    .filter((prefix) => pathname.startsWith(prefix))
    .sort((a, b) => b.length - a.length)[0];
  if (mount === undefined) return undefined;
  const folder = resolve(mounts[mount]);
  const rest = decoded(pathname.slice(mount.length));
  if (rest === undefined) return undefined;
  const path = resolve(folder, `.${sep}${rest}`, rest === "" || rest.endsWith("/") ? "index.html" : "");
  // `..`, encoded or not, must not leave the folder.
  if (!path.startsWith(folder + sep)) return undefined;
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? { path, size: found.size } : undefined;
}

/** @param {string} path @returns {string | undefined} undefined: not a file name on any system */
function decoded(path) {
  try {
    const text = decodeURIComponent(path);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}

/** @param {import("node:http").ServerResponse} response @param {number} status @param {Record<string, string>} extra */
function refuse(response, status, extra) {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...extra });
  response.end(status === 404 ? "not found\n" : "only GET and HEAD\n");
}
