//! The dot product of pairs, `i32x4.dot_i16x8_s`: exact for 16-bit operands, and in every engine with 128-bit vectors.

use std::arch::wasm32::{i16x8_load_extend_i8x8, i32x4_add, i32x4_dot_i16x8, v128, v128_load, v128_load32_splat};

use crate::local::kernels::lanes::I32x4;
use crate::local::kernels::tile::{COLUMNS, TURN, VECTORS};

/// What a panel holds: weights in eight bits, or activations of a document in sixteen.
pub(super) trait Weight: Copy {
    /// As sixteen-bit lanes.
    fn widen(eight: &[Self; COLUMNS]) -> v128;
}

impl Weight for i8 {
    #[inline(always)]
    #[expect(unsafe_code, reason = "a load of eight bytes from a reference to eight")]
    fn widen(eight: &[Self; COLUMNS]) -> v128 {
        // SAFETY: eight bytes lie there.
        unsafe { i16x8_load_extend_i8x8(eight.as_ptr()) }
    }
}

impl Weight for i16 {
    #[inline(always)]
    #[expect(unsafe_code, reason = "a load of sixteen bytes from a reference to as many")]
    fn widen(eight: &[Self; COLUMNS]) -> v128 {
        // SAFETY: sixteen bytes lie there.
        unsafe { v128_load(eight.as_ptr().cast::<v128>()) }
    }
}

/// As `scalar::each_pairs`.
///
/// A function of its own: inlined, the compiler puts the sums in an order that needs more registers than x86 has. Four pairs a
/// turn, with ends as in `relaxed::quads_of`.
#[inline(never)]
#[expect(unsafe_code, reason = "loads of whole vectors; the lengths are checked before the loop")]
pub(super) fn each_pairs<const N: usize, W: Weight>(
    values: &[i16],
    width: usize,
    panel: &[W],
    take: &mut impl FnMut(usize, [I32x4; VECTORS]),
) {
    let count = width.min(panel.len() / COLUMNS) / 2;
    for (values, first) in values.chunks_exact(N * width).zip((0..).step_by(N)) {
        let mut sums = [[I32x4::default(); VECTORS]; N];
        let (mut values, mut weights, mut left) = (values.as_ptr(), panel.as_ptr(), count);
        'all: while left > 0 {
            for pair in 0..TURN {
                // SAFETY: of each slice there is another pair.
                unsafe {
                    let (values, weights) = (values.add(2 * N * pair), weights.add(2 * COLUMNS * pair));
                    let [low, high] = [weights, weights.add(COLUMNS)].map(|at| W::widen(&*at.cast::<[W; COLUMNS]>()));
                    for (row, [first, second]) in sums.iter_mut().enumerate() {
                        let both = v128_load32_splat(values.add(2 * row).cast::<u32>());
                        first.0 = i32x4_add(first.0, i32x4_dot_i16x8(both, low));
                        second.0 = i32x4_add(second.0, i32x4_dot_i16x8(both, high));
                    }
                }
                if left == pair + 1 {
                    break 'all;
                }
            }
            // SAFETY: more than a turn was left.
            unsafe { (values, weights) = (values.add(2 * N * TURN), weights.add(2 * COLUMNS * TURN)) };
            left -= TURN;
        }
        sums.into_iter().zip(first..).for_each(|(sums, row)| take(row, sums));
    }
}
