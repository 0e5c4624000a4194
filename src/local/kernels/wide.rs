//! Activations in sixteen bits, on both sides of a product: what attention multiplies.

use crate::local::kernels::lanes::{F32x4, I32x4, LANES, fold, largest, quantize, rest};
use crate::local::kernels::tile::{COLUMNS, ROWS, STEP, Take, VECTORS, interleave_pairs, pairs};

/// One head's columns of `[rows, width]`.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) width: usize,
    /// The first column.
    pub(super) first: usize,
    /// Of columns.
    pub(super) count: usize,
}

impl<'a> Part<'a> {
    fn rows(self) -> impl Iterator<Item = &'a [f32]> {
        let columns = self.first..self.first + self.count;
        self.numbers.chunks_exact(self.width).map(move |row| row.get(columns.clone()).unwrap_or_default())
    }

    fn length(self) -> usize {
        self.numbers.len() / self.width
    }

    /// The largest absolute number.
    fn largest(self) -> f32 {
        largest(self.rows().fold(F32x4::splat(0.0), most_of))
    }
}

/// Rows of whole numbers with a sign, each with its own scale.
pub(super) struct Wide {
    /// `[rows, width]`, up to four rows interleaved (`tile::interleave`).
    pub(super) numbers: Vec<i16>,
    /// Numbers of a row, filled up to whole steps with zeros.
    pub(super) width: usize,
    /// `[rows]`
    pub(super) scales: Vec<f32>,
}

impl Wide {
    /// Quantizes each row to -`most`..=`most`.
    pub(super) fn rows(part: Part<'_>, most: f32) -> Self {
        let largest: Vec<f32> = part.rows().map(|row| largest(most_of(F32x4::splat(0.0), row))).collect();
        let factors = largest.iter().map(|&largest| factor(most, largest));
        let numbers = side_by_side(part, factors, part.length(), ROWS);
        let scales = largest.into_iter().map(|largest| largest / most).collect();
        Self { numbers, width: part.count.next_multiple_of(STEP), scales }
    }
}

/// The columns of a product, in panels of eight: as `Panels` of pairs.
pub(super) struct WidePanels {
    numbers: Vec<i16>,
    /// Numbers of a column, filled up to whole steps with zeros.
    pub(super) width: usize,
    /// Of columns.
    pub(super) count: usize,
    /// Of all of them: what that loses beside one each is far below what the eight bits of the layers around it do.
    scale: f32,
}

impl WidePanels {
    /// Of rows, quantized to -`most`..=`most`.
    pub(super) fn of_rows(part: Part<'_>, most: f32) -> Self {
        let (count, largest) = (part.length(), part.largest());
        let factors = std::iter::repeat(factor(most, largest));
        let numbers = side_by_side(part, factors, count.next_multiple_of(COLUMNS), COLUMNS);
        Self { numbers, width: part.count.next_multiple_of(STEP), count, scale: largest / most }
    }

    /// Of columns, quantized to -`most`..=`most`.
    pub(super) fn of_columns(part: Part<'_>, most: f32) -> Self {
        let (width, columns) = (part.length().next_multiple_of(STEP), part.count.next_multiple_of(COLUMNS));
        let largest = part.largest();
        let factor = F32x4::splat(factor(most, largest));
        let whole = |four: &[f32]| (F32x4::load(four, 0.0) * factor).rounded();
        let mut numbers = vec![0; columns * width];
        let mut rows = part.rows();
        for pair in (0..).step_by(2 * COLUMNS) {
            let Some(even) = rows.next() else { break };
            let odd = rows.next().unwrap_or_default();
            // Four columns of both rows at once: half of what a panel has of this pair.
            for (four, at) in even.chunks(LANES).zip((0..).step_by(LANES)) {
                let pairs = whole(four).pairs(whole(rest(odd, at)));
                let start = at / COLUMNS * COLUMNS * width + pair + 2 * (at % COLUMNS);
                let place = numbers.get_mut(start..).and_then(|it| it.first_chunk_mut());
                place.into_iter().for_each(|place| *place = pairs.to_pairs());
            }
        }
        Self { numbers, width, count: part.count, scale: largest / most }
    }

    /// Hands each row's products with each panel, times the row's factor and the columns' scale, to
    /// `take(row, first column, products)`. `rows` are interleaved, `factors` are theirs.
    #[inline(always)]
    pub(super) fn meet(&self, rows: &[i16], factors: &[f32], take: impl FnMut(usize, usize, [F32x4; VECTORS])) {
        pairs(rows, self.width, &self.numbers, [0, 0], &mut Scaled { scale: self.scale, factors, take });
    }
}

/// Sums, times the row's factor and the columns' scale.
struct Scaled<'a, T> {
    scale: f32,
    factors: &'a [f32],
    take: T,
}

impl<T: FnMut(usize, usize, [F32x4; VECTORS])> Take for Scaled<'_, T> {
    type Columns = ();

    #[inline(always)]
    fn columns(&self, _: usize) {}

    #[inline(always)]
    fn take<const N: usize>(&mut self, row: usize, first: usize, (): &(), sums: [[I32x4; VECTORS]; N]) {
        for (sums, row) in sums.into_iter().zip(row..) {
            let factor = F32x4::splat(self.factors.get(row).copied().unwrap_or_default() * self.scale);
            (self.take)(row, first, sums.map(|sum| sum.to_f32() * factor));
        }
    }
}

/// What makes whole numbers up to `most` of numbers up to `largest`.
fn factor(most: f32, largest: f32) -> f32 {
    if largest > 0.0 { most / largest } else { 0.0 }
}

/// The largest absolute numbers of `row` and `found`, lane by lane.
fn most_of(found: F32x4, row: &[f32]) -> F32x4 {
    fold(row, 0.0, found, F32x4::abs, |most, it| it.max(most))
}

/// The part's rows in whole numbers, each times its factor, filled up with rows of zeros to `length`, every `places` of them
/// interleaved.
fn side_by_side(part: Part<'_>, mut factors: impl Iterator<Item = f32>, length: usize, places: usize) -> Vec<i16> {
    let width = part.count.next_multiple_of(STEP);
    let (mut whole, mut numbers) = (vec![0; places * width], vec![0; length * width]);
    let mut rows = part.rows();
    for group in numbers.chunks_mut(places * width) {
        let whole = whole.get_mut(..group.len()).unwrap_or_default();
        for place in whole.chunks_exact_mut(width) {
            let row = rows.next().unwrap_or_default();
            quantize(row, factors.next().unwrap_or_default(), place);
            place.get_mut(row.len()..).unwrap_or_default().fill(0);
        }
        interleave_pairs(whole, width, group.len() / width, group);
    }
    numbers
}
