//! LayerNorm of a row, or of the sum of two.

use crate::local::kernels::lanes::{F32x4, fold, map_with, sum};

/// `(x − mean) / √(variance + epsilon) × gamma + beta`, each row by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerNorm {
    gamma: Vec<f32>,
    beta: Vec<f32>,
    epsilon: f32,
}

impl LayerNorm {
    /// `gamma` and `beta` are `[width]`; `None` where they are not, or empty.
    pub fn new(gamma: Vec<f32>, beta: Vec<f32>, epsilon: f32) -> Option<Self> {
        (gamma.len() == beta.len() && !gamma.is_empty()).then_some(Self { gamma, beta, epsilon })
    }

    /// Numbers of a row.
    pub fn width(&self) -> usize {
        self.gamma.len()
    }

    /// Normalizes `x`, `[rows, width]`, in place.
    pub fn apply(&self, x: &mut [f32]) {
        let width = self.width();
        for row in x.chunks_exact_mut(width) {
            // In two sweeps: the variance about a mean that is known does not cancel.
            let zero = F32x4::splat(0.0);
            let center = sum(fold(row, 0.0, zero, |it| it, |sum, it| sum + it)) / width as f32;
            let mean = F32x4::splat(center);
            let squares = sum(fold(row, center, zero, |it| (it - mean) * (it - mean), |sum, it| sum + it));
            let factor = F32x4::splat((squares / width as f32 + self.epsilon).sqrt().recip());
            map_with(row, &self.gamma, |it, gamma| (it - mean) * factor * gamma);
            add(row, &self.beta);
        }
    }
}

/// `x + y`, into `x`.
pub fn add(x: &mut [f32], y: &[f32]) {
    map_with(x, y, |x, y| x + y);
}

/// `x + y × factor`, into `x`.
pub(super) fn add_scaled(x: &mut [f32], y: &[f32], factor: f32) {
    let factor = F32x4::splat(factor);
    map_with(x, y, |x, y| x.plus(y, factor));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::kernels::noise::noise;

    #[test]
    fn rows_are_normal_to_float_precision() {
        for width in [1, 3, 4, 7, 32, 385] {
            let x: Vec<f32> = noise(2 * width, 3).iter().map(|it| it * 4.0 + 100.0).collect();
            let (gamma, beta) = (noise(width, 4), noise(width, 5));
            let mut found = x.clone();
            LayerNorm::new(gamma.clone(), beta.clone(), 1e-5).expect("sizes").apply(&mut found);
            for (row, found) in x.chunks(width).zip(found.chunks(width)) {
                let row: Vec<f64> = row.iter().map(|&it| it.into()).collect();
                let mean = row.iter().sum::<f64>() / width as f64;
                let variance = row.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / width as f64;
                for ((it, found), (gamma, beta)) in row.iter().zip(found).zip(gamma.iter().zip(&beta)) {
                    let expected = (it - mean) / (variance + 1e-5).sqrt() * f64::from(*gamma) + f64::from(*beta);
                    assert!((f64::from(*found) - expected).abs() < 1e-4, "{width}: {found} {expected}");
                }
            }
        }
    }

    #[test]
    fn sums_are_those_of_each_two() {
        let mut x = vec![1.0, 2.0, 3.0, 4.0, 5.0];
        add(&mut x, &[10.0, 20.0, 30.0, 40.0, 50.0]);
        assert_eq!(x, [11.0, 22.0, 33.0, 44.0, 55.0]);
    }
}
