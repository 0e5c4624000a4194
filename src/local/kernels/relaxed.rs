//! Functions that use relaxed SIMD: the only ones of the binary, so that nothing else in it depends on the engine.

use std::arch::wasm32::{i8x16_splat, i32x4_extract_lane, i32x4_relaxed_dot_i8x16_i7x16_add, i32x4_splat, u8x16_splat};
use std::hint::black_box;

use crate::local::kernels::RelaxedDot;

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
