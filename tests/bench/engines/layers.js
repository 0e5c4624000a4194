// @ts-check
// One linear layer, on our kernels, on stock tract and on onnxruntime-web; and tokenizers alone.

import { layerData, layerModel } from "/bench/onnx-layer.mjs";

/** Numbers of the output that are compared. */
const SHOWN = 64;

/**
 * @param {{ kind: "ours" | "tract" | "ort", binary?: string, rows: number, inputs: number, outputs: number }} what `binary`: of micro/
 * @returns {Promise<import("../page/host.js").Engine>}
 */
export async function openLayer({ kind, binary, rows, inputs, outputs }) {
  const { weights, x, scale } = layerData(rows, inputs, outputs);
  const run = await runner();
  return { facts: {}, score: async () => [...(await run()).slice(0, SHOWN)], dispose() {} };

  /** @returns {Promise<() => Promise<Float32Array> | Float32Array>} */
  async function runner() {
    if (kind === "ort") {
      const ort = await import("/peers/onnxruntime-web/dist/ort.wasm.min.mjs");
      ort.env.wasm.wasmPaths = "/peers/onnxruntime-web/dist/";
      ort.env.wasm.numThreads = 1;
      const session = await ort.InferenceSession.create(layerModel({ rows, inputs, outputs, weights, scale }), { executionProviders: ["wasm"] });
      const feeds = { x: new ort.Tensor("float32", x, [rows, inputs]) };
      return async () => (await session.run(feeds)).y.data;
    }
    const micro = await openMicro(String(binary));
    if (kind === "ours") {
      const layer = new micro.OurLayer(weights, scale, inputs, outputs);
      return () => layer.run(x);
    }
    const model = new micro.StockModel(layerModel({ rows, inputs, outputs, weights, scale }), rows, inputs);
    return () => model.run(x, rows);
  }
}

/** @param {string} binary "simd128" or "relaxed" */
export async function openMicro(binary) {
  const micro = await import(`/micro/${binary}/micro.js`);
  await micro.default({ module_or_path: `/micro/${binary}/micro_bg.wasm` });
  return micro;
}
