// @ts-check
// Where model files come from in workerd: modules of the deployment, or a reply of its static assets.

import { RerankError } from "../error.js";

export { lock, openStore } from "../cache/workerd.js";
export { locate, openFile } from "./locate.js";

/** The default model as Data modules, for which wrangler wants the rule `{ type: "Data", globs: ["**\/*.onnx", "**\/tokenizer.json"] }`. */
export async function defaultModel() {
  try {
    return await import("rerank-wasm-model/workerd");
  } catch (cause) {
    const way = "pass load({ model, tokenizer }) the replies of env.ASSETS.fetch, or import rerank-wasm-model as Data modules";
    throw new RerankError("bad_model", `the default model is not part of this Worker: ${way}`, { cause });
  }
}
