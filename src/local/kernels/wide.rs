//! Activations in sixteen bits, on both sides of a product: what attention multiplies.

use crate::local::kernels::lanes::{F32x4, I32x4, LANES, fold, largest, load_eight, quantize, rest};
use crate::local::kernels::tile::{COLUMNS, ROWS, STEP, Take, interleave_pairs, pairs};

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
        let (numbers, scales) = side_by_side(part, most, part.length(), ROWS);
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
    /// `[columns]`, filled up to whole panels.
    scales: Vec<f32>,
}

impl WidePanels {
    /// Of rows, each quantized to -`most`..=`most`.
    pub(super) fn of_rows(part: Part<'_>, most: f32) -> Self {
        let count = part.length();
        let (numbers, scales) = side_by_side(part, most, count.next_multiple_of(COLUMNS), COLUMNS);
        Self { numbers, width: part.count.next_multiple_of(STEP), count, scales }
    }

    /// Of columns, each quantized to -`most`..=`most`.
    pub(super) fn of_columns(part: Part<'_>, most: f32) -> Self {
        let (width, columns) = (part.length().next_multiple_of(STEP), part.count.next_multiple_of(COLUMNS));
        let mut scales = vec![0f32; columns];
        for row in part.rows() {
            for (largest, four) in scales.chunks_exact_mut(LANES).zip(row.chunks(LANES)) {
                F32x4::load(four, 0.0).abs().max(F32x4::load(largest, 0.0)).store(largest);
            }
        }
        let factors: Vec<f32> = scales.iter().map(|&it| if it > 0.0 { most / it } else { 0.0 }).collect();
        scales.iter_mut().for_each(|it| *it /= most);
        let whole = |four: &[f32], at| (F32x4::load(four, 0.0) * F32x4::load(rest(&factors, at), 0.0)).rounded();
        let mut numbers = vec![0; columns * width];
        let mut rows = part.rows();
        for pair in (0..).step_by(2 * COLUMNS) {
            let Some(even) = rows.next() else { break };
            let odd = rows.next().unwrap_or_default();
            // Four columns of both rows at once: half of what a panel has of this pair.
            for (four, at) in even.chunks(LANES).zip((0..).step_by(LANES)) {
                let pairs = whole(four, at).pairs(whole(rest(odd, at), at));
                let start = at / COLUMNS * COLUMNS * width + pair + 2 * (at % COLUMNS);
                let place = numbers.get_mut(start..).and_then(|it| it.first_chunk_mut());
                place.into_iter().for_each(|place| *place = pairs.to_pairs());
            }
        }
        Self { numbers, width, count: part.count, scales }
    }

    /// Hands each row's products with each panel, times the row's factor and the columns' scales, to
    /// `take(row, first column, products)`. `rows` are interleaved, `factors` are theirs.
    #[inline(always)]
    pub(super) fn meet(&self, rows: &[i16], factors: &[f32], take: impl FnMut(usize, usize, [F32x4; 2])) {
        pairs(rows, self.width, &self.numbers, [0, 0], &mut Scaled { scales: &self.scales, factors, take });
    }
}

/// Sums, times the row's factor and the columns' scales.
struct Scaled<'a, T> {
    scales: &'a [f32],
    factors: &'a [f32],
    take: T,
}

impl<T: FnMut(usize, usize, [F32x4; 2])> Take<2> for Scaled<'_, T> {
    type Columns = [F32x4; 2];

    #[inline(always)]
    fn columns(&self, first: usize) -> [F32x4; 2] {
        load_eight(self.scales, first)
    }

    #[inline(always)]
    fn take(&mut self, row: usize, first: usize, [scale, next]: [F32x4; 2], [low, high]: [I32x4; 2]) {
        let factor = F32x4::splat(self.factors.get(row).copied().unwrap_or_default());
        (self.take)(row, first, [low.to_f32() * scale * factor, high.to_f32() * next * factor]);
    }
}

/// The part's rows in whole numbers of -`most`..=`most`, filled up with rows of zeros to `length`, every `places` of them
/// interleaved; and their scales, `[length]`.
fn side_by_side(part: Part<'_>, most: f32, length: usize, places: usize) -> (Vec<i16>, Vec<f32>) {
    let width = part.count.next_multiple_of(STEP);
    let mut whole = vec![0; places * width];
    let (mut numbers, mut scales) = (vec![0; length * width], Vec::with_capacity(length));
    let mut rows = part.rows();
    for group in numbers.chunks_mut(places * width) {
        let whole = whole.get_mut(..group.len()).unwrap_or_default();
        for place in whole.chunks_exact_mut(width) {
            let row = rows.next().unwrap_or_default();
            let largest = largest(fold(row, 0.0, F32x4::splat(0.0), F32x4::abs, |most, it| it.max(most)));
            quantize(row, if largest > 0.0 { most / largest } else { 0.0 }, place);
            place.get_mut(row.len()..).unwrap_or_default().fill(0);
            scales.push(largest / most);
        }
        interleave_pairs(whole, width, group.len() / width, group);
    }
    (numbers, scales)
}
