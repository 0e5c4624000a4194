//! Attention weights: the exponentials of a row of scores, as whole numbers that sum up exactly.

use crate::local::kernels::lanes::{F32x4, fold, largest, map, quantize, sum};

/// The most that the numbers of a row may sum up to, rounding aside: beside values of twelve bits and a sign that leaves room
/// for 4,096 roundings up in 31 bits.
const MOST_IN_ALL: f32 = 500_000.0;

/// The most that one number may be: sixteen bits with a sign.
const MOST_OF_ONE: f32 = 32_767.0;

/// Replaces each score of `row` by its exponential, the largest being 1, then writes them to `out` as whole numbers in the
/// same proportions; gives their sum.
pub(super) fn softmax(row: &mut [f32], out: &mut [i16]) -> i32 {
    let most = fold(row, f32::NEG_INFINITY, F32x4::splat(f32::NEG_INFINITY), |most, it| it.max(most));
    let most = F32x4::splat(largest(most));
    map(row, |it| exp(it - most));
    let total = sum(fold(row, 0.0, F32x4::splat(0.0), |total, it| total + it));
    quantize(row, MOST_OF_ONE.min(MOST_IN_ALL / total), out);
    // Whole numbers below 2²⁴: their sum is exact in f32 too, but in i32 it needs no argument.
    out.iter().map(|&it| i32::from(it)).sum()
}

/// e to the power of `x`, for x of 0 and below, to 2e-7 of its value; 0 below -87.
///
/// 2 to the whole part of x / ln 2, times a polynomial on the rest (Cephes, `expf`), ln 2 in two parts so that none of the rest
/// is lost.
#[inline(always)]
fn exp(x: F32x4) -> F32x4 {
    const COEFFICIENTS: [f32; 6] = [1.987_569_1e-4, 1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5];
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    let x = x.max(F32x4::splat(-88.0));
    let power = (x * F32x4::splat(std::f32::consts::LOG2_E)).nearest();
    let [high, low] = LN_2.map(|part| F32x4::splat(-part));
    let rest = x.plus(power, high).plus(power, low);
    let fraction = (F32x4::splat(1.0) + rest).plus(rest * rest, rest.polynomial(COEFFICIENTS));
    fraction * power.whole().power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::kernels::noise::noise;

    #[test]
    fn exponentials_are_exact_to_a_few_units() {
        for step in 0..=87_000 {
            let x = step as f32 / -1_000.0;
            let ([found, ..], expected) = (exp(F32x4::splat(x)).to_array(), f64::from(x).exp());
            assert!((f64::from(found) - expected).abs() <= 3e-7 * expected, "{x}: {found} {expected}");
        }
        assert!(exp(F32x4::splat(f32::NEG_INFINITY)).to_array()[0] < 1e-37);
    }

    #[test]
    fn whole_numbers_keep_proportions_and_sum() {
        for count in [1, 2, 5, 64, 513, 8192] {
            let scores: Vec<f32> = noise(count, 9).iter().map(|it| it * 5.0).collect();
            let (mut row, mut out) = (scores.clone(), vec![0; count]);
            let sum = softmax(&mut row, &mut out);
            assert_eq!(sum, out.iter().map(|&it| i32::from(it)).sum::<i32>());
            assert!(sum <= 504_096, "{sum}");
            let total: f64 = scores.iter().map(|&it| f64::from(it).exp()).sum();
            for (score, whole) in scores.iter().zip(out) {
                let error = f64::from(*score).exp() / total - f64::from(whole) / f64::from(sum);
                assert!(error.abs() < 1e-4, "{count}: {error}");
            }
        }
    }
}
