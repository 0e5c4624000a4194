//! Functions that use relaxed SIMD: the only ones of the binary, so that nothing else in it depends on the engine.

use std::arch::wasm32::{
    i8x16_splat, i32x4_extract_lane, i32x4_relaxed_dot_i8x16_i7x16_add, i32x4_splat, u8x16_splat, v128, v128_load,
    v128_load32_splat,
};
use std::array::from_fn;
use std::hint::black_box;

use crate::local::kernels::dot::RelaxedDot;
use crate::local::kernels::lanes::I32x4;
use crate::local::kernels::tile::{COLUMNS, QUAD, TURN, VECTORS};

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

/// As `scalar::quads_of`, where the probe found the engine to read the values as `_is_signed` says.
///
/// Four quads a turn. What ends the loop within a turn never does, the width being in whole steps: it keeps the compiler from
/// putting the four products of a sum behind one another, which needs more registers than x86 has.
#[inline(never)]
#[target_feature(enable = "relaxed-simd")]
#[expect(unsafe_code, reason = "loads of whole vectors; the lengths are checked before the loop")]
pub(super) fn quads_of<const N: usize>(values: &[i32], panel: &[i8], _is_signed: bool) -> [[I32x4; VECTORS]; N] {
    let mut left = (values.len() / N).min(panel.len() / (QUAD * COLUMNS));
    let mut sums = [[I32x4::default(); VECTORS]; N];
    let (mut values, mut weights) = (values.as_ptr(), panel.as_ptr().cast::<v128>());
    while left > 0 {
        for quad in 0..TURN {
            // SAFETY: of each row and of the panel there is another quad.
            unsafe {
                let eight: [v128; VECTORS] = from_fn(|vector| v128_load(weights.add(VECTORS * quad + vector)));
                for (row, sums) in sums.iter_mut().enumerate() {
                    let value = v128_load32_splat(values.add(N * quad + row).cast::<u32>());
                    for (sum, weights) in sums.iter_mut().zip(eight) {
                        sum.0 = i32x4_relaxed_dot_i8x16_i7x16_add(weights, value, sum.0);
                    }
                }
            }
            if left == quad + 1 {
                return sums;
            }
        }
        // SAFETY: more than a turn was left.
        unsafe { (values, weights) = (values.add(N * TURN), weights.add(VECTORS * TURN)) };
        left -= TURN;
    }
    sums
}
