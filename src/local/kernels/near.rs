//! How near one side of a pair comes to the other: as a whole, and a token of the query to any of the document's.

use crate::local::kernels::lanes::{F32x4, LANES, Vectors, fold, sum};
use crate::local::kernels::norm::add_scaled;

/// Added to what is not the document's.
const FAR: f32 = -10_000.0;

/// How near tokens come to any of the document's.
pub(super) struct Nearness<'a> {
    compared: &'a [f32],
    numbers: usize,
    /// Of length 1 each, `[tokens, numbers]`.
    units: Vec<f32>,
    /// Added to the products with each.
    added: Vec<f32>,
}

impl<'a> Nearness<'a> {
    /// `compared`: what tokens are compared by, `[length, numbers]`; `document`: 1 for each of its own, `[length]`.
    pub(super) fn of(compared: &'a [f32], document: &[f32]) -> Self {
        let numbers = compared.len() / document.len();
        // What is far is never the nearest, unless all is.
        let is_read = document.iter().any(|&it| it >= 1.0);
        let rows = compared.chunks_exact(numbers).zip(document).filter(|(_, there)| !is_read || **there != 0.0);
        let (mut units, mut added) = (Vec::with_capacity(compared.len()), Vec::with_capacity(document.len()));
        for (row, there) in rows {
            units.extend(unit(row));
            added.push((1.0 - there) * FAR);
        }
        Self { compared, numbers, units, added }
    }

    /// Of the token at `at`.
    pub(super) fn of_token(&self, at: usize) -> f32 {
        let row: Vec<f32> = self.compared.get(at * self.numbers..(at + 1) * self.numbers).map(unit).unwrap_or_default();
        let products = self.units.chunks_exact(self.numbers).zip(&self.added).map(|(it, added)| dot(&row, it) + added);
        products.fold(f32::NEG_INFINITY, f32::max)
    }
}

/// How alike the means of two sides of `hidden` are, `[length, width]`; of each side 1 where a token of it stands, `[length]`.
pub(super) fn cosine(hidden: &[f32], sides: [&[f32]; 2]) -> f32 {
    let [one, other] = sides.map(|side| {
        let width = hidden.len() / side.len();
        let mut mean = vec![0.0; width];
        for (row, there) in hidden.chunks_exact(width).zip(side).filter(|(_, there)| **there != 0.0) {
            add_scaled(&mut mean, row, *there);
        }
        let count: f32 = side.iter().sum();
        mean.iter_mut().for_each(|it| *it /= count);
        unit(&mean)
    });
    dot(&one, &other)
}

/// `row` of length 1.
fn unit(row: &[f32]) -> Vec<f32> {
    let size = sum(fold(row, 0.0, F32x4::splat(0.0), |it| it * it, |sum, it| sum + it)).sqrt();
    row.iter().map(|it| it / size).collect()
}

/// Σ a × b
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((blocks, rest), (others, last)) =
        (a.as_chunks::<{ Vectors::NUMBERS }>(), b.as_chunks::<{ Vectors::NUMBERS }>());
    let products = blocks
        .iter()
        .zip(others)
        .fold(Vectors::splat(0.0), |sum, (a, b)| sum.plus(Vectors::from_array(*a), Vectors::from_array(*b)));
    let products = products.fold(F32x4::splat(0.0), |sum, it| sum + it);
    let rest = rest.chunks(LANES).zip(last.chunks(LANES));
    sum(rest.fold(products, |sum, (a, b)| sum.plus(F32x4::load(a, 0.0), F32x4::load(b, 0.0))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::kernels::noise::noise;

    #[test]
    fn products_are_sums_of_all_numbers() {
        for count in [0, 1, 3, 4, 15, 16, 17, 40] {
            let (a, b) = (noise(count, 1), noise(count, 2));
            let expected: f64 = a.iter().zip(&b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
            assert!((f64::from(dot(&a, &b)) - expected).abs() < 1e-5, "{count}");
        }
    }

    #[test]
    fn the_nearest_is_one_of_the_document_s_while_it_has_any() {
        let compared = [1.0, 0.0, 2.0, 0.0, 0.0, 3.0];
        let near = |document: &[f32]| Nearness::of(&compared, document).of_token(0);
        assert_eq!(near(&[0.0, 1.0, 1.0]), 1.0);
        assert_eq!(near(&[0.0, 0.0, 1.0]), 0.0);
        assert_eq!(near(&[0.0, 0.0, 0.0]), 1.0 - 10_000.0);
    }
}
