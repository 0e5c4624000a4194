// @ts-check
// Where model files come from in Vercel's edge runtime: from nowhere by itself, since a function holds a few megabytes.

import { unavailable } from "../wasm/compile.js";

export { lock, openStore } from "../cache/workerd.js";
export { locate, openFile } from "./locate.js";

/** @returns {Promise<never>} */
export async function defaultModel() {
  throw unavailable("an edge function has no room for the default model; rank with RemoteReranker, or in a function of the Node runtime");
}
