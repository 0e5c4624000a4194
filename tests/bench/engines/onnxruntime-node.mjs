// @ts-check
// The yardstick: onnxruntime's native code on the same machine, one thread, in this process.

import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { MODELS } from "../models.mjs";
import { PEERS } from "../paths.mjs";

/**
 * @param {string | Uint8Array} file its path or its bytes
 * @returns {Promise<{ score: (request: import("../documents.mjs").Request) => Promise<number[]>, close: () => Promise<void> }>} a logit a row
 */
export async function openSession(file) {
  const { default: ort } = await import(pathToFileURL(join(PEERS, "onnxruntime-node", "dist", "index.js")).href);
  const session = await ort.InferenceSession.create(file, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const input = (/** @type {number[]} */ numbers) => new ort.Tensor("int64", BigInt64Array.from(numbers, BigInt), [1, numbers.length]);
  return {
    async score({ rows }) {
      const logits = [];
      for (const { ids, types } of rows) {
        const all = { input_ids: input(ids), attention_mask: input(ids.map(() => 1)), token_type_ids: input(types) };
        const feeds = Object.fromEntries(Object.entries(all).filter(([name]) => session.inputNames.includes(name)));
        const output = Object.values(await session.run(feeds))[0];
        logits.push(output.data[0]);
      }
      return logits;
    },
    close: async () => session.release(),
  };
}

/** @param {string} model @returns {Promise<Pick<import("../browsers/chromium.mjs").Tab, "call" | "close">>} answers as a page does */
export async function openNode(model) {
  const { score, close } = await openSession(join(MODELS, model, "onnx", "model_quantized.onnx"));
  return {
    async call(_, argument) {
      const { request, repeats } = /** @type {{ request: import("../documents.mjs").Request, repeats: number }} */ (argument);
      let logits;
      const start = performance.now();
      for (let count = 0; count < repeats; count++) logits = await score(request);
      return { ms: (performance.now() - start) / repeats, logits };
    },
    close,
  };
}
