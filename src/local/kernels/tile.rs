//! Exact sums of up to four rows × the eight columns of a panel: where nearly all of the time goes.

use crate::local::kernels::dot::Dot;
use crate::local::kernels::lanes::I32x4;
use crate::local::kernels::panels::Panels;
#[cfg(all(feature = "relaxed", target_arch = "wasm32"))]
use crate::local::kernels::relaxed::quad_sums;
use crate::local::kernels::rows::{Rows, Values};
#[cfg(not(all(feature = "relaxed", target_arch = "wasm32")))]
use crate::local::kernels::scalar::quad_sums;
#[cfg(not(target_arch = "wasm32"))]
use crate::local::kernels::scalar::{Weight, pair_sums};
#[cfg(target_arch = "wasm32")]
use crate::local::kernels::simd128::{Weight, pair_sums};

/// Columns of a panel.
pub(super) const COLUMNS: usize = 8;

/// Rows that are summed at once: with eight columns, as many sums as fit into the sixteen registers of x86 beside what is
/// multiplied.
pub(super) const ROWS: usize = 4;

/// Inputs of a row or panel are filled up to a multiple, so that pairs and quads are whole.
pub(super) const STEP: usize = 4;

/// `[rows][columns]`, the columns in two vectors.
pub(super) type Sums<const N: usize> = [[I32x4; 2]; N];

/// Hands each row's sums with each panel to `take(row, first column, sums)`, in the layout both were made for.
#[inline(always)]
pub(super) fn products(rows: &Rows, panels: &Panels, mut take: impl FnMut(usize, usize, [I32x4; 2])) {
    let width = rows.width();
    match rows.values() {
        Values::Pairs(values) => pairs(values, width, panels.bytes(), take),
        Values::Quads(values) => {
            let is_signed = rows.dot() == Dot::SignedQuads;
            sweep(values, width, panels.bytes(), |rows, panel, first, column| match rows.len() / width {
                4 => hand(quad_sums::<4>(rows, panel, is_signed), first, column, &mut take),
                3 => hand(quad_sums::<3>(rows, panel, is_signed), first, column, &mut take),
                2 => hand(quad_sums::<2>(rows, panel, is_signed), first, column, &mut take),
                _ => hand(quad_sums::<1>(rows, panel, is_signed), first, column, &mut take),
            });
        }
    }
}

/// As [`products`], of interleaved `values` of `width` inputs each and panels of pairs.
#[inline(always)]
pub(super) fn pairs<W: Weight>(
    values: &[i16],
    width: usize,
    panels: &[W],
    mut take: impl FnMut(usize, usize, [I32x4; 2]),
) {
    sweep(values, width, panels, |rows, panel, first, column| match rows.len() / width {
        4 => hand(pair_sums::<4, W>(rows, panel), first, column, &mut take),
        3 => hand(pair_sums::<3, W>(rows, panel), first, column, &mut take),
        2 => hand(pair_sums::<2, W>(rows, panel), first, column, &mut take),
        _ => hand(pair_sums::<1, W>(rows, panel), first, column, &mut take),
    });
}

/// Panel after panel, since a panel stays in the first cache while all rows pass by.
#[inline(always)]
fn sweep<V, W>(values: &[V], width: usize, panels: &[W], mut meet: impl FnMut(&[V], &[W], usize, usize)) {
    for (panel, column) in panels.chunks_exact(width * COLUMNS).zip((0..).step_by(COLUMNS)) {
        for (rows, first) in values.chunks(width * ROWS).zip((0..).step_by(ROWS)) {
            meet(rows, panel, first, column);
        }
    }
}

#[inline(always)]
fn hand<const N: usize>(sums: Sums<N>, first: usize, column: usize, take: &mut impl FnMut(usize, usize, [I32x4; 2])) {
    for (row, sums) in sums.into_iter().enumerate() {
        take(first + row, column, sums);
    }
}

/// Writes a row into its place among up to four: for each pair or quad of inputs the rows' ones side by side, so that a
/// kernel reads them all with one pointer. `group` is what all rows of the group take, `width` numbers each.
pub(super) fn interleave<V: Copy, const GROUP: usize>(row: &[V], place: usize, width: usize, group: &mut [V]) {
    let rows = group.len() / width;
    let (whole, rest) = row.as_chunks::<GROUP>();
    let (places, _) = group.as_chunks_mut::<GROUP>();
    let mut places = places.iter_mut().skip(place).step_by(rows);
    whole.iter().zip(&mut places).for_each(|(numbers, place)| *place = *numbers);
    let last = places.next().into_iter().flatten();
    last.zip(rest).for_each(|(place, number)| *place = *number);
}
