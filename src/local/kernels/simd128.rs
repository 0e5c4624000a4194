//! 128-bit vectors: the dot product of pairs, `i32x4.dot_i16x8_s`, exact for 16-bit operands.

use std::arch::wasm32::{
    f32x4_max, f32x4_min, f32x4_mul, f32x4_nearest, f32x4_splat, i16x8_extend_high_i8x16, i16x8_extend_low_i8x16,
    i16x8_narrow_i32x4, i32x4_add, i32x4_dot_i16x8, i32x4_extract_lane, i32x4_splat, i32x4_trunc_sat_f32x4, v128,
    v128_load, v128_load32_splat, v128_store,
};
use std::ops::RangeInclusive;

use crate::local::kernels::{COLUMNS, ROWS, scalar};

/// Numbers that two vectors hold.
const LANES: usize = 8;

/// As `scalar::quantize`.
#[expect(unsafe_code, reason = "loads and stores of whole vectors, each within a chunk of its size")]
pub(super) fn quantize(row: &[f32], inverse: f32, range: RangeInclusive<f32>, out: &mut Vec<i16>) {
    let (factor, least, most) = (f32x4_splat(inverse), f32x4_splat(*range.start()), f32x4_splat(*range.end()));
    let whole = |it: v128| {
        let nearest = f32x4_nearest(f32x4_mul(it, factor));
        i32x4_trunc_sat_f32x4(f32x4_min(f32x4_max(nearest, least), most))
    };
    let start = out.len();
    let even = row.len() / LANES * LANES;
    out.resize(start + even, 0);
    let places = out.get_mut(start..).unwrap_or_default();
    for (numbers, places) in row.chunks_exact(LANES).zip(places.chunks_exact_mut(LANES)) {
        let at = numbers.as_ptr();
        // SAFETY: `numbers` and `places` have eight elements each.
        unsafe {
            let (low, high) = (v128_load(at.cast::<v128>()), v128_load(at.add(LANES / 2).cast::<v128>()));
            v128_store(places.as_mut_ptr().cast::<v128>(), i16x8_narrow_i32x4(whole(low), whole(high)));
        }
    }
    scalar::quantize(row.get(even..).unwrap_or_default(), inverse, range, out);
}

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
