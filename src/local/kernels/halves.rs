//! A product in seven products of halves where the school's way takes eight: Strassen's, in Winograd's form of fifteen additions
//! (Golub and Van Loan, Matrix Computations, 1.3.11).
//!
//! In whole numbers it is exact. Activations of nine bits and weights of eight grow by two bits in the sums of up to four of
//! them, which sixteen bits hold; what the sums of products may lose above 32 bits, they lose on both ways alike.

use crate::local::kernels::lanes::I32x4;
use crate::local::kernels::tile::{COLUMNS, ROWS, STEP, Take, VECTORS, meet_pairs};

/// Rows from which the sums of weights, made once a panel, cost less than is saved.
const LEAST_ROWS: usize = 64;

/// Inputs from which a tile of half of them is long enough.
const LEAST_WIDTH: usize = 512;

/// Products that make a quarter of the result: upper left, upper right, lower left, lower right.
const PARTS: [[bool; 4]; 7] = [
    [true, true, true, true],
    [true, false, false, false],
    [false, true, false, false],
    [false, false, true, false],
    [false, true, false, true],
    [false, true, true, true],
    [false, false, true, true],
];

/// Rows that are taken in halves, from the first on: whole groups, as many in each half; 0 where it does not pay.
pub(super) fn rows(rows: usize, width: usize, panels: usize) -> usize {
    let pays = rows >= LEAST_ROWS && width >= LEAST_WIDTH && width.is_multiple_of(2 * STEP) && panels.is_multiple_of(2);
    if pays { rows / (2 * ROWS) * 2 * ROWS } else { 0 }
}

/// As `tile::pairs`, of as many rows as [`rows`] says, the first of which is `start`.
pub(super) fn products(values: &[i16], width: usize, panels: &[i8], start: usize, take: &mut impl Take) {
    let left = left_factors(values, width);
    let (upper, half) = (values.len() / width / 2, width / 2);
    let (first, second) = panels.split_at(panels.len() / 2);
    let next = first.len() / width;
    let mut right = Right::default();
    // Of each upper row and the lower one that belongs to it.
    let mut quarters = vec![[[I32x4::default(); VECTORS]; 4]; upper];
    for ((first, second), column) in
        first.chunks_exact(width * COLUMNS).zip(second.chunks_exact(width * COLUMNS)).zip((0..).step_by(COLUMNS))
    {
        quarters.fill_with(Default::default);
        right.fill(first, second);
        for ((left, right), parts) in left.iter().zip(right.factors()).zip(PARTS) {
            meet_pairs(left, half, right, |row, [low, high]| {
                let quarters = quarters.get_mut(row).into_iter().flatten().zip(parts);
                for ([first, second], _) in quarters.filter(|(_, is_part)| *is_part) {
                    (*first, *second) = (*first + low, *second + high);
                }
            });
        }
        let (columns, next_columns) = (take.columns(column), take.columns(next + column));
        for ([first, second, third, fourth], row) in quarters.iter().zip(start..) {
            take.take(row, column, &columns, [*first]);
            take.take(row, next + column, &next_columns, [*second]);
            take.take(upper + row, column, &columns, [*third]);
            take.take(upper + row, next + column, &next_columns, [*fourth]);
        }
    }
}

/// Of the halves of rows and inputs: A₁₁, A₁₂, S₄, A₂₂, S₁, S₂, S₃, each `[groups, inputs / 2, 4]`.
fn left_factors(values: &[i16], width: usize) -> [Vec<i16>; 7] {
    let (upper, lower) = values.split_at(values.len() / 2);
    let quarter = |half: &[i16], second: bool| {
        let mut quarter = Vec::with_capacity(half.len() / 2);
        let chunks = half.chunks_exact(width / 2 * ROWS).skip(usize::from(second)).step_by(2);
        chunks.for_each(|chunk| quarter.extend_from_slice(chunk));
        quarter
    };
    let (a11, a12, a21, a22) =
        (quarter(upper, false), quarter(upper, true), quarter(lower, false), quarter(lower, true));
    let [mut s1, mut s2, mut s3, mut s4] = [const { Vec::new() }; 4];
    set(&mut s1, &a21, &a22, i16::wrapping_add);
    set(&mut s2, &s1, &a11, i16::wrapping_sub);
    set(&mut s3, &a11, &a21, i16::wrapping_sub);
    set(&mut s4, &a12, &s2, i16::wrapping_sub);
    [a11, a12, s4, a22, s1, s2, s3]
}

/// Of the halves of inputs and columns, each half a panel.
#[derive(Default)]
struct Right {
    quarters: [Vec<i16>; 4],
    /// T₁, T₂, T₃, -T₄
    sums: [Vec<i16>; 4],
}

impl Right {
    fn fill(&mut self, first: &[i8], second: &[i8]) {
        let halves = [first, second].map(|panel| panel.split_at(panel.len() / 2));
        let [(upper, lower), (next_upper, next_lower)] = halves;
        for (quarter, half) in self.quarters.iter_mut().zip([upper, lower, next_upper, next_lower]) {
            quarter.clear();
            quarter.extend(half.iter().map(|&weight| i16::from(weight)));
        }
        let ([b11, b21, b12, b22], [t1, t2, t3, t4]) = (&self.quarters, &mut self.sums);
        set(t1, b12, b11, i16::wrapping_sub);
        set(t2, b22, t1, i16::wrapping_sub);
        set(t3, b22, b12, i16::wrapping_sub);
        set(t4, b21, t2, i16::wrapping_sub);
    }

    /// B₁₁, B₂₁, B₂₂, -T₄, T₁, T₂, T₃
    fn factors(&self) -> [&[i16]; 7] {
        let ([b11, b21, _, b22], [t1, t2, t3, t4]) = (&self.quarters, &self.sums);
        [b11, b21, b22, t4, t1, t2, t3].map(Vec::as_slice)
    }
}

fn set(out: &mut Vec<i16>, a: &[i16], b: &[i16], join: impl Fn(i16, i16) -> i16) {
    out.clear();
    out.extend(a.iter().zip(b).map(|(&a, &b)| join(a, b)));
}
