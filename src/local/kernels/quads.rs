//! Bytes of four rows, column by column: what packing of weights is made of, and most of what a large model's loading takes.

#[cfg(target_arch = "wasm32")]
use std::arch::wasm32::{
    i8x16_shuffle, i16x8_extadd_pairwise_i8x16, i16x8_shuffle, i32x4_extadd_pairwise_i16x8, u8x16_splat,
    v128_load64_zero, v128_store, v128_xor,
};
use std::mem::MaybeUninit;

use crate::local::kernels::lanes::I32x4;
use crate::local::kernels::tile::{COLUMNS, VECTORS};

/// Where they go.
pub(super) type Places = [[MaybeUninit<i8>; 4]; COLUMNS];

/// Puts the four rows' bytes of each column side by side, each combined with `flip`; the sum of each.
#[inline(always)]
#[cfg(target_arch = "wasm32")]
#[expect(
    unsafe_code,
    reason = "loads of eight bytes from arrays of as many, and stores of sixteen into one of twice as many"
)]
pub(super) fn quads(rows: &[[u8; COLUMNS]; 4], flip: u8, places: &mut Places) -> [I32x4; VECTORS] {
    // SAFETY: eight bytes lie there.
    let rows = rows.each_ref().map(|row| unsafe { v128_load64_zero(row.as_ptr().cast()) });
    let flip = u8x16_splat(flip);
    let [a, b, c, d] = rows.map(|row| v128_xor(row, flip));
    let low = |a, b| i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(a, b);
    let (first, second) = (low(a, b), low(c, d));
    let quads = [
        i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(first, second),
        i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(first, second),
    ];
    let (vectors, _) = places.as_chunks_mut::<4>();
    for (place, quads) in vectors.iter_mut().zip(quads) {
        // SAFETY: four times four bytes lie there.
        unsafe { v128_store(place.as_mut_ptr().cast(), quads) };
    }
    quads.map(|quads| I32x4(i32x4_extadd_pairwise_i16x8(i16x8_extadd_pairwise_i8x16(quads))))
}

/// Puts the four rows' bytes of each column side by side, each combined with `flip`; the sum of each.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn quads(rows: &[[u8; COLUMNS]; 4], flip: u8, places: &mut Places) -> [I32x4; VECTORS] {
    let mut sums = [0; COLUMNS];
    for ((column, place), sum) in places.iter_mut().enumerate().zip(&mut sums) {
        let quad = rows.map(|row| row.get(column).map_or(0, |it| (it ^ flip) as i8));
        *place = quad.map(MaybeUninit::new);
        *sum = quad.iter().map(|&it| i32::from(it)).sum();
    }
    let (fours, _) = sums.as_chunks::<4>();
    std::array::from_fn(|at| fours.get(at).map_or_else(I32x4::default, |four| I32x4::from_array(*four)))
}
