//! Functions that use relaxed SIMD: the only ones of the binary, so that nothing else in it depends on the engine.

use std::arch::wasm32::{
    i8x16_splat, i32x4_extract_lane, i32x4_relaxed_dot_i8x16_i7x16_add, i32x4_splat, u8x16_splat, v128, v128_load,
    v128_load32_splat,
};
use std::hint::black_box;

use crate::local::kernels::dot::RelaxedDot;
use crate::local::kernels::lanes::I32x4;
use crate::local::kernels::tile::{COLUMNS, Sums};

/// Four products of 127 and a lane of all ones, summed: 4 × 127 × (−1 or 255), or twice 32,767.
#[target_feature(enable = "relaxed-simd")]
pub(super) fn probe() -> Option<RelaxedDot> {
    // Opaque to the compiler, which would otherwise be free to choose an answer of its own.
    let (most, ones) = (black_box(i8x16_splat(127)), black_box(u8x16_splat(255)));
    let sum = i32x4_extract_lane::<0>(i32x4_relaxed_dot_i8x16_i7x16_add(most, ones, i32x4_splat(0)));
    match sum {
        -508 => Some(RelaxedDot::Signed),
        129_540 => Some(RelaxedDot::Unsigned),
        65_534 => Some(RelaxedDot::Saturating),
        _ => None,
    }
}

/// As `scalar::quad_sums`, where the probe found the engine to read the values as `_is_signed` says.
#[inline(never)]
#[target_feature(enable = "relaxed-simd")]
#[expect(unsafe_code, reason = "loads of whole vectors; the lengths are checked before the loop")]
pub(super) fn quad_sums<const N: usize>(values: &[i8], panel: &[i8], _is_signed: bool) -> Sums<N> {
    let mut sums = [[i32x4_splat(0); 2]; N];
    let count = (values.len() / (4 * N)).min(panel.len() / (4 * COLUMNS));
    let (mut values, mut weights) = (values.as_ptr(), panel.as_ptr());
    for _ in 0..count {
        // SAFETY: of each slice there is another quad.
        unsafe {
            let (low, high) =
                (v128_load(weights.cast::<v128>()), v128_load(weights.add(4 * COLUMNS / 2).cast::<v128>()));
            for (row, [first, second]) in sums.iter_mut().enumerate() {
                let four = v128_load32_splat(values.add(4 * row).cast::<u32>());
                *first = i32x4_relaxed_dot_i8x16_i7x16_add(low, four, *first);
                *second = i32x4_relaxed_dot_i8x16_i7x16_add(high, four, *second);
            }
            (values, weights) = (values.add(4 * N), weights.add(4 * COLUMNS));
        }
    }
    sums.map(|halves| halves.map(I32x4))
}
