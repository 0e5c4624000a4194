//! Exact sums of a few rows × the columns of a panel: where nearly all of the time goes.

use crate::local::kernels::dot::Dot;
use crate::local::kernels::halves;
use crate::local::kernels::lanes::I32x4;
use crate::local::kernels::panels::Panels;
#[cfg(all(feature = "relaxed", target_arch = "wasm32"))]
use crate::local::kernels::relaxed::each_quads;
use crate::local::kernels::rows::{Rows, Values};
#[cfg(not(all(feature = "relaxed", target_arch = "wasm32")))]
use crate::local::kernels::scalar::each_quads;
#[cfg(not(target_arch = "wasm32"))]
use crate::local::kernels::scalar::{Weight, each_pairs};
#[cfg(target_arch = "wasm32")]
use crate::local::kernels::simd128::{Weight, each_pairs};

/// Columns of a panel of pairs.
pub(super) const COLUMNS: usize = 8;

/// Rows that are summed at once: with eight columns, as many sums as fit into the sixteen registers of x86 beside what is
/// multiplied.
pub(super) const ROWS: usize = 4;

/// Columns of a panel of quads.
pub(super) const COLUMNS_OF_QUADS: usize = 12;

/// Rows whose quads are summed at once: with twelve columns nine sums, since each waits five cycles for the one before, and
/// two can begin in a cycle. Ten to twelve would fit into the registers, but not in the order that the compiler loads in.
pub(super) const ROWS_OF_QUADS: usize = 3;

/// Rows of quads that all panels meet before the next ones: what comes of them stays in the second cache.
const MOST_ROWS_OF_QUADS: usize = 43 * ROWS_OF_QUADS;

/// Rows that are taken at once: what halves need beside them is some MB with 3,072 inputs.
const MOST_ROWS: usize = 512;

/// Inputs of a row or panel are filled up to a multiple: a vector of sixteen-bit numbers, so that pairs and quads are whole.
pub(super) const STEP: usize = 8;

/// Inputs of a quad.
pub(super) const QUAD: usize = 4;

/// What becomes of the sums of a product, panels being of so many vectors.
pub(super) trait Take<const VECTORS: usize> {
    /// What is known of a panel's columns, so that it is not looked up for each row.
    type Columns: Copy;

    /// Of the columns from `first` on.
    fn columns(&self, first: usize) -> Self::Columns;

    /// The sums of a row with the columns from `first` on.
    fn take(&mut self, row: usize, first: usize, columns: Self::Columns, sums: [I32x4; VECTORS]);
}

/// Hands each row's sums with each panel to `take`, in the layout both were made for.
#[inline(always)]
pub(super) fn products(rows: &Rows, panels: &Panels, take: &mut (impl Take<2> + Take<3>)) {
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
fn most_pairs(values: &[i16], width: usize, panels: &[i8], start: usize, take: &mut impl Take<2>) {
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
    take: &mut impl Take<2>,
) {
    for (panel, first) in panels.chunks_exact(width * COLUMNS).zip((column..).step_by(COLUMNS)) {
        let columns = take.columns(first);
        meet_pairs(values, width, panel, |at, sums| take.take(row + at, first, columns, sums));
    }
}

/// Hands each row's sums with one panel to `take`. The panel stays in the first cache while all rows pass by.
#[inline(always)]
pub(super) fn meet_pairs<W: Weight>(
    values: &[i16],
    width: usize,
    panel: &[W],
    mut take: impl FnMut(usize, [I32x4; 2]),
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
fn quads(values: &[i32], width: usize, panels: &[i8], is_signed: bool, take: &mut impl Take<3>) {
    for (values, start) in values.chunks(MOST_ROWS_OF_QUADS * width).zip((0..).step_by(MOST_ROWS_OF_QUADS)) {
        let (most, rest) = values.split_at(values.len() / (ROWS_OF_QUADS * width) * ROWS_OF_QUADS * width);
        let start_of_rest = start + most.len() / width;
        for (panel, first) in panels.chunks_exact(QUAD * width * COLUMNS_OF_QUADS).zip((0..).step_by(COLUMNS_OF_QUADS))
        {
            let columns = take.columns(first);
            let mut take = |row, sums| take.take(row, first, columns, sums);
            each_quads::<ROWS_OF_QUADS>(most, width, panel, is_signed, &mut |row, sums| take(start + row, sums));
            let mut take = |row, sums| take(start_of_rest + row, sums);
            match rest.len() / width {
                2 => each_quads::<2>(rest, width, panel, is_signed, &mut take),
                _ => each_quads::<1>(rest, width, panel, is_signed, &mut take),
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
