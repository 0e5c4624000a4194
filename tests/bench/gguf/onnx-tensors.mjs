// @ts-check
// The initializers of an ONNX file, as they lie in it.

// Fields of onnx.proto. ModelProto: 7 graph; GraphProto: 5 initializer; TensorProto as below.
const [GRAPH, INITIALIZER] = [7, 5];
const [DIMS, DATA_TYPE, FLOAT_DATA, INT32_DATA, NAME, RAW_DATA] = [1, 2, 4, 5, 8, 9];

/** @typedef {{ name: string, dims: number[], type: number, bytes: Uint8Array }} Tensor `bytes`: of raw_data, little-endian */

/** @param {Uint8Array} file @returns {Map<string, Tensor>} */
export function onnxTensors(file) {
  const found = new Map();
  // A Buffer's slices are not copies.
  for (const graph of fields(new Uint8Array(file.buffer, file.byteOffset, file.length))) {
    if (graph.number !== GRAPH) continue;
    for (const { number, content } of fields(graph.content)) {
      if (number !== INITIALIZER) continue;
      const tensor = tensorOf(content);
      found.set(tensor.name, tensor);
    }
  }
  return found;
}

/** @param {Uint8Array} message @returns {Tensor} */
function tensorOf(message) {
  const tensor = { name: "", dims: /** @type {number[]} */ ([]), type: 0, bytes: new Uint8Array() };
  for (const { number, content, value } of fields(message)) {
    if (number === DIMS) tensor.dims.push(...(content.length ? varints(content) : [value]));
    if (number === DATA_TYPE) tensor.type = value;
    if (number === NAME) tensor.name = new TextDecoder().decode(content);
    if (number === RAW_DATA || number === FLOAT_DATA) tensor.bytes = content;
    // Small integers, a zero point say, are written as numbers.
    if (number === INT32_DATA) tensor.bytes = Uint8Array.from(content.length ? varints(content) : [value]);
  }
  return tensor;
}

/** @param {Uint8Array} bytes @returns {Generator<{ number: number, content: Uint8Array, value: number }>} */
function* fields(bytes) {
  for (let at = 0; at < bytes.length; ) {
    const [tag, body] = varint(bytes, at);
    const [number, wire] = [Math.floor(tag / 8), tag % 8];
    let [value, content] = [0, new Uint8Array()];
    if (wire === 0) [value, at] = varint(bytes, body);
    else if (wire === 2) {
      const [length, start] = varint(bytes, body);
      at = start + length;
      content = bytes.subarray(start, at);
    } else if (wire === 1 || wire === 5) {
      at = body + (wire === 1 ? 8 : 4);
      content = bytes.subarray(body, at);
    } else throw new Error(`ONNX: wire type ${wire} is not known`);
    yield { number, content, value };
  }
}

/** @param {Uint8Array} bytes packed */
function varints(bytes) {
  const values = [];
  for (let at = 0; at < bytes.length; ) {
    const [value, end] = varint(bytes, at);
    values.push(value);
    at = end;
  }
  return values;
}

/** Exact below 2^53. @param {Uint8Array} bytes @param {number} at @returns {[value: number, end: number]} */
function varint(bytes, at) {
  for (let value = 0, scale = 1; at < bytes.length; scale *= 128) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return [value, at];
  }
  throw new Error("ONNX: the file ends inside a number");
}
