// @ts-check
// Values on their way between JavaScript and Rust, as bytes; src/wasm/wire.rs is the other end and says how.

const CONSTANTS = [undefined, null, false, true];
const [CONSTANT, NUMBER, STRING, ARRAY, OBJECT] = [0, 1, 2, 3, 4];
/** Tag and number. */
const HEAD = 9;
/** Levels that are followed: replies have six, and a hostile one must not use up the stack. */
const MAX_DEPTH = 128;

/** @param {any[]} values plain data @returns {Uint8Array} @throws for what is nested beyond reason */
export function encode(...values) {
  let bytes = new Uint8Array(1024);
  let at = 0;
  const utf8 = new TextEncoder();
  const head = (/** @type {number} */ tag, /** @type {number} */ number, room = 0) => {
    if (at + HEAD + room > bytes.length) {
      const larger = new Uint8Array(2 * (at + HEAD + room));
      larger.set(bytes);
      bytes = larger;
    }
    bytes[at] = tag;
    new DataView(bytes.buffer).setFloat64(at + 1, number, true);
    at += HEAD;
  };
  const put = (/** @type {any} */ value, /** @type {number} */ depth) => {
    if (depth > MAX_DEPTH) throw new RangeError("nested beyond reason");
    if (typeof value === "number") head(NUMBER, value);
    else if (typeof value === "string") {
      const text = utf8.encode(value);
      head(STRING, text.length, text.length);
      bytes.set(text, at);
      at += text.length;
    } else if (typeof value === "object" && value) {
      const elements = Array.isArray(value) ? value : Object.entries(value);
      head(elements === value ? ARRAY : OBJECT, elements.length);
      for (const element of elements) put(element, depth + 1);
    } else head(CONSTANT, CONSTANTS.indexOf(value));
  };
  for (const value of values) put(value, 0);
  return bytes.subarray(0, at);
}

/** @param {Uint8Array} bytes @returns {any[]} all values in it */
export function decode(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  // A string may begin with what looks like a byte order mark.
  const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  let at = 0;
  /** @returns {any} */
  const value = () => {
    const [tag, number] = [bytes[at], view.getFloat64(at + 1, true)];
    at += HEAD;
    if (tag === CONSTANT) return CONSTANTS[number];
    if (tag === NUMBER) return number;
    if (tag === STRING) return utf8.decode(bytes.subarray(at, (at += number)));
    const elements = Array.from({ length: number }, value);
    // Not by assignment: a key may be `__proto__`.
    return tag === OBJECT ? Object.fromEntries(elements) : elements;
  };
  const values = [];
  while (at < bytes.length) values.push(value());
  return values;
}
