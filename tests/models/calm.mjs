// @ts-check
/**
 * Rescales the matrices of an int8 export that fill.mjs has filled, so that the network behaves as a trained one does.
 *
 * Why: fill.mjs gives all matrices of one graph about the same numbers. With 1,024 of them a row, what each layer adds is then five times what
 * comes in, attention sees one token alone, and a rounding that flips in the first layer is another score behind the last: no two int8 engines
 * agree, so that none can be compared. A trained network is not like that. Here queries and keys have variance 1, and the two branches of
 * each of L layers add a variance of about 1 / L, so that they make most of the last layer together and none of them does by itself.
 *
 * Only the one scale that each matrix has is changed: the bytes, the graph and the work stay the same.
 */

import { fields } from "./wire.mjs";

const [GRAPH, INITIALIZER, NAME, FLOAT_DATA, RAW_DATA] = [7, 5, 8, 4, 9];
/** Of the numbers that fill.mjs writes. */
const STD = 32;
/** Matrices of a layer, in the order in which exports number them. */
const OF_A_LAYER = 6;

/**
 * @param {Uint8Array} bytes of a filled int8 export of BERT's or RoBERTa's shape; changed in place
 * @param {{ layers: number, hidden: number, inner: number }} shape
 * @returns {Uint8Array} the same bytes
 */
export function calm(bytes, { layers, hidden, inner }) {
  const scales = scalesOf(bytes);
  const matrices = [...scales.keys()].flatMap((name) => /^onnx::MatMul_(\d+)_scale$/.exec(name)?.[1] ?? []).sort((a, b) => Number(a) - Number(b));
  if (matrices.length !== layers * OF_A_LAYER) throw new Error(`calm: expected ${layers * OF_A_LAYER} matrices, found ${matrices.length}`);
  const keeps = (/** @type {number} */ inputs) => 1 / (STD * Math.sqrt(inputs));
  const branch = Math.sqrt(1 / layers);
  // Queries, keys, values; attention's output, of values that are means of many; the inner layer; its output, of which GELU leaves a third of the variance.
  const wanted = [keeps(hidden), keeps(hidden), keeps(hidden), 3 * branch * keeps(hidden), keeps(hidden), 1.7 * branch * keeps(inner)];
  matrices.forEach((number, at) => scales.get(`onnx::MatMul_${number}_scale`)?.setFloat32(0, wanted[at % OF_A_LAYER], true));
  for (const head of ["m.classifier.dense.weight_scale", "m.bert.pooler.dense.weight_scale"]) scales.get(head)?.setFloat32(0, keeps(hidden), true);
  return bytes;
}

/** Single float32 numbers by their names. @param {Uint8Array} bytes */
function scalesOf(bytes) {
  /** @type {Map<string, DataView>} */
  const found = new Map();
  for (const graph of fields(bytes, 0, bytes.length)) {
    if (graph.number !== GRAPH) continue;
    for (const tensor of fields(bytes, graph.body, graph.end)) {
      if (tensor.number !== INITIALIZER) continue;
      let name = "";
      let data;
      for (const { number, body, end } of fields(bytes, tensor.body, tensor.end)) {
        if (number === NAME) name = new TextDecoder().decode(bytes.subarray(body, end));
        if ((number === RAW_DATA || number === FLOAT_DATA) && end - body === 4) data = new DataView(bytes.buffer, bytes.byteOffset + body, 4);
      }
      if (data && name.endsWith("_scale")) found.set(name, data);
    }
  }
  return found;
}
