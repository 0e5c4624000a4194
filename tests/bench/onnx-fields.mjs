// @ts-check
// The fields of an ONNX file that the bench's small models have: protobuf's wire format, written by hand.

/** TensorProto.DataType */
export const [FLOAT, INT8, INT64, BOOL] = [1, 3, 7, 9];

/** A model of the graph's fields. @param {Uint8Array[]} fields @returns {Uint8Array} */
export const model = (fields) => concat([number(1, 8), message(8, [number(2, 17)]), graph(7, fields)]);

/** @param {number} place @param {Uint8Array[]} fields */
export const graph = (place, fields) => message(place, fields);

/** @param {string} type @param {string[]} inputs @param {string[]} outputs @param {Uint8Array[]} attributes */
export const node = (type, inputs, outputs, ...attributes) =>
  message(1, [...inputs.map((name) => text(1, name)), ...outputs.map((name) => text(2, name)), text(4, type), ...attributes]);

/** @param {string} name @param {number} type @param {number[]} dims @param {Uint8Array} raw */
export const tensor = (name, type, dims, raw) => message(5, [...dims.map((dim) => number(1, dim)), number(2, type), text(8, name), field(9, raw)]);

/** An input (11) or output (12) of a graph, of any shape without `dims`. @param {number} place @param {string} name @param {number[]} [dims] @param {number} [type] */
export const value = (place, name, dims, type = FLOAT) => {
  const shape = dims && [message(2, dims.map((dim) => message(1, [number(1, dim)])))];
  return message(place, [text(1, name), message(2, [message(1, [number(1, type), ...(shape ?? [])])])]);
};
/** A single whole number. @param {number} place @param {string} name */
export const integer = (place, name) => value(place, name, [], INT64);
/** True or false. @param {number} place @param {string} name */
export const truth = (place, name) => value(place, name, [], BOOL);

/** @param {number} place @param {Uint8Array[]} content */
export const message = (place, content) => field(place, concat(content));
/** @param {number} place @param {string} content */
export const text = (place, content) => field(place, new TextEncoder().encode(content));
/** @param {number} place @param {Uint8Array} content */
const field = (place, content) => concat([varint(place * 8 + 2), varint(content.length), content]);
/** @param {number} place @param {number} content */
export const number = (place, content) => concat([varint(place * 8), varint(content)]);

/** @param {number} value */
function varint(value) {
  const bytes = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Uint8Array.from([...bytes, value]);
}

/** @param {Uint8Array[]} parts */
export function concat(parts) {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
