// @ts-check
// LiteRT.js on its wasm backend, fed with ids. Its files have fixed shapes, so that each pair is padded to the next one.

const { Tensor, loadAndCompile, loadLiteRt } = await import("/peers/@litertjs/core/dist/index.js");

/** Tokens of a pair, a file each: litert/convert.py. */
const LENGTHS = [128, 512];

/** @param {import("../page/host.js").Files} files */
export async function openEngine(files) {
  const found = await Promise.all(LENGTHS.map((length) => fetch(`/models/${files.id}/litert-${length}.tflite`)));
  if (!found.every(({ ok }) => ok)) throw new Error("expected .tflite files beside the model, found none; tests/bench/litert/convert.py makes them, with litert-torch of PyPI");
  await loadLiteRt("/peers/@litertjs/core/wasm/");
  const models = await Promise.all(found.map(async (reply) => loadAndCompile(new Uint8Array(await reply.arrayBuffer()), { accelerator: "wasm" })));
  return {
    facts: {},
    /** @param {import("../documents.mjs").Request} request */
    async score({ rows }) {
      const logits = [];
      for (const { ids, types } of rows) {
        const at = LENGTHS.findIndex((length) => ids.length <= length);
        const padded = (/** @type {number[]} */ numbers) => {
          const all = new Int32Array(LENGTHS[at]);
          all.set(numbers);
          return new Tensor(all, [1, LENGTHS[at]]);
        };
        const inputs = [padded(ids), padded(ids.map(() => 1)), padded(types)];
        const [output] = await models[at].run(inputs);
        logits.push((await output.data())[0]);
        for (const tensor of [...inputs, output]) tensor.delete();
      }
      return logits;
    },
    dispose: () => models.forEach((model) => model.delete()),
  };
}
