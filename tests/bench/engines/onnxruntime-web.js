// @ts-check
// onnxruntime-web on its wasm backend, fed with ids. Rows of the same length run as one batch, others alone, so that no
// padding is computed: the best a page can do with it.

const ort = await import("/peers/onnxruntime-web/dist/ort.wasm.min.mjs");

/**
 * @param {import("../page/host.js").Files} files
 * @param {{ threads: number | "cores" }} options
 */
export async function openEngine(files, { threads }) {
  ort.env.wasm.wasmPaths = "/peers/onnxruntime-web/dist/";
  ort.env.wasm.numThreads = threads === "cores" ? navigator.hardwareConcurrency : threads;
  const session = await ort.InferenceSession.create(await files.model(), { executionProviders: ["wasm"] });
  const input = (/** @type {number[]} */ numbers, /** @type {number} */ rows) =>
    new ort.Tensor("int64", BigInt64Array.from(numbers, BigInt), [rows, numbers.length / rows]);
  return {
    facts: { threads: ort.env.wasm.numThreads },
    /** @param {import("../documents.mjs").Request} request */
    async score({ rows }) {
      const logits = new Array(rows.length);
      for (const indices of byLength(rows)) {
        const ids = indices.flatMap((index) => rows[index].ids);
        const types = indices.flatMap((index) => rows[index].types);
        const all = {
          input_ids: input(ids, indices.length),
          attention_mask: input(ids.map(() => 1), indices.length),
          token_type_ids: input(types, indices.length),
        };
        const feeds = Object.fromEntries(Object.entries(all).filter(([name]) => session.inputNames.includes(name)));
        const { data } = Object.values(await session.run(feeds))[0];
        indices.forEach((index, at) => (logits[index] = data[at]));
      }
      return logits;
    },
    dispose: () => session.release(),
  };
}

/** Indices of rows, grouped by their length. @param {{ ids: number[] }[]} rows @returns {number[][]} */
function byLength(rows) {
  /** @type {Map<number, number[]>} */
  const groups = new Map();
  rows.forEach(({ ids }, index) => groups.set(ids.length, [...(groups.get(ids.length) ?? []), index]));
  return [...groups.values()];
}
