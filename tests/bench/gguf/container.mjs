// @ts-check
// GGUF, version 3: keys and values, names of tensors, their data (ggml's docs/gguf.md).

import { closeSync, openSync, writeSync } from "node:fs";

const [MAGIC, VERSION, ALIGNMENT] = ["GGUF", 3, 32];
/** Types of values. */
const [UINT8, UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY] = [0, 4, 5, 6, 7, 8, 9];
/** Types of tensors: numbers as they are, and blocks of 32 eight-bit numbers after their scale in half precision. */
const [F32, Q8_0] = [0, 8];
const BLOCK = 32;

/**
 * @typedef {{ type: number, write: (out: Writer) => void }} Value
 * @typedef {{ name: string, dims: number[], type: number, bytes: Uint8Array }} Tensor `dims`: the one that lies together comes first
 */

/** @param {number} it @returns {Value} */
export const uint32 = (it) => ({ type: UINT32, write: (out) => out.u32(it) });
/** @param {number} it @returns {Value} */
export const float32 = (it) => ({ type: FLOAT32, write: (out) => out.f32(it) });
/** @param {boolean} it @returns {Value} */
export const bool = (it) => ({ type: BOOL, write: (out) => out.u8(Number(it)) });
/** @param {string} it @returns {Value} */
export const string = (it) => ({ type: STRING, write: (out) => out.string(it) });
/** @param {readonly string[]} all @returns {Value} */
export const strings = (all) => array(STRING, all.length, (out) => all.forEach((it) => out.string(it)));
/** @param {readonly number[]} all @returns {Value} */
export const floats = (all) => array(FLOAT32, all.length, (out) => all.forEach((it) => out.f32(it)));
/** @param {readonly number[]} all @returns {Value} */
export const int32s = (all) => array(INT32, all.length, (out) => all.forEach((it) => out.u32(it)));
/** @param {Uint8Array} all @returns {Value} */
export const bytes = (all) => array(UINT8, all.length, (out) => out.raw(all));

/** @param {number} type @param {number} length @param {(out: Writer) => void} content @returns {Value} */
function array(type, length, content) {
  const write = (/** @type {Writer} */ out) => {
    out.u32(type);
    out.u64(length);
    content(out);
  };
  return { type: ARRAY, write };
}

/** @param {string} name @param {number[]} dims @param {Float32Array} numbers @returns {Tensor} */
export const f32 = (name, dims, numbers) => ({ name, dims, type: F32, bytes: new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength) });

/**
 * Eight-bit numbers that have one scale: each block gets it, so that nothing is rounded but the scale.
 * @param {string} name @param {number[]} dims @param {Int8Array} numbers @param {number} scale @returns {Tensor}
 */
export function q8(name, dims, numbers, scale) {
  if (dims[0] % BLOCK) throw new Error(`${name}: expected rows of whole blocks of ${BLOCK}, found ${dims[0]}`);
  const bytes = new Uint8Array((numbers.length / BLOCK) * (BLOCK + 2));
  const half = halfOf(scale);
  const source = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  for (let from = 0, to = 0; from < source.length; from += BLOCK, to += BLOCK + 2) {
    bytes[to] = half & 0xff;
    bytes[to + 1] = half >> 8;
    bytes.set(source.subarray(from, from + BLOCK), to + 2);
  }
  return { name, dims, type: Q8_0, bytes };
}

/** The nearest half-precision number's bits, of a positive number that has a normal one. @param {number} value */
export function halfOf(value) {
  const exponent = Math.floor(Math.log2(value));
  if (!(exponent >= -14 && exponent <= 15)) throw new Error(`half precision: expected a number of 2^-14 to 2^15, found ${value}`);
  return ((exponent + 15) << 10) + Math.round((value / 2 ** exponent - 1) * 1024);
}

/** @param {string} path @param {Record<string, Value>} values @param {Tensor[]} tensors */
export function writeGguf(path, values, tensors) {
  const out = new Writer();
  out.raw(new TextEncoder().encode(MAGIC));
  out.u32(VERSION);
  out.u64(tensors.length);
  out.u64(Object.keys(values).length);
  for (const [key, { type, write }] of Object.entries(values)) {
    out.string(key);
    out.u32(type);
    write(out);
  }
  let offset = 0;
  for (const { name, dims, type, bytes } of tensors) {
    out.string(name);
    out.u32(dims.length);
    dims.forEach((dim) => out.u64(dim));
    out.u32(type);
    out.u64(offset);
    offset += bytes.length + padding(bytes.length);
  }
  const file = openSync(path, "w");
  try {
    for (const bytes of [out.done(), ...tensors.map((tensor) => tensor.bytes)]) {
      writeSync(file, bytes);
      writeSync(file, new Uint8Array(padding(bytes.length)));
    }
  } finally {
    closeSync(file);
  }
}

/** @param {number} length */
const padding = (length) => (ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT;

/** Little-endian numbers and texts, one after the other. */
class Writer {
  #bytes = new Uint8Array(1 << 20);
  #at = 0;

  /** @param {number} count */
  #room(count) {
    if (this.#at + count > this.#bytes.length) {
      const more = new Uint8Array(2 * (this.#at + count));
      more.set(this.#bytes);
      this.#bytes = more;
    }
    const view = new DataView(this.#bytes.buffer, this.#at, count);
    this.#at += count;
    return view;
  }

  u8(/** @type {number} */ it) {
    this.#room(1).setUint8(0, it);
  }
  u32(/** @type {number} */ it) {
    this.#room(4).setUint32(0, it, true);
  }
  u64(/** @type {number} */ it) {
    this.#room(8).setBigUint64(0, BigInt(it), true);
  }
  f32(/** @type {number} */ it) {
    this.#room(4).setFloat32(0, it, true);
  }
  raw(/** @type {Uint8Array} */ it) {
    this.#room(it.length);
    this.#bytes.set(it, this.#at - it.length);
  }
  string(/** @type {string} */ it) {
    const text = new TextEncoder().encode(it);
    this.u64(text.length);
    this.raw(text);
  }
  done() {
    return this.#bytes.subarray(0, this.#at);
  }
}
