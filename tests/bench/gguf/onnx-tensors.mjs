// @ts-check
// The initializers of an ONNX file, as they lie in it.

import { fields, varints } from "../../models/wire.mjs";

// Fields of onnx.proto. ModelProto: 7 graph; GraphProto: 5 initializer; TensorProto as below.
const [GRAPH, INITIALIZER] = [7, 5];
const [DIMS, DATA_TYPE, FLOAT_DATA, INT32_DATA, NAME, RAW_DATA] = [1, 2, 4, 5, 8, 9];

/** @typedef {{ name: string, dims: number[], type: number, bytes: Uint8Array }} Tensor `bytes`: of raw_data, little-endian */

/** @param {Uint8Array} file @returns {Map<string, Tensor>} */
export function onnxTensors(file) {
  // A Buffer's slices are not copies.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.length);
  const found = new Map();
  for (const graph of fields(bytes, 0, bytes.length)) {
    if (graph.number !== GRAPH) continue;
    for (const initializer of fields(bytes, graph.body, graph.end)) {
      if (initializer.number !== INITIALIZER) continue;
      const tensor = tensorOf(bytes, initializer);
      found.set(tensor.name, tensor);
    }
  }
  return found;
}

/** @param {Uint8Array} bytes @param {import("../../models/wire.mjs").Field} message @returns {Tensor} */
function tensorOf(bytes, { body, end }) {
  const tensor = { name: "", dims: /** @type {number[]} */ ([]), type: 0, bytes: new Uint8Array() };
  for (const field of fields(bytes, body, end)) {
    const { number, value } = field;
    const content = bytes.subarray(field.body, field.end);
    if (number === DIMS) tensor.dims.push(...varints(bytes, field));
    if (number === DATA_TYPE) tensor.type = value;
    if (number === NAME) tensor.name = new TextDecoder().decode(content);
    if (number === RAW_DATA || number === FLOAT_DATA) tensor.bytes = content;
    // Small integers, a zero point say, are written as numbers.
    if (number === INT32_DATA) tensor.bytes = Uint8Array.from(varints(bytes, field));
  }
  return tensor;
}
