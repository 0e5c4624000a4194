// @ts-check
// What the engine makes of `i32x4.relaxed_dot_i8x16_i7x16_add_s` with a second operand above 127, which the specification
// leaves open. Asked here and not of the package, so that the answer does not depend on what is measured.

/** A byte as a signed LEB128 number. @type {Record<number, number[]>} */
const LEB = { 0: [0x00], 127: [0xff, 0x00], 255: [0xff, 0x01] };
/** i32.const, i8x16.splat @param {0 | 127 | 255} byte */
const splat = (byte) => [0x41, ...LEB[byte], 0xfd, 0x0f];
/** (func (result i32)): the dot of 127s and 255s with 0 added, first lane. */
const BODY = [0, ...splat(127), ...splat(255), ...splat(0), 0xfd, 0x93, 0x02, 0xfd, 0x1b, 0, 0x0b];
const MODULE = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, BODY.length + 2, 1, BODY.length, ...BODY];

/** 4 × 127 × (−1 or 255), or twice 32,767. @type {Record<number, string>} */
const ANSWERS = { [-508]: "signed", 129540: "unsigned", 65534: "saturating" };

/** @returns {Promise<string>} */
export async function relaxedDot() {
  if (!WebAssembly.validate(new Uint8Array(MODULE))) return "none";
  const { instance } = await WebAssembly.instantiate(new Uint8Array(MODULE));
  const sum = /** @type {() => number} */ (instance.exports.f)();
  return ANSWERS[sum] ?? `another (${sum})`;
}
