// @ts-check
// A model that cannot fit is refused by its first bytes, before anything is downloaded or anybody ends the process.

import { equal, errorOf, ok } from "../expect.mjs";

const MODEL = "models/tiny_int8.onnx";
const TOKENIZER = "models/tokenizer.json";

/**
 * An ONNX file that says of its graph (field 7) how large it is, and then sends nothing more.
 * @param {number} size @returns {ReadableStream<Uint8Array>}
 */
function modelOf(size) {
  const header = [0x3a];
  for (let rest = size; ; rest = Math.floor(rest / 128)) {
    header.push((rest % 128) + (rest >= 128 ? 128 : 0));
    if (rest < 128) break;
  }
  return new ReadableStream({ start: (controller) => controller.enqueue(Uint8Array.from(header)) });
}

/** @param {import("../context.mjs").Context} context @param {number} size */
async function refused({ load, url, isRerankError }, size) {
  const error = await errorOf(() => load({ model: modelOf(size), tokenizer: url(TOKENIZER), workers: 0 }));
  ok(isRerankError(error), `a RerankError, not ${error}`);
  equal(error.code, "out_of_memory", "code");
  const [, needed, available] = /model: needs (\d+) bytes of memory, (\d+) are available/.exec(error.message) ?? [];
  ok(Number(needed) >= size, `needed at least ${size}: ${error.message}`);
  ok(Number(available) > 0 && Number(available) < Number(needed), `less available: ${error.message}`);
  ok(error.message.includes("RemoteReranker"), `the way out: ${error.message}`);
}

/** @type {readonly import("../context.mjs").Case[]} */
export const cases = [
  {
    name: "a model larger than memory is out_of_memory with both sizes, and another loads afterwards",
    async run(context) {
      await refused(context, 5e9);
      const reranker = await context.load({ model: context.url(MODEL) });
      const { results } = await reranker.rerank({ query: "Why is the window open?", documents: ["Open the windows.", "The invoice."] });
      reranker.dispose();
      equal(results.length, 2, "results");
    },
  },
  {
    name: "a Worker isolate refuses the models that it would be ended for",
    not: ["node", "chromium"],
    async run(context) {
      // bce-reranker-base and bge-reranker-v2-m3 in int8.
      for (const size of [278e6, 569e6]) await refused(context, size);
    },
  },
];
