// @ts-check
// Single layers, on our kernels, on stock tract and on onnxruntime-web.

import { attentionModel, layerData, linearModel } from "/bench/onnx-layers.mjs";

/** Numbers of the output that are compared. */
const SHOWN = 64;
/** What the weights of a linear layer are multiplied with. */
const SCALE = 0.01;

/**
 * @typedef {{ rows: number, inputs: number, outputs: number }} Linear in int8
 * @typedef {{ length: number, heads: number, head: number }} Attention of one document
 * @typedef {{ run: (x: Float32Array) => Float32Array }} Layer
 *
 * What each engine needs to run one layer.
 * @typedef {object} Task
 * @property {Float32Array} x
 * @property {number[]} shape of `x`
 * @property {() => Uint8Array} onnx
 * @property {(micro: any) => Layer} ours
 */

/**
 * @param {{ kind: "ours" | "tract" | "ort", binary?: string, layer: Linear | Attention }} what `binary`: of micro/
 * @returns {Promise<import("../page/host.js").Engine>}
 */
export async function openLayer({ kind, binary, layer }) {
  const task = "heads" in layer ? attention(layer) : linear(layer);
  const run = kind === "ort" ? await onOnnxruntime(task) : inMicro(kind, await openMicro(String(binary)), task);
  return { facts: {}, score: async () => [...(await run()).slice(0, SHOWN)], dispose() {} };
}

/** @param {Linear} layer @returns {Task} */
function linear({ rows, inputs, outputs }) {
  const data = layerData();
  const [weights, x] = [data.weights(inputs * outputs), data.activations(rows * inputs)];
  return {
    x,
    shape: [rows, inputs],
    onnx: () => linearModel({ rows, inputs, outputs, weights, scale: SCALE }),
    ours: (micro) => new micro.OurLinear(weights, SCALE, inputs, outputs),
  };
}

/** @param {Attention} layer @returns {Task} */
function attention({ length, heads, head }) {
  return {
    x: layerData().activations(3 * length * heads * head),
    shape: [3, length, heads * head],
    onnx: () => attentionModel({ length, heads, head }),
    ours: (micro) => new micro.OurAttention(heads, head),
  };
}

/** @param {Task} task */
async function onOnnxruntime({ x, shape, onnx }) {
  const ort = await import("/peers/onnxruntime-web/dist/ort.wasm.min.mjs");
  ort.env.wasm.wasmPaths = "/peers/onnxruntime-web/dist/";
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(onnx(), { executionProviders: ["wasm"] });
  const feeds = { x: new ort.Tensor("float32", x, shape) };
  return async () => /** @type {Float32Array} */ ((await session.run(feeds)).y.data);
}

/** @param {"ours" | "tract"} kind @param {any} micro @param {Task} task */
function inMicro(kind, micro, { x, shape, onnx, ours }) {
  const layer = kind === "ours" ? ours(micro) : new micro.StockModel(onnx(), Uint32Array.from(shape));
  return () => /** @type {Float32Array} */ (layer.run(x));
}

/** @param {string} binary "simd128" or "relaxed" */
export async function openMicro(binary) {
  const micro = await import(`/micro/${binary}/micro.js`);
  await micro.default({ module_or_path: `/micro/${binary}/micro_bg.wasm` });
  return micro;
}
