// @ts-check
// Single layers, on our kernels, on stock tract and on onnxruntime-web.

import { attentionLayer, layerData, linearLayer, once, repeated } from "/bench/onnx-layers.mjs";

/** Sums that stand for a result, each number in one of them. `FOLDS` of micro/src/lib.rs. */
const FOLDS = 64;
/** What the weights of a linear layer are multiplied with. */
const SCALE = 0.01;

/**
 * @typedef {{ rows: number, inputs: number, outputs: number }} Linear in int8
 * @typedef {{ length: number, heads: number, head: number }} Attention of one document
 * @typedef {(times: number) => ArrayLike<number> | Promise<ArrayLike<number>>} Run repeats the layer; the result in sums
 *
 * What each engine needs to run one layer.
 * @typedef {object} Task
 * @property {Float32Array} x
 * @property {import("../onnx-layers.mjs").Layer} layer
 * @property {(micro: any) => { run: (times: number) => Float32Array, multiply?: (times: number) => Float32Array }} ours
 *
 * @typedef {{ kind: "ours" | "ours-multiply" | "tract" | "ort", binary?: string }} Kernel `binary`: of micro/
 */

/**
 * Everything is in place before time counts, and each engine repeats the layer inside its own wasm.
 * @param {Kernel & { layer: Linear | Attention }} what
 * @returns {Promise<import("../page/host.js").Engine>}
 */
export async function openLayer({ kind, binary, layer }) {
  const task = "heads" in layer ? attention(layer) : linear(layer);
  const run = kind === "ort" ? await onOnnxruntime(task) : inMicro(kind, await openMicro(String(binary)), task);
  const repeat = async (/** @type {unknown} */ _, /** @type {number} */ times) => [...Array.from(await run(times))];
  return { facts: {}, repeat, score: (request) => repeat(request, 1), dispose() {} };
}

/** @param {Linear} layer @returns {Task} */
function linear({ rows, inputs, outputs }) {
  const data = layerData();
  const [weights, x] = [data.weights(inputs * outputs), data.activations(rows * inputs)];
  return {
    x,
    layer: linearLayer({ rows, inputs, outputs, weights, scale: SCALE }),
    ours: (micro) => new micro.OurLinear(weights, SCALE, inputs, outputs, x),
  };
}

/** @param {Attention} layer @returns {Task} */
function attention({ length, heads, head }) {
  const x = layerData().activations(3 * length * heads * head);
  return { x, layer: attentionLayer({ length, heads, head }), ours: (micro) => new micro.OurAttention(heads, head, x) };
}

/** @param {Task} task @returns {Promise<Run>} */
async function onOnnxruntime({ x, layer }) {
  const ort = await import("/peers/onnxruntime-web/dist/ort.wasm.min.mjs");
  ort.env.wasm.wasmPaths = "/peers/onnxruntime-web/dist/";
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(repeated(layer), { executionProviders: ["wasm"] });
  const input = new ort.Tensor("float32", x, layer.x);
  return async (times) => {
    const feeds = { x: input, times: new ort.Tensor("int64", BigInt64Array.of(BigInt(times)), []) };
    return folded(/** @type {Float32Array} */ ((await session.run(feeds)).last.data));
  };
}

/** @param {Kernel["kind"]} kind @param {any} micro @param {Task} task @returns {Run} */
function inMicro(kind, micro, { x, layer, ours }) {
  if (kind === "tract") {
    const model = new micro.StockModel(once(layer), Uint32Array.from(layer.x), x);
    return (times) => model.run(times);
  }
  const made = ours(micro);
  if (kind === "ours") return (times) => made.run(times);
  if (!made.multiply) throw new Error("this layer has no part that multiplies alone");
  return (times) => /** @type {(times: number) => Float32Array} */ (made.multiply)(times);
}

/** @param {Float32Array} numbers */
function folded(numbers) {
  const sums = new Float32Array(FOLDS);
  numbers.forEach((it, at) => (sums[at % FOLDS] += it));
  return sums;
}

/** @param {string} binary "simd128" or "relaxed" */
export async function openMicro(binary) {
  const micro = await import(`/micro/${binary}/micro.js`);
  await micro.default({ module_or_path: `/micro/${binary}/micro_bg.wasm` });
  return micro;
}
