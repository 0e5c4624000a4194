//! What follows a linear layer: GELU, by the error function or by tanh.

use crate::local::kernels::lanes::{F32x4, Vectors, map};

/// What becomes of each number of a layer's output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Activation {
    /// Nothing.
    #[default]
    None,
    /// `x × (1 + erf(x / √2)) / 2`
    Gelu,
}

impl Activation {
    /// In place. A sweep of its own: beside the sums of a product, an engine makes the polynomial's constants anew each time.
    pub(super) fn apply(self, row: &mut [f32]) {
        match self {
            Self::None => (),
            Self::Gelu => map(row, gelu),
        }
    }
}

#[inline(always)]
fn gelu(x: Vectors) -> Vectors {
    let half = x * Vectors::splat(0.5);
    half.plus(half, erf(x * Vectors::splat(std::f32::consts::FRAC_1_SQRT_2)))
}

/// The error function to 2e-7: a rational function in x², odd above and even below, of which nothing is left to add beyond 4.
/// Coefficients of Eigen's `generic_fast_erf` (Eigen/src/SpecialFunctions, 3.4).
#[inline(always)]
fn erf(x: Vectors) -> Vectors {
    const ABOVE: [f32; 6] =
        [2.770_681_4e-8, -2.101_024e-6, -5.692_506_4e-5, -7.349_906e-4, -2.954_6e-3, -1.609_603_3e-2];
    const BELOW: [f32; 4] = [-2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_474e-2];
    let (least, most) = (F32x4::splat(-4.0), F32x4::splat(4.0));
    let x = x.each(|it| it.max(least).min(most));
    let square = x * x;
    x * square.polynomial(-2.726_142_3e-10, ABOVE) / square.polynomial(-1.456_607_2e-5, BELOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gelu_is_exact_to_a_few_units() {
        const STEP: f64 = 1e-3;
        let bell = |x: f64| (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        // The share of the normal distribution below x, by Simpson's rule, step by step.
        let mut share = 0.5;
        for step in 0..12_000 {
            let x = f64::from(step) * STEP;
            for (x, share) in [(x, share), (-x, 1.0 - share)] {
                let mut found = [x as f32];
                Activation::Gelu.apply(&mut found);
                let error = f64::from(found[0]) - x * share;
                assert!(error.abs() < 1e-6 * x.abs().max(1.0), "{x}: {found:?} {}", x * share);
            }
            share += STEP / 6.0 * (bell(x) + 4.0 * bell(x + STEP / 2.0) + bell(x + STEP));
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let mut row = [f32::NAN, 1.0];
        Activation::Gelu.apply(&mut row);
        assert!(row[0].is_nan() && row[1] > 0.8);
    }
}
