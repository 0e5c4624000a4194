//! Exact sums of a few rows × the columns of a panel: where nearly all of the time goes.

use crate::local::kernels::dot::Dot;
use crate::local::kernels::halves;
use crate::local::kernels::lanes::{I32x4, LANES};
use crate::local::kernels::panels::Panels;
#[cfg(all(feature = "relaxed", target_arch = "wasm32"))]
use crate::local::kernels::relaxed::quads_of;
use crate::local::kernels::rows::{Rows, Values};
#[cfg(not(all(feature = "relaxed", target_arch = "wasm32")))]
use crate::local::kernels::scalar::quads_of;
#[cfg(not(target_arch = "wasm32"))]
use crate::local::kernels::scalar::{Weight, each_pairs};
#[cfg(target_arch = "wasm32")]
use crate::local::kernels::simd128::{Weight, each_pairs};

/// Columns of a panel.
pub(super) const COLUMNS: usize = 8;

/// Columns of a panel, in vectors.
pub(super) const VECTORS: usize = COLUMNS / LANES;

/// Rows whose pairs are summed at once: with eight columns, as many sums as fit into the sixteen registers of x86 beside what is
/// multiplied.
pub(super) const ROWS: usize = 4;

/// Rows whose quads are summed at once: with eight columns twelve sums, since each waits five cycles for the one before, and
/// two can begin in a cycle. With two vectors of weights and one of values they fill the registers that V8 has on x86.
pub(super) const ROWS_OF_QUADS: usize = 6;

/// Rows of quads that all panels meet before the next ones: what comes of them stays in the second cache.
const MOST_ROWS_OF_QUADS: usize = 22 * ROWS_OF_QUADS;

/// Pairs or quads that a kernel takes in a turn of its loop.
#[cfg(target_arch = "wasm32")]
pub(super) const TURN: usize = 4;

/// Rows that are taken at once: what halves need beside them is some MB with 3,072 inputs.
const MOST_ROWS: usize = 512;

/// Inputs of a row or panel are filled up to a multiple: a vector of sixteen-bit numbers, so that pairs and quads are whole.
pub(super) const STEP: usize = 8;

/// Inputs of a quad.
pub(super) const QUAD: usize = 4;

/// What becomes of the sums of a product.
pub(super) trait Take {
    /// What is known of a panel's columns, so that it is not looked up for each row.
    type Columns;

    /// Of the columns from `first` on.
    fn columns(&self, first: usize) -> Self::Columns;

    /// The sums of the rows from `row` on with the columns from `first` on.
    fn take<const N: usize>(&mut self, row: usize, first: usize, columns: &Self::Columns, sums: [[I32x4; VECTORS]; N]);
}

/// Hands each row's sums with each panel to `take`, in the layout both were made for.
#[inline(always)]
pub(super) fn products(rows: &Rows, panels: &Panels, take: &mut impl Take) {
    let width = rows.width();
    match rows.values() {
        Values::Pairs(values) if values.len() > width * ROWS => {
            for (values, start) in values.chunks(MOST_ROWS * width).zip((0..).step_by(MOST_ROWS)) {
                most_pairs(values, width, panels.bytes(), start, take);
            }
        }
        Values::Pairs(values) => pairs(values, width, panels.bytes(), [0, 0], take),
        Values::Quads(values) => {
            quads(values, width / QUAD, panels.bytes(), rows.dot() == Dot::SignedQuads, take);
        }
    }
}

/// As [`pairs`], of more rows than a few: in halves as many as that pays for, and then each panel widened once for all rows,
/// which beside the sums would take a fifth of the time.
#[inline(always)]
fn most_pairs(values: &[i16], width: usize, panels: &[i8], start: usize, take: &mut impl Take) {
    let halved = halves::rows(values.len() / width, width, panels.len() / (width * COLUMNS));
    let (most, rest) = values.split_at(halved * width);
    if !most.is_empty() {
        halves::products(most, width, panels, start, take);
    }
    if rest.is_empty() {
        return;
    }
    let mut wide = vec![0; width * COLUMNS];
    for (panel, first) in panels.chunks_exact(wide.len()).zip((0..).step_by(COLUMNS)) {
        wide.iter_mut().zip(panel).for_each(|(place, &weight)| *place = i16::from(weight));
        pairs(rest, width, &wide, [start + halved, first], take);
    }
}

/// As [`products`], of interleaved `values` of `width` inputs each and panels of pairs, which start with a row and a column.
#[inline(always)]
pub(super) fn pairs<W: Weight>(
    values: &[i16],
    width: usize,
    panels: &[W],
    [row, column]: [usize; 2],
    take: &mut impl Take,
) {
    for (panel, first) in panels.chunks_exact(width * COLUMNS).zip((column..).step_by(COLUMNS)) {
        let columns = take.columns(first);
        meet_pairs(values, width, panel, |at, sums| take.take(row + at, first, &columns, [sums]));
    }
}

/// Hands each row's sums with one panel to `take`. The panel stays in the first cache while all rows pass by.
#[inline(always)]
pub(super) fn meet_pairs<W: Weight>(
    values: &[i16],
    width: usize,
    panel: &[W],
    mut take: impl FnMut(usize, [I32x4; VECTORS]),
) {
    let (most, rest) = values.split_at(values.len() / (ROWS * width) * ROWS * width);
    each_pairs::<ROWS, W>(most, width, panel, &mut take);
    let first = most.len() / width;
    let mut take = |row, sums| take(first + row, sums);
    match rest.len() / width {
        3 => each_pairs::<3, W>(rest, width, panel, &mut take),
        2 => each_pairs::<2, W>(rest, width, panel, &mut take),
        _ => each_pairs::<1, W>(rest, width, panel, &mut take),
    }
}

/// As [`products`], of `values` of `width` quads each and panels of quads.
#[inline(always)]
fn quads(values: &[i32], width: usize, panels: &[i8], is_signed: bool, take: &mut impl Take) {
    for (values, start) in values.chunks(MOST_ROWS_OF_QUADS * width).zip((0..).step_by(MOST_ROWS_OF_QUADS)) {
        for (panel, first) in panels.chunks_exact(QUAD * width * COLUMNS).zip((0..).step_by(COLUMNS)) {
            let columns = take.columns(first);
            for (values, row) in values.chunks(ROWS_OF_QUADS * width).zip((start..).step_by(ROWS_OF_QUADS)) {
                match values.len() / width {
                    ROWS_OF_QUADS => {
                        take.take(row, first, &columns, quads_of::<ROWS_OF_QUADS>(values, panel, is_signed));
                    }
                    5 => take.take(row, first, &columns, quads_of::<5>(values, panel, is_signed)),
                    4 => take.take(row, first, &columns, quads_of::<4>(values, panel, is_signed)),
                    3 => take.take(row, first, &columns, quads_of::<3>(values, panel, is_signed)),
                    2 => take.take(row, first, &columns, quads_of::<2>(values, panel, is_signed)),
                    _ => take.take(row, first, &columns, quads_of::<1>(values, panel, is_signed)),
                }
            }
        }
    }
}

/// Writes up to `places` rows of pairs, `[rows, width]`, side by side as [`interleave`] does, the width in whole steps.
///
/// `group` is `[width / 2, places]` pairs.
pub(super) fn interleave_pairs(rows: &[i16], width: usize, places: usize, group: &mut [i16]) {
    for (rows, first) in rows.chunks(width * ROWS).zip((0..).step_by(ROWS)) {
        let mut all = rows.chunks_exact(width);
        if let [Some(a), Some(b), Some(c), Some(d)] = [all.next(), all.next(), all.next(), all.next()] {
            let steps = [a, b, c, d].map(|row| row.as_chunks::<STEP>().0);
            four_rows(steps, group.get_mut(2 * first..).unwrap_or_default(), 2 * places);
        } else {
            let rows = rows.chunks_exact(width).zip(first..);
            rows.for_each(|(row, place)| interleave(row, place, width, group));
        }
    }
}

/// Four rows at once, by transposing vectors of pairs; a pair's numbers start `stride` behind those of the one before.
#[inline(always)]
fn four_rows([a, b, c, d]: [&[[i16; STEP]]; ROWS], group: &mut [i16], stride: usize) {
    let rows = a.iter().zip(b).zip(c).zip(d);
    for ((((a, b), c), d), places) in rows.zip(group.chunks_mut(ROWS * stride)) {
        let pairs = I32x4::transposed([a, b, c, d].map(|it| I32x4::from_pairs(*it)));
        for (pairs, places) in pairs.into_iter().zip(places.chunks_mut(stride)) {
            if let Some(places) = places.first_chunk_mut() {
                *places = pairs.to_pairs();
            }
        }
    }
}

/// Writes a row into its place among up to four: for each pair of inputs the rows' ones side by side, so that a kernel reads
/// them all with one pointer. `group` is what all rows of the group take, `width` numbers each.
fn interleave(row: &[i16], place: usize, width: usize, group: &mut [i16]) {
    let rows = group.len() / width;
    let (whole, rest) = row.as_chunks::<2>();
    let (places, _) = group.as_chunks_mut::<2>();
    let mut places = places.iter_mut().skip(place).step_by(rows);
    whole.iter().zip(&mut places).for_each(|(numbers, place)| *place = *numbers);
    let last = places.next().into_iter().flatten();
    last.zip(rest).for_each(|(place, number)| *place = *number);
}
