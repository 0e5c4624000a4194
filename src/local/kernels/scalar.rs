//! The obvious version of the dot products: what the vectors must equal.

use std::array::from_fn;

use crate::local::kernels::lanes::I32x4;
use crate::local::kernels::tile::{COLUMNS, Sums};

/// What a panel holds: weights in eight bits, or activations of a document in sixteen.
#[cfg(not(target_arch = "wasm32"))]
pub(super) trait Weight: Copy + Into<i32> {}

#[cfg(not(target_arch = "wasm32"))]
impl<W: Copy + Into<i32>> Weight for W {}

/// `values` is `[pairs, N, 2]`, `panel` `[pairs, COLUMNS, 2]`.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn pair_sums<const N: usize, W: Weight>(values: &[i16], panel: &[W]) -> Sums<N> {
    let value = |at: usize| values.get(at).map_or(0, |&it| it.into());
    dot::<N, 2>(values.len() / N, value, |at| panel.get(at).map_or(0, |&it| it.into()))
}

/// `values` is `[quads, N, 4]`, signed bytes or unsigned ones, `panel` `[quads, COLUMNS, 4]`.
#[cfg(not(all(feature = "relaxed", target_arch = "wasm32")))]
pub(super) fn quad_sums<const N: usize>(values: &[i8], panel: &[i8], is_signed: bool) -> Sums<N> {
    let meant = |it: i8| if is_signed { i32::from(it) } else { i32::from(it as u8) };
    let value = |at: usize| values.get(at).map_or(0, |&it| meant(it));
    dot::<N, 4>(values.len() / N, value, |at| panel.get(at).map_or(0, |&it| it.into()))
}

#[cfg(not(all(feature = "relaxed", target_arch = "wasm32")))]
fn dot<const N: usize, const GROUP: usize>(
    width: usize,
    value: impl Fn(usize) -> i32,
    weight: impl Fn(usize) -> i32,
) -> Sums<N> {
    let at = |input: usize, across: usize, place: usize| (input / GROUP * across + place) * GROUP + input % GROUP;
    let term = |row, column, input| value(at(input, N, row)) * weight(at(input, COLUMNS, column));
    let sum = |row, column| (0..width).map(|input| term(row, column, input)).fold(0, i32::wrapping_add);
    from_fn(|row| from_fn(|half| I32x4::from_array(from_fn(|lane| sum(row, half * 4 + lane)))))
}
