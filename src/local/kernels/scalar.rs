//! The obvious version of the dot products: what the vectors must equal.

use std::array::from_fn;

use crate::local::kernels::lanes::{I32x4, LANES};
use crate::local::kernels::tile::{COLUMNS, QUAD, VECTORS};

/// What a panel holds: weights in eight bits, or activations of a document in sixteen.
#[cfg(not(target_arch = "wasm32"))]
pub(super) trait Weight: Copy + Into<i32> {}

#[cfg(not(target_arch = "wasm32"))]
impl<W: Copy + Into<i32>> Weight for W {}

/// Hands each row's sums to `take`, `N` rows at once. `values` is `[groups, pairs, N, 2]`, `panel` `[pairs, COLUMNS, 2]`.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn each_pairs<const N: usize, W: Weight>(
    values: &[i16],
    width: usize,
    panel: &[W],
    take: &mut impl FnMut(usize, [I32x4; VECTORS]),
) {
    for (values, first) in values.chunks_exact(N * width).zip((0..).step_by(N)) {
        let value = |at: usize| values.get(at).map_or(0, |&it| it.into());
        let sums = dot::<N, 2>(width, value, |at| panel.get(at).map_or(0, |&it| it.into()));
        sums.into_iter().zip(first..).for_each(|(sums, row)| take(row, sums));
    }
}

/// The sums of `N` rows with a panel. `values` is `[width, N]`, quads of bytes that are signed or not, `panel` `[width, COLUMNS, 4]`.
#[cfg(not(all(feature = "relaxed", target_arch = "wasm32")))]
pub(super) fn quads_of<const N: usize>(values: &[i32], panel: &[i8], is_signed: bool) -> [[I32x4; VECTORS]; N] {
    let meant = |it: i32| if is_signed { i32::from(it as i8) } else { i32::from(it as u8) };
    let value = |at: usize| values.get(at / QUAD).map_or(0, |&quad| meant(quad >> (8 * (at % QUAD))));
    dot::<N, QUAD>(QUAD * values.len() / N, value, |at| panel.get(at).map_or(0, |&it| it.into()))
}

/// Of `width` inputs, `GROUP` of which lie side by side.
#[cfg(not(all(feature = "relaxed", target_arch = "wasm32")))]
fn dot<const N: usize, const GROUP: usize>(
    width: usize,
    value: impl Fn(usize) -> i32,
    weight: impl Fn(usize) -> i32,
) -> [[I32x4; VECTORS]; N] {
    let at = |input: usize, across: usize, place: usize| (input / GROUP * across + place) * GROUP + input % GROUP;
    let term = |row, column, input| value(at(input, N, row)) * weight(at(input, COLUMNS, column));
    let sum = |row, column| (0..width).map(|input| term(row, column, input)).fold(0, i32::wrapping_add);
    from_fn(|row| from_fn(|vector| I32x4::from_array(from_fn(|lane| sum(row, vector * LANES + lane)))))
}
