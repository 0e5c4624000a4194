//! Exact sums of up to four rows × the eight columns of a panel: where nearly all of the time goes.

use crate::local::kernels::dot::Dot;
use crate::local::kernels::halves;
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

/// Rows that are taken at once: what halves need beside them is some MB with 3,072 inputs.
const MOST_ROWS: usize = 512;

/// Inputs of a row or panel are filled up to a multiple: a vector of sixteen-bit numbers, so that pairs and quads are whole.
pub(super) const STEP: usize = 8;

/// `[rows][columns]`, the columns in two vectors.
pub(super) type Sums<const N: usize> = [[I32x4; 2]; N];

/// Hands each row's sums with each panel to `take(row, first column, sums)`, in the layout both were made for.
#[inline(always)]
pub(super) fn products(rows: &Rows, panels: &Panels, mut take: impl FnMut(usize, usize, [I32x4; 2])) {
    let width = rows.width();
    match rows.values() {
        Values::Pairs(values) if values.len() > width * ROWS => {
            for (values, start) in values.chunks(MOST_ROWS * width).zip((0..).step_by(MOST_ROWS)) {
                most_pairs(values, width, panels.bytes(), |row, column, sums| take(start + row, column, sums));
            }
        }
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

/// As [`pairs`], of more rows than a few: in halves as many as that pays for, and then each panel widened once for all rows,
/// which beside the sums would take a fifth of the time.
#[inline(always)]
fn most_pairs(values: &[i16], width: usize, panels: &[i8], mut take: impl FnMut(usize, usize, [I32x4; 2])) {
    let halved = halves::rows(values.len() / width, width, panels.len() / (width * COLUMNS));
    let (most, rest) = values.split_at(halved * width);
    if !most.is_empty() {
        halves::products(most, width, panels, &mut take);
    }
    if rest.is_empty() {
        return;
    }
    let mut wide = vec![0; width * COLUMNS];
    for (panel, first) in panels.chunks_exact(wide.len()).zip((0..).step_by(COLUMNS)) {
        wide.iter_mut().zip(panel).for_each(|(place, &weight)| *place = i16::from(weight));
        pairs(rest, width, &wide, |row, column, sums| take(halved + row, first + column, sums));
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
            rows.for_each(|(row, place)| interleave::<_, 2>(row, place, width, group));
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
