// @ts-check
// Where model files come from in Node, Deno and Bun: a string is a URL or a path.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

import { RerankError } from "../error.js";

export { lock, openStore } from "../cache/node.js";

export { defaultModel } from "./web.js";

/** @param {string} source @returns {string | URL} */
export const locate = (source) => (/^(https?|file|data|blob):/.test(source) ? new URL(source) : pathToFileURL(source));

/** @param {URL} url @returns {Promise<import("../sources.js").OpenSource | undefined>} undefined: fetch it */
export async function openFile(url) {
  if (url.protocol !== "file:") return undefined;
  const { size } = await stat(url).catch((cause) => {
    throw unreadable(url, cause);
  });
  return { size, chunks: chunks(url), again: { kind: "file", path: fileURLToPath(url) } };
}

/** Opened at the first read: before it nobody would hear of a failure, or close the file. @param {URL} url */
async function* chunks(url) {
  try {
    yield* createReadStream(url, { highWaterMark: 1 << 20 });
  } catch (cause) {
    throw unreadable(url, cause);
  }
}

/** @param {URL} url @param {any} cause */
function unreadable({ pathname }, cause) {
  const code = cause.code === "EACCES" || cause.code === "EPERM" ? "forbidden" : "not_found";
  return new RerankError(code, `${pathname} could not be read: ${cause.code}`, { cause });
}
