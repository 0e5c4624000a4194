// @ts-check
// Single layers as ONNX files, the way quantized exports write them: a linear layer in int8, and attention in f32.

import { FLOAT, INT64, INT8, graph, integer, message, model, node, number, tensor, text, truth, value } from "./onnx-fields.mjs";

/**
 * From `x` to `y`. @typedef {object} Layer
 * @property {Uint8Array[]} nodes
 * @property {Uint8Array[]} tensors
 * @property {number[]} x dimensions
 * @property {number[]} y dimensions
 */

/**
 * DynamicQuantizeLinear, MatMulInteger, scales.
 * @param {{ rows: number, inputs: number, outputs: number, weights: Int8Array, scale: number }} layer `weights` row-major `[inputs, outputs]`
 * @returns {Layer}
 */
export function linearLayer({ rows, inputs, outputs, weights, scale }) {
  return {
    nodes: [
      node("DynamicQuantizeLinear", ["x"], ["xq", "xs", "xz"]),
      node("MatMulInteger", ["xq", "w", "xz"], ["sums"]),
      node("Cast", ["sums"], ["wide"], message(5, [text(1, "to"), number(3, FLOAT), number(20, 2)])),
      node("Mul", ["xs", "ws"], ["scale"]),
      node("Mul", ["wide", "scale"], ["y"]),
    ],
    tensors: [
      tensor("w", INT8, [inputs, outputs], new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength)),
      tensor("ws", FLOAT, [], new Uint8Array(Float32Array.of(scale).buffer)),
    ],
    x: [rows, inputs],
    y: [rows, outputs],
  };
}

/**
 * softmax(q × kᵀ ÷ √head) × v of each head; `x` is q, k and v, each `[length, heads × head]`.
 * @param {{ length: number, heads: number, head: number }} attention @returns {Layer}
 */
export function attentionLayer({ length, heads, head }) {
  const whole = (/** @type {string} */ name, /** @type {number[]} */ numbers) => tensor(name, INT64, [numbers.length], new Uint8Array(BigInt64Array.from(numbers, BigInt).buffer));
  const order = (/** @type {number[]} */ axes) => message(5, [text(1, "perm"), ...axes.map((axis) => number(8, axis)), number(20, 7)]);
  return {
    nodes: [
      node("Reshape", ["x", "heads"], ["x4"]),
      node("Transpose", ["x4"], ["xt"], order([0, 2, 1, 3])),
      node("Split", ["xt"], ["q", "k", "v"], message(5, [text(1, "axis"), number(3, 0), number(20, 2)])),
      node("Transpose", ["k"], ["kt"], order([0, 1, 3, 2])),
      node("MatMul", ["q", "kt"], ["products"]),
      node("Mul", ["products", "scale"], ["scores"]),
      node("Softmax", ["scores"], ["weights"], message(5, [text(1, "axis"), number(3, 3), number(20, 2)])),
      node("MatMul", ["weights", "v"], ["values"]),
      node("Transpose", ["values"], ["yt"], order([0, 2, 1, 3])),
      node("Reshape", ["yt", "rows"], ["y"]),
    ],
    tensors: [
      whole("heads", [3, length, heads, head]),
      whole("rows", [length, heads * head]),
      tensor("scale", FLOAT, [], new Uint8Array(Float32Array.of(1 / Math.sqrt(head)).buffer)),
    ],
    x: [3, length, heads * head],
    y: [length, heads * head],
  };
}

/** Runs it once. @param {Layer} layer @returns {Uint8Array} */
export const once = ({ nodes, tensors, x, y }) => model([...nodes, text(2, "layer"), ...tensors, value(11, "x", x), value(12, "y", y)]);

/**
 * Runs it as often as a second input, `times`, says, in one call: a Loop whose turns all begin with the same `x`. The result
 * of the last turn is `last`.
 * @param {Layer} layer @returns {Uint8Array}
 */
export function repeated({ nodes, tensors, x, y }) {
  const turn = [
    ...nodes,
    node("Identity", ["go"], ["on"]),
    text(2, "turn"),
    ...tensors,
    integer(11, "turn_number"), truth(11, "go"), value(11, "before"),
    truth(12, "on"), value(12, "y", y),
  ];
  return model([
    node("Loop", ["times", "", "nothing"], ["last"], message(5, [text(1, "body"), graph(6, turn), number(20, 5)])),
    text(2, "repeated"),
    tensor("nothing", FLOAT, [1], new Uint8Array(4)),
    value(11, "x", x), integer(11, "times"),
    value(12, "last", y),
  ]);
}

/** The same numbers everywhere: a sequence that repeats only after long. @returns {{ weights: (count: number) => Int8Array, activations: (count: number) => Float32Array }} */
export function layerData() {
  let state = 1;
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0) >> 8;
  return {
    weights: (length) => Int8Array.from({ length }, () => next() % 127),
    activations: (length) => Float32Array.from({ length }, () => next() / 2 ** 23),
  };
}
