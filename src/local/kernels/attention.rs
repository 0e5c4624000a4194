//! Attention of one document, head by head: softmax(queries × keysᵀ × scale + mask) × values, without padding.
//!
//! Both products are taken in whole numbers, sums exact, as in a linear layer; but queries, keys and values are
//! quantized to twelve bits and more, so that what eight bits would cost is not paid here.

use crate::local::kernels::lanes::{F32x4, LANES, fold, largest, quantize, rest};
use crate::local::kernels::norm::add;
use crate::local::kernels::softmax::softmax;
use crate::local::kernels::tile::{COLUMNS, ROWS, STEP, interleave, pairs};

/// The most a value may be, with a sign: with weights that sum up to `softmax`'s most, sums stay below 2³¹.
const MOST_OF_VALUE: f32 = 4095.0;

/// Queries that are taken at once: their scores with 512 keys stay in the second cache.
const BLOCK: usize = 32;

/// Queries, keys and values of all heads side by side, `[length, heads × head]`; keys and values have the same length.
#[derive(Clone, Copy, Debug)]
pub struct Attention<'a> {
    /// `[queries, heads × head]`
    pub queries: &'a [f32],
    /// `[keys, heads × head]`
    pub keys: &'a [f32],
    /// `[keys, heads × head]`
    pub values: &'a [f32],
    /// Added to the scores, `[queries, keys]` of all heads alike or `[heads, queries, keys]`; empty: nothing.
    pub mask: &'a [f32],
    /// Number of heads.
    pub heads: usize,
    /// Numbers of a head.
    pub head: usize,
    /// What scores are multiplied with.
    pub scale: f32,
}

impl Attention<'_> {
    /// `out` is `[queries, heads × head]`. `false`, and nothing written, where the sizes do not belong together.
    #[must_use]
    pub fn apply(&self, out: &mut [f32]) -> bool {
        let width = self.heads * self.head;
        if width == 0 || self.keys.is_empty() || !self.fits(width, out.len()) {
            return false;
        }
        (0..self.heads).for_each(|head| self.apply_head(head * self.head, out));
        true
    }

    fn fits(&self, width: usize, out: usize) -> bool {
        let (queries, keys) = (self.queries.len() / width, self.keys.len() / width);
        let whole = queries * width == self.queries.len() && keys * width == self.keys.len();
        let pairs = queries * keys;
        let mask = [0, pairs, pairs * self.heads].contains(&self.mask.len());
        whole && mask && self.values.len() == self.keys.len() && out == self.queries.len()
    }

    /// The head whose numbers stand from `first` on in each row.
    fn apply_head(&self, first: usize, out: &mut [f32]) {
        let (width, columns) = (self.heads * self.head, first..first + self.head);
        let rows = |all: &[f32]| -> Vec<f32> {
            all.chunks_exact(width).flat_map(|row| row.get(columns.clone()).unwrap_or_default()).copied().collect()
        };
        let most = most_of_key(self.head);
        let queries = Wide::rows(&rows(self.queries), self.head, most);
        let keys = WidePanels::of(Wide::rows(&rows(self.keys), self.head, most));
        let count = keys.scales.len();
        let pairs = queries.scales.len() * count;
        let is_by_head = self.heads > 1 && self.mask.len() == pairs * self.heads;
        let mask = self.mask.get(if is_by_head { first / self.head * pairs } else { 0 }..).unwrap_or_default();
        let values = WidePanels::of(Wide::rows(&transposed(&rows(self.values), self.head), count, MOST_OF_VALUE));
        let mut scores = vec![0.0; BLOCK.min(queries.scales.len()) * count];
        let blocks = queries.numbers.chunks(BLOCK * queries.width).zip(queries.scales.chunks(BLOCK));
        for ((block, scales), start) in blocks.zip((0..).step_by(BLOCK)) {
            let scores = scores.get_mut(..scales.len() * count).unwrap_or_default();
            keys.meet(&interleaved(block, queries.width), |row, column, numbers| {
                let factor = F32x4::splat(scales.get(row).copied().unwrap_or_default() * self.scale);
                let scores = scores.get_mut(row * count + column..(row + 1) * count).unwrap_or_default();
                store(numbers.map(|it| it * factor), scores);
            });
            let mask = mask.get(start * count..).unwrap_or_default();
            scores.chunks_exact_mut(count).zip(mask.chunks_exact(count)).for_each(|(row, mask)| add(row, mask));
            let mut weights = vec![0; scales.len() * values.width];
            let rows = scores.chunks_exact_mut(count).zip(weights.chunks_exact_mut(values.width));
            let totals: Vec<f32> = rows.map(|(scores, weights)| softmax(scores, weights).max(1) as f32).collect();
            values.meet(&interleaved(&weights, values.width), |row, column, numbers| {
                let factor = F32x4::splat(totals.get(row).map_or(0.0, |total| total.recip()));
                let out = out.get_mut((start + row) * width..).and_then(|row| row.get_mut(columns.clone()));
                let out = out.and_then(|out| out.get_mut(column..)).unwrap_or_default();
                store(numbers.map(|it| it * factor), out);
            });
        }
    }
}

/// The most a query or a key may be, with a sign: sums of `head` products stay below 2³¹.
fn most_of_key(head: usize) -> f32 {
    ((i32::MAX as f32 / head as f32).sqrt().floor() - 1.0).min(f32::from(i16::MAX))
}

/// Rows of whole numbers with a sign, each with its own scale.
struct Wide {
    /// `[rows, width]`
    numbers: Vec<i16>,
    /// Numbers of a row, filled up to whole steps with zeros.
    width: usize,
    /// `[rows]`
    scales: Vec<f32>,
}

impl Wide {
    /// Quantizes `rows`, `[rows, count]`, to -`most`..=`most`.
    fn rows(rows: &[f32], count: usize, most: f32) -> Self {
        let width = count.next_multiple_of(STEP);
        let mut wide = Self { numbers: Vec::with_capacity(rows.len() / count * width), width, scales: vec![] };
        for row in rows.chunks_exact(count) {
            let largest = largest(fold(row, 0.0, F32x4::splat(0.0), |most, it| it.abs().max(most)));
            let start = wide.numbers.len();
            wide.numbers.resize(start + width, 0);
            let numbers = wide.numbers.get_mut(start..start + count).unwrap_or_default();
            quantize(row, if largest > 0.0 { most / largest } else { 0.0 }, numbers);
            wide.scales.push(largest / most);
        }
        wide
    }
}

/// Rows as the columns of a product: in panels of eight.
struct WidePanels {
    /// As `Panels` of pairs.
    numbers: Vec<i16>,
    /// Numbers of a column.
    width: usize,
    /// `[columns]`
    scales: Vec<f32>,
}

impl WidePanels {
    fn of(Wide { numbers: rows, width, scales }: Wide) -> Self {
        let mut numbers = vec![0; scales.len().next_multiple_of(COLUMNS) * width];
        for (rows, panel) in rows.chunks(COLUMNS * width).zip(numbers.chunks_exact_mut(COLUMNS * width)) {
            for (column, row) in rows.chunks_exact(width).enumerate() {
                interleave::<_, 2>(row, column, width, panel);
            }
        }
        Self { numbers, width, scales }
    }

    /// Hands each row's products with each panel, times the columns' scales, to `take(row, first column, products)`.
    #[inline(always)]
    fn meet(&self, rows: &[i16], mut take: impl FnMut(usize, usize, [F32x4; 2])) {
        pairs(rows, self.width, &self.numbers, |row, column, [low, high]| {
            let (first, second) = (rest(&self.scales, column), rest(&self.scales, column + LANES));
            take(row, column, [low.to_f32() * F32x4::load(first, 0.0), high.to_f32() * F32x4::load(second, 0.0)]);
        });
    }
}

/// Rows `[rows, width]`, up to four interleaved.
fn interleaved(rows: &[i16], width: usize) -> Vec<i16> {
    let mut values = vec![0; rows.len()];
    for (rows, group) in rows.chunks(ROWS * width).zip(values.chunks_mut(ROWS * width)) {
        rows.chunks_exact(width).enumerate().for_each(|(place, row)| interleave::<_, 2>(row, place, width, group));
    }
    values
}

/// Into up to eight places.
#[inline(always)]
fn store([low, high]: [F32x4; 2], places: &mut [f32]) {
    low.store(places);
    high.store(places.get_mut(LANES..).unwrap_or_default());
}

/// `[rows, width]` → `[width, rows]`
fn transposed(rows: &[f32], width: usize) -> Vec<f32> {
    (0..width).flat_map(|column| rows.iter().skip(column).step_by(width)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::kernels::noise::noise;

    fn slow(attention: &Attention<'_>) -> Vec<f64> {
        let Attention { queries, keys, values, mask, heads, head, scale } = *attention;
        let width = heads * head;
        let (count, length) = (queries.len() / width, keys.len() / width);
        let mut out = vec![0.0; queries.len()];
        for (row, head) in (0..count).flat_map(|row| (0..heads).map(move |it| (row, it * head))) {
            let product = |key: usize| -> f64 {
                let term = |at: usize| f64::from(queries[row * width + at]) * f64::from(keys[key * width + at]);
                (head..head + attention.head).map(term).sum()
            };
            let added = |key: usize| mask.get(row * length + key).map_or(0.0, |&it| f64::from(it));
            let scores: Vec<f64> =
                (0..length).map(|key| (product(key) * f64::from(scale) + added(key)).exp()).collect();
            let total: f64 = scores.iter().sum();
            for at in head..head + attention.head {
                let sum: f64 =
                    scores.iter().enumerate().map(|(key, it)| it * f64::from(values[key * width + at])).sum();
                out[row * width + at] = sum / total;
            }
        }
        out
    }

    #[test]
    fn heads_equal_the_slow_version_to_float_precision() {
        for (count, length, heads, head) in [(1, 1, 1, 1), (1, 9, 2, 8), (5, 5, 3, 7), (33, 70, 2, 32), (2, 130, 1, 64)]
        {
            let width = heads * head;
            let numbers =
                |count: usize, seed| -> Vec<f32> { noise(count * width, seed).iter().map(|it| it * 2.0).collect() };
            let (queries, keys, values) = (numbers(count, 1), numbers(length, 2), numbers(length, 3));
            let mask: Vec<f32> =
                noise(count * length, 4).iter().map(|it| if *it > 0.5 { f32::MIN } else { 0.0 }).collect();
            for mask in [&[][..], &mask] {
                let (queries, keys, values) = (&queries[..], &keys[..], &values[..]);
                let attention = Attention { queries, keys, values, mask, heads, head, scale: 0.3 };
                let mut out = vec![f32::NAN; count * width];
                assert!(attention.apply(&mut out));
                for (found, expected) in out.iter().zip(slow(&attention)) {
                    let everything_is_masked = mask.len() == 1 && mask[0] < 0.0;
                    assert!((f64::from(*found) - expected).abs() < 2e-3 || everything_is_masked, "{found} {expected}");
                }
            }
        }
    }

    #[test]
    fn a_document_s_numbers_do_not_depend_on_how_many_queries_there_are() {
        let (all, one) = (noise(40 * 16, 1), noise(16, 1));
        let run = |queries: &[f32]| {
            let mut out = vec![0.0; queries.len()];
            let attention = Attention { queries, keys: &all, values: &all, mask: &[], heads: 2, head: 8, scale: 1.0 };
            assert!(attention.apply(&mut out));
            out
        };
        assert_eq!(run(&all)[..16], run(&one)[..]);
    }

    #[test]
    fn sizes_that_do_not_belong_together_are_refused() {
        let attention =
            |keys, mask| Attention { queries: &[1.0; 8], keys, values: keys, mask, heads: 2, head: 4, scale: 1.0 };
        assert!(!attention(&[1.0; 7], &[]).apply(&mut [0.0; 8]));
        assert!(!attention(&[1.0; 8], &[0.0; 3]).apply(&mut [0.0; 8]));
        assert!(!attention(&[1.0; 8], &[]).apply(&mut [0.0; 4]));
        assert!(!attention(&[], &[]).apply(&mut [0.0; 8]));
    }
}
