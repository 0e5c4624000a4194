// @ts-check
// One int8 linear layer as an ONNX file, the way quantized exports write it: DynamicQuantizeLinear, MatMulInteger, scales.

const [FLOAT, INT8] = [1, 3];

/**
 * @param {{ rows: number, inputs: number, outputs: number, weights: Int8Array, scale: number }} layer `weights` row-major `[inputs, outputs]`
 * @returns {Uint8Array}
 */
export function layerModel({ rows, inputs, outputs, weights, scale }) {
  const graph = [
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
  ];
  return concat([number(1, 8), message(8, [number(2, 17)]), message(7, graph)]);
}

/** The same weights and activations everywhere: a sequence that repeats only after long. @param {number} rows @param {number} inputs @param {number} outputs */
export function layerData(rows, inputs, outputs) {
  let state = 1;
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0) >> 8;
  const weights = Int8Array.from({ length: inputs * outputs }, () => next() % 127);
  const x = Float32Array.from({ length: rows * inputs }, () => next() / 2 ** 23);
  return { weights, x, scale: 0.01 };
}

/** @param {string} type @param {string[]} inputs @param {string[]} outputs @param {Uint8Array[]} attributes */
const node = (type, inputs, outputs, ...attributes) =>
  message(1, [...inputs.map((name) => text(1, name)), ...outputs.map((name) => text(2, name)), text(4, type), ...attributes]);

/** @param {string} name @param {number} type @param {number[]} dims @param {Uint8Array} raw */
const tensor = (name, type, dims, raw) => message(5, [...dims.map((dim) => number(1, dim)), number(2, type), text(8, name), field(9, raw)]);

/** @param {number} place @param {string} name @param {number[]} dims */
const value = (place, name, dims) =>
  message(place, [text(1, name), message(2, [message(1, [number(1, FLOAT), message(2, dims.map((dim) => message(1, [number(1, dim)])))])])]);

/** @param {number} place @param {Uint8Array[]} content */
const message = (place, content) => field(place, concat(content));
/** @param {number} place @param {string} content */
const text = (place, content) => field(place, new TextEncoder().encode(content));
/** @param {number} place @param {Uint8Array} content */
const field = (place, content) => concat([varint(place * 8 + 2), varint(content.length), content]);
/** @param {number} place @param {number} content */
const number = (place, content) => concat([varint(place * 8), varint(content)]);

/** @param {number} value */
function varint(value) {
  const bytes = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Uint8Array.from([...bytes, value]);
}

/** @param {Uint8Array[]} parts */
function concat(parts) {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
