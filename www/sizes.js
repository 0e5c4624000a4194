// @ts-check
// How much a visitor will load: asked of the server, so that no number here can grow old.

import { model, tokenizer } from "rerank-wasm-model";

/** The binary this browser will take is of about the same size, whichever it is. */
const BINARY = new URL("/pkg/local.simd128.wasm", location.href);

/** @returns {Promise<number>} bytes on the way, of the model, its tokenizer and the engine */
export async function bytesToLoad() {
  const sizes = await Promise.all([model(), tokenizer(), BINARY].flat().map(sizeOf));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** @param {string | URL} url */
async function sizeOf(url) {
  const reply = await fetch(url, { method: "HEAD" });
  const length = Number(reply.headers.get("content-length"));
  if (!reply.ok || !length) throw new Error(`no size of ${url}`);
  return length;
}
