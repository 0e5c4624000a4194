//! Attention of one document, head by head: softmax(queries × keysᵀ × scale + mask) × values, without padding.
//!
//! Both products are taken in whole numbers, sums exact, as in a linear layer; but queries, keys and values are
//! quantized to twelve bits and more, so that what eight bits would cost is not paid here.

use std::f32::consts::LOG2_E;

use crate::local::kernels::lanes::{Vectors, rest, rest_mut, store_all};
use crate::local::kernels::norm::add_scaled;
use crate::local::kernels::softmax::softmax;
use crate::local::kernels::tile::{ROWS, interleave_pairs};
use crate::local::kernels::wide::{Part, Wide, WidePanels};

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
        let part = |all| Part { numbers: all, width: self.heads * self.head, first, count: self.head };
        let most = most_of_key(self.head);
        let queries = Wide::rows(part(self.queries), most);
        let keys = WidePanels::of_rows(part(self.keys), most);
        let values = WidePanels::of_columns(part(self.values), MOST_OF_VALUE);
        let (length, all) = (queries.scales.len(), self.keys.len() / (self.heads * self.head));
        let is_by_head = self.mask.len() > length * all;
        let mask = rest(self.mask, if is_by_head { first / self.head * length * all } else { 0 });
        let stride = all.next_multiple_of(Vectors::NUMBERS);
        let mut scores = vec![0.0; BLOCK.min(length) * stride];
        let blocks = queries.numbers.chunks(BLOCK * queries.width).zip(queries.scales.chunks(BLOCK));
        for ((block, scales), start) in blocks.zip((0..).step_by(BLOCK)) {
            let scores = scores.get_mut(..scales.len() * stride).unwrap_or_default();
            self.score(block, scales, &keys, scores);
            mask_scores(scores, rest(mask, start * all), all);
            let (weights, factors) = weights(scores, scales.len(), values.width);
            values.meet(&weights, &factors, |row, column, numbers| {
                let row = out.get_mut((start + row) * self.heads * self.head + first..);
                store_all(numbers, row.and_then(|row| row.get_mut(column..self.head)).unwrap_or_default());
            });
        }
    }

    /// Of some queries with all keys, `[queries, keys]`, a row filled up to whole `Vectors` with -∞; of what 2 is to be raised to.
    fn score(&self, queries: &[i16], scales: &[f32], keys: &WidePanels, scores: &mut [f32]) {
        let stride = keys.count.next_multiple_of(Vectors::NUMBERS);
        let factors: Vec<f32> = scales.iter().map(|scale| scale * (self.scale * LOG2_E)).collect();
        keys.meet(queries, &factors, |row, column, numbers| {
            store_all(numbers, rest_mut(scores, row * stride + column));
        });
        let behind = |row: &mut [f32]| row.get_mut(keys.count..).unwrap_or_default().fill(f32::NEG_INFINITY);
        scores.chunks_exact_mut(stride).for_each(behind);
    }
}

/// Adds the mask, `[queries, keys]` or nothing, to the scores of `keys` keys.
fn mask_scores(scores: &mut [f32], mask: &[f32], keys: usize) {
    let rows = scores.chunks_exact_mut(keys.next_multiple_of(Vectors::NUMBERS)).zip(mask.chunks_exact(keys));
    rows.for_each(|(row, mask)| add_scaled(row, mask, LOG2_E));
}

/// The softmax of `count` rows of scores, as whole numbers of `width` a row and interleaved, and what each row's are to be
/// multiplied with.
fn weights(scores: &mut [f32], count: usize, width: usize) -> (Vec<i16>, Vec<f32>) {
    let stride = scores.len() / count.max(1);
    let mut weights = vec![0; count * width];
    let mut factors = Vec::with_capacity(count);
    let mut rows = vec![0; ROWS * width];
    for (scores, group) in scores.chunks_mut(ROWS * stride).zip(weights.chunks_mut(ROWS * width)) {
        let rows = rows.get_mut(..group.len()).unwrap_or_default();
        for (scores, row) in scores.chunks_exact_mut(stride).zip(rows.chunks_exact_mut(width)) {
            factors.push((softmax(scores, row).max(1) as f32).recip());
        }
        interleave_pairs(rows, width, group.len() / width, group);
    }
    (weights, factors)
}

/// The most a query or a key may be, with a sign: sums of `head` products stay below 2³¹.
fn most_of_key(head: usize) -> f32 {
    ((i32::MAX as f32 / head as f32).sqrt().floor() - 1.0).min(f32::from(i16::MAX))
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
