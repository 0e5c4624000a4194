// @ts-check
// Does this runtime take the opcodes a binary uses? One unknown opcode rejects a whole module, so a probe module holds
// the very instructions: (func (result v128) i32.const 0, i8x16.splat, …).

const HEADER = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0];
const SPLAT_ZERO = [0x41, 0, 0xfd, 0x0f];
/** i8x16.popcnt */
const SIMD128 = [...SPLAT_ZERO, 0xfd, 0x62];
/** i32x4.relaxed_dot_i8x16_i7x16_add_s (0xfd 0x113) */
const RELAXED_DOT = [...SPLAT_ZERO, ...SPLAT_ZERO, ...SPLAT_ZERO, 0xfd, 0x93, 0x02];

/** @param {number[]} instructions */
function validates(instructions) {
  if (typeof WebAssembly !== "object") return false;
  const body = [0, ...instructions, 0x0b];
  const code = [10, body.length + 2, 1, body.length, ...body];
  return WebAssembly.validate(new Uint8Array([...HEADER, ...code]));
}

export const hasSimd128 = () => validates(SIMD128);
export const hasRelaxedSimd = () => validates(RELAXED_DOT);
