// @ts-check
// Where model files come from in a page or a web worker.

import { RerankError } from "../error.js";

export { locate, openFile } from "./locate.js";
export { lock, openStore } from "../cache/web.js";

/** The default model's files: the URLs the package rerank-wasm-model knows. */
export async function defaultModel() {
  try {
    const { model, tokenizer, sha256 } = await import("rerank-wasm-model");
    return { model: model(), tokenizer: tokenizer(), sha256 };
  } catch (cause) {
    throw new RerankError("bad_model", "the default model is a package of its own: npm install rerank-wasm-model", { cause });
  }
}
