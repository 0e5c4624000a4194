//! Attention weights: the powers of two of a row of scores, as whole numbers that sum up exactly.

use crate::local::kernels::lanes::{F32x4, I32x4, LANES, Vectors, fold, largest, sum};

/// The most that the numbers of a row may sum up to, rounding aside: beside values of twelve bits and a sign that leaves room
/// for 4,096 roundings up in 31 bits.
const MOST_IN_ALL: f32 = 500_000.0;

/// The most that one number may be: sixteen bits with a sign.
const MOST_OF_ONE: f32 = 32_767.0;

/// Replaces each score of `row` by 2 to its power, the largest being 1, then writes as many as `out` takes to it as whole
/// numbers in the same proportions; gives their sum.
///
/// `row` is whole `Vectors`, and -∞ where there is no score; `out` is in eights.
pub(super) fn softmax(row: &mut [f32], out: &mut [i16]) -> i32 {
    let least = f32::NEG_INFINITY;
    let most = F32x4::splat(largest(fold(row, least, F32x4::splat(least), |it| it, |most, it| it.max(most))));
    let mut total = Vectors::splat(0.0);
    let (blocks, _) = row.as_chunks_mut::<{ Vectors::NUMBERS }>();
    for block in blocks {
        let exponentials = power_of_two(Vectors::from_array(*block).each(|it| it - most));
        total = total + exponentials;
        *block = exponentials.to_array();
    }
    let total = sum(total.fold(F32x4::splat(0.0), |total, it| total + it));
    let factor = F32x4::splat(MOST_OF_ONE.min(MOST_IN_ALL / total));
    let whole = |four| (F32x4::from_array(four) * factor).rounded();
    let mut sums = I32x4::from_array([0; LANES]);
    let ((numbers, _), (places, _)) = (row.as_chunks::<{ 2 * LANES }>(), out.as_chunks_mut::<{ 2 * LANES }>());
    for (&[a, b, c, d, e, f, g, h], place) in numbers.iter().zip(places) {
        let (low, high) = (whole([a, b, c, d]), whole([e, f, g, h]));
        sums = sums + low + high;
        *place = low.narrow(high).to_pairs();
    }
    sums.to_array().into_iter().fold(0, i32::wrapping_add)
}

/// 2 to the power of `x`, for x of 0 and below, to 3e-6 of its value: a fifth of what is lost when it becomes a whole number of
/// fifteen bits. Next to nothing below -125, but no denormal number, which x86 takes a hundred cycles to multiply.
///
/// 2 to the nearest whole number, times a polynomial of the rest: the one of fourth degree whose largest relative error from -½
/// to ½ is least (found by Remez' algorithm).
#[inline(always)]
fn power_of_two(x: Vectors) -> Vectors {
    const COEFFICIENTS: [f32; 4] = [5.591_786e-2, 0.240_247_44, 0.693_121_8, 0.999_999_3];
    let least = F32x4::splat(-125.0);
    let x = x.each(|it| it.max(least));
    let rest = x.each(|it| it - it.rounded().to_f32());
    rest.polynomial(9.570_102e-3, COEFFICIENTS).join(x, |fraction, it| fraction.times_power_of_two(it.rounded()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::kernels::noise::noise;

    #[test]
    fn powers_are_exact_to_a_fifth_of_what_follows() {
        for step in 0..=125_000 {
            let x = step as f32 / -1_000.0;
            let ([found, ..], expected) = (power_of_two(Vectors::splat(x)).to_array(), f64::from(x).exp2());
            assert!((f64::from(found) - expected).abs() <= 3e-6 * expected, "{x}: {found} {expected}");
        }
        let [nothing, ..] = power_of_two(Vectors::splat(f32::NEG_INFINITY)).to_array();
        assert!(nothing < 1e-37 && nothing.is_normal(), "{nothing}");
    }

    #[test]
    fn whole_numbers_keep_proportions_and_sum() {
        for count in [1, 2, 5, 64, 513, 8192] {
            let scores: Vec<f32> = noise(count, 9).iter().map(|it| it * 5.0).collect();
            let (mut row, mut out) = (scores.clone(), vec![0; count.next_multiple_of(2 * LANES)]);
            row.resize(count.next_multiple_of(Vectors::NUMBERS), f32::NEG_INFINITY);
            let sum = softmax(&mut row, &mut out);
            assert_eq!(sum, out.iter().map(|&it| i32::from(it)).sum::<i32>());
            assert!(sum <= 504_096, "{sum}");
            let total: f64 = scores.iter().map(|&it| f64::from(it).exp2()).sum();
            for (score, whole) in scores.iter().zip(out) {
                let error = f64::from(*score).exp2() / total - f64::from(whole) / f64::from(sum);
                assert!(error.abs() < 1e-4, "{count}: {error}");
            }
        }
    }
}
