//! The obvious version of each kernel: what the vectors must equal.

use std::ops::RangeInclusive;

use crate::local::kernels::{COLUMNS, ROWS};

/// Appends each number of `row` times `inverse`, to the nearest whole number, ties to even, within `range`; what is no
/// number is 0.
pub(super) fn quantize(row: &[f32], inverse: f32, range: RangeInclusive<f32>, out: &mut Vec<i16>) {
    let (least, most) = (*range.start(), *range.end());
    out.extend(row.iter().map(|&it| (it * inverse).round_ties_even().clamp(least, most) as i16));
}

/// Sums of up to four rows × the eight columns of a panel; rows that are not there give zeros.
///
/// `values` is `[rows, width]`, `panel` as in `PackedWeights`.
#[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "the vectors do its work there"))]
pub(super) fn tile(values: &[i16], width: usize, panel: &[i8]) -> [[i32; COLUMNS]; ROWS] {
    let mut sums = [[0; COLUMNS]; ROWS];
    for (sums, row) in sums.iter_mut().zip(values.chunks_exact(width)) {
        for (pair, weights) in row.chunks_exact(2).zip(panel.chunks_exact(2 * COLUMNS)) {
            for (sum, weights) in sums.iter_mut().zip(weights.chunks_exact(2)) {
                *sum +=
                    pair.iter().zip(weights).map(|(&value, &weight)| i32::from(value) * i32::from(weight)).sum::<i32>();
            }
        }
    }
    sums
}
