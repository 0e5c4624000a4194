//! 128-bit vectors: the dot product of pairs, `i32x4.dot_i16x8_s`, exact for 16-bit operands.

use std::arch::wasm32::{
    i16x8_extend_high_i8x16, i16x8_extend_low_i8x16, i32x4_add, i32x4_dot_i16x8, i32x4_extract_lane, i32x4_splat, v128,
    v128_load, v128_load32_splat,
};

use crate::local::kernels::{COLUMNS, ROWS};

/// As `scalar::tile`.
pub(super) fn tile(values: &[i16], width: usize, panel: &[i8]) -> [[i32; COLUMNS]; ROWS] {
    let rows = values.len() / width.max(1);
    match rows {
        4.. => sums::<4>(values, width, panel),
        3 => sums::<3>(values, width, panel),
        2 => sums::<2>(values, width, panel),
        1 => sums::<1>(values, width, panel),
        0 => [[0; COLUMNS]; ROWS],
    }
}

#[inline(always)]
#[expect(unsafe_code, reason = "loads of whole vectors; the lengths are checked before the loop")]
fn sums<const N: usize>(values: &[i16], width: usize, panel: &[i8]) -> [[i32; COLUMNS]; ROWS] {
    let mut sums = [[i32x4_splat(0); 2]; N];
    let pairs = panel.len() / (2 * COLUMNS);
    let is_whole = values.len() >= N * width && width >= 2 * pairs;
    for pair in 0..if is_whole { pairs } else { 0 } {
        // SAFETY: `pair` is below the number of 16-byte groups of the panel.
        let weights = unsafe { v128_load(panel.as_ptr().add(pair * 2 * COLUMNS).cast::<v128>()) };
        let (low, high) = (i16x8_extend_low_i8x16(weights), i16x8_extend_high_i8x16(weights));
        for (row, [first, second]) in sums.iter_mut().enumerate() {
            // SAFETY: row < N and 2 * pair + 1 < width, and values holds N * width numbers.
            let both = unsafe { v128_load32_splat(values.as_ptr().add(row * width + 2 * pair).cast::<u32>()) };
            *first = i32x4_add(*first, i32x4_dot_i16x8(both, low));
            *second = i32x4_add(*second, i32x4_dot_i16x8(both, high));
        }
    }
    let mut out = [[0; COLUMNS]; ROWS];
    for (out, [first, second]) in out.iter_mut().zip(sums) {
        *out = [
            i32x4_extract_lane::<0>(first),
            i32x4_extract_lane::<1>(first),
            i32x4_extract_lane::<2>(first),
            i32x4_extract_lane::<3>(first),
            i32x4_extract_lane::<0>(second),
            i32x4_extract_lane::<1>(second),
            i32x4_extract_lane::<2>(second),
            i32x4_extract_lane::<3>(second),
        ];
    }
    out
}
