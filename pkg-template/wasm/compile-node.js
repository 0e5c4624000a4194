// @ts-check
// A file or a URL → a compiled module, in Node, Deno and Bun and in their workers.

import { readFile } from "node:fs/promises";

import { compileBytes, compileUrl, unavailable } from "./compile.js";

/** @param {string} url */
export async function compile(url) {
  if (!url.startsWith("file:")) return compileUrl(url);
  const bytes = await readFile(new URL(url)).catch((cause) => {
    throw unavailable(`${url} could not be read`, cause);
  });
  return compileBytes(bytes, url);
}
