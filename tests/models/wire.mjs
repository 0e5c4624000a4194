// @ts-check
// Reads protobuf's wire format, in which ONNX files are written.

/**
 * One field of a message, from its tag (`start`) to its end; `body` is where a length-delimited field's content begins.
 * @typedef {{ number: number, wire: number, start: number, body: number, end: number, value: number }} Field
 */

/**
 * Reads a varint; exact up to 2^53, which is more than any length or dimension.
 * @param {Uint8Array} bytes @param {number} at @returns {[value: number, end: number]}
 */
function readVarint(bytes, at) {
  for (let value = 0, scale = 1; at < bytes.length; scale *= 128) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return [value, at];
  }
  throw new Error("ONNX: the file ends inside a number");
}

/** Of a message. @param {Uint8Array} bytes @param {number} start @param {number} end @returns {Generator<Field>} */
export function* fields(bytes, start, end) {
  while (start < end) {
    const [tag, body] = readVarint(bytes, start);
    const field = { number: Math.floor(tag / 8), wire: tag % 8, start, body, end: body, value: 0 };
    if (field.wire === 0) [field.value, field.end] = readVarint(bytes, body);
    else if (field.wire === 1) field.end = body + 8;
    else if (field.wire === 5) field.end = body + 4;
    else if (field.wire === 2) {
      const [length, content] = readVarint(bytes, body);
      field.body = content;
      field.end = content + length;
    } else throw new Error(`ONNX: wire type ${field.wire} is not known`);
    if (field.end > end) throw new Error("ONNX: a field is longer than its message");
    yield field;
    start = field.end;
  }
}

/** Numbers of a field, packed or one alone. @param {Uint8Array} bytes @param {Field} field @returns {Generator<number>} */
export function* varints(bytes, { wire, body, end, value }) {
  if (wire === 0) yield value;
  if (wire !== 2) return;
  for (let at = body; at < end; ) {
    const [number, next] = readVarint(bytes, at);
    yield number;
    at = next;
  }
}
