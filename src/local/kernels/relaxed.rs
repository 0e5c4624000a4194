//! Functions that use relaxed SIMD: the only ones of the binary, so that nothing else in it depends on the engine.

use std::arch::wasm32::{
    i8x16_splat, i32x4_extract_lane, i32x4_relaxed_dot_i8x16_i7x16_add, i32x4_splat, u8x16_splat, v128, v128_load,
    v128_load32_splat,
};
use std::array::from_fn;
use std::hint::black_box;

use crate::local::kernels::dot::RelaxedDot;
use crate::local::kernels::lanes::I32x4;
use crate::local::kernels::tile::{COLUMNS_OF_QUADS, QUAD};

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

/// As `scalar::each_quads`, where the probe found the engine to read the values as `_is_signed` says.
///
/// One quad a turn: unrolled, the compiler loads so many weights first that no register is left for the sums.
#[inline(never)]
#[target_feature(enable = "relaxed-simd")]
#[expect(unsafe_code, reason = "loads of whole vectors; the lengths are checked before the loop")]
pub(super) fn each_quads<const N: usize>(
    values: &[i32],
    width: usize,
    panel: &[i8],
    _is_signed: bool,
    take: &mut impl FnMut(usize, [I32x4; 3]),
) {
    let count = width.min(panel.len() / (QUAD * COLUMNS_OF_QUADS));
    for (values, first) in values.chunks_exact(N * width).zip((0..).step_by(N)) {
        let mut sums = [[I32x4::default(); 3]; N];
        let mut rows: [*const i32; N] = from_fn(|row| values.as_ptr().wrapping_add(row * width));
        let mut weights = panel.as_ptr().cast::<v128>();
        for _ in 0..count {
            // SAFETY: of each row and of the panel there is another quad.
            unsafe {
                let twelve: [v128; 3] = from_fn(|vector| v128_load(weights.add(vector)));
                for (row, sums) in rows.iter_mut().zip(&mut sums) {
                    let quad = v128_load32_splat(row.cast::<u32>());
                    for (sum, weights) in sums.iter_mut().zip(twelve) {
                        sum.0 = i32x4_relaxed_dot_i8x16_i7x16_add(weights, quad, sum.0);
                    }
                    *row = row.add(1);
                }
                weights = weights.add(3);
            }
        }
        sums.into_iter().zip(first..).for_each(|(sums, row)| take(row, sums));
    }
}
