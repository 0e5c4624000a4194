// @ts-check
// Single layers as ONNX files, the way quantized exports write them: a linear layer in int8, and attention in f32.

import { FLOAT, INT64, INT8, message, model, node, number, tensor, text, value } from "./onnx-fields.mjs";

/**
 * DynamicQuantizeLinear, MatMulInteger, scales.
 * @param {{ rows: number, inputs: number, outputs: number, weights: Int8Array, scale: number }} layer `weights` row-major `[inputs, outputs]`
 * @returns {Uint8Array}
 */
export function linearModel({ rows, inputs, outputs, weights, scale }) {
  return model([
    node("DynamicQuantizeLinear", ["x"], ["xq", "xs", "xz"]),
    node("MatMulInteger", ["xq", "w", "xz"], ["sums"]),
    node("Cast", ["sums"], ["wide"], message(5, [text(1, "to"), number(3, FLOAT), number(20, 2)])),
    node("Mul", ["xs", "ws"], ["scale"]),
    node("Mul", ["wide", "scale"], ["y"]),
    text(2, "layer"),
    tensor("w", INT8, [inputs, outputs], new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength)),
    tensor("ws", FLOAT, [], new Uint8Array(Float32Array.of(scale).buffer)),
    value(11, "x", [rows, inputs]),
    value(12, "y", [rows, outputs]),
  ]);
}

/**
 * softmax(q × kᵀ ÷ √head) × v of each head; `x` is q, k and v, each `[length, heads × head]`.
 * @param {{ length: number, heads: number, head: number }} attention @returns {Uint8Array}
 */
export function attentionModel({ length, heads, head }) {
  const whole = (/** @type {string} */ name, /** @type {number[]} */ numbers) => tensor(name, INT64, [numbers.length], new Uint8Array(BigInt64Array.from(numbers, BigInt).buffer));
  const order = (/** @type {number[]} */ axes) => message(5, [text(1, "perm"), ...axes.map((axis) => number(8, axis)), number(20, 7)]);
  return model([
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
    text(2, "attention"),
    whole("heads", [3, length, heads, head]),
    whole("rows", [length, heads * head]),
    tensor("scale", FLOAT, [], new Uint8Array(Float32Array.of(1 / Math.sqrt(head)).buffer)),
    value(11, "x", [3, length, heads * head]),
    value(12, "y", [length, heads * head]),
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
