//! Four numbers side by side: a vector of the target where it has them, an array elsewhere.
//!
//! Both do the same operations in the same order, rounding after each, so every runtime and the host compute the same bits.
//! What is written with these needs no second version.

// Anywhere.
#[cfg(not(target_arch = "wasm32"))]
mod array;
// wasm32 with `simd128`.
#[cfg(target_arch = "wasm32")]
mod vector;

#[cfg(not(target_arch = "wasm32"))]
pub(super) use array::{F32x4, I32x4};
#[cfg(target_arch = "wasm32")]
pub(super) use vector::{F32x4, I32x4};

/// Numbers of a vector.
pub(super) const LANES: usize = 4;

impl F32x4 {
    /// `self + a × b`, rounded twice.
    #[inline(always)]
    pub(super) fn plus(self, a: Self, b: Self) -> Self {
        self + a * b
    }

    /// The polynomial of `coefficients`, the highest power first.
    #[inline(always)]
    pub(super) fn polynomial<const N: usize>(self, coefficients: [f32; N]) -> Self {
        coefficients.into_iter().fold(Self::splat(0.0), |sum, coefficient| Self::splat(coefficient).plus(sum, self))
    }

    /// The four numbers from `row`, or what is left of it, filled up with `filler`.
    #[inline(always)]
    pub(super) fn load(row: &[f32], filler: f32) -> Self {
        match row.first_chunk() {
            Some(four) => Self::from_array(*four),
            None => {
                let mut four = [filler; LANES];
                four.iter_mut().zip(row).for_each(|(place, &number)| *place = number);
                Self::from_array(four)
            }
        }
    }

    /// Into `row`, or as much of it as there is.
    #[inline(always)]
    pub(super) fn store(self, row: &mut [f32]) {
        match row.first_chunk_mut() {
            Some(four) => *four = self.to_array(),
            None => row.iter_mut().zip(self.to_array()).for_each(|(place, number)| *place = number),
        }
    }
}

/// What of `numbers` stands from `from` on.
#[inline(always)]
pub(super) fn rest(numbers: &[f32], from: usize) -> &[f32] {
    numbers.get(from..).unwrap_or_default()
}

/// Folds `row` four by four; the lanes of the result are still to be joined.
///
/// What is left over at the end is filled up with `filler`.
#[inline(always)]
pub(super) fn fold(row: &[f32], filler: f32, start: F32x4, mut join: impl FnMut(F32x4, F32x4) -> F32x4) -> F32x4 {
    let (vectors, rest) = row.as_chunks::<LANES>();
    let folded = vectors.iter().fold(start, |folded, four| join(folded, F32x4::from_array(*four)));
    if rest.is_empty() { folded } else { join(folded, F32x4::load(rest, filler)) }
}

/// Replaces `row` four by four. What is left over at the end is filled up with zeros.
#[inline(always)]
pub(super) fn map(row: &mut [f32], each: impl Fn(F32x4) -> F32x4) {
    let (vectors, rest) = row.as_chunks_mut::<LANES>();
    for four in vectors {
        *four = each(F32x4::from_array(*four)).to_array();
    }
    each(F32x4::load(rest, 0.0)).store(rest);
}

/// Each number of `row` times `factor`, to the nearest whole number, ties to even; beyond 16 bits the nearest within. `out` is
/// as long as `row` or longer, and then left alone behind it.
pub(super) fn quantize(row: &[f32], factor: f32, out: &mut [i16]) {
    quantize_within(row, factor, [f32::from(i16::MIN), f32::from(i16::MAX)], out);
}

/// As [`quantize`], within `[least, most]`, which are whole numbers of 16 bits; what is no number is the least.
pub(super) fn quantize_within(row: &[f32], factor: f32, [least, most]: [f32; 2], out: &mut [i16]) {
    let (factor, least, most) = (F32x4::splat(factor), F32x4::splat(least), F32x4::splat(most));
    let whole = |it: F32x4| (it * factor).nearest().max(least).min(most).whole();
    let (vectors, rest) = row.as_chunks::<{ 2 * LANES }>();
    let (places, last) = out.get_mut(..row.len()).unwrap_or_default().as_chunks_mut::<{ 2 * LANES }>();
    for (places, [a, b, c, d, e, f, g, h]) in places.iter_mut().zip(vectors.iter().copied()) {
        *places = whole(F32x4::from_array([a, b, c, d])).narrow(whole(F32x4::from_array([e, f, g, h])));
    }
    for (numbers, places) in rest.chunks(LANES).zip(last.chunks_mut(LANES)) {
        let whole = whole(F32x4::load(numbers, 0.0));
        places.iter_mut().zip(whole.narrow(whole)).for_each(|(place, it)| *place = it);
    }
}

/// The sum of four lanes: the first and the third, the second and the fourth, then both.
pub(super) fn sum(lanes: F32x4) -> f32 {
    let [a, b, c, d] = lanes.to_array();
    (a + c) + (b + d)
}

/// The largest of four lanes.
pub(super) fn largest(lanes: F32x4) -> f32 {
    lanes.to_array().into_iter().fold(f32::NEG_INFINITY, |most, it| if it > most { it } else { most })
}

/// The smallest of four lanes.
pub(super) fn smallest(lanes: F32x4) -> f32 {
    lanes.to_array().into_iter().fold(f32::INFINITY, |least, it| if it < least { it } else { least })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polynomial_is_horner_s() {
        let at = F32x4::from_array([0.0, 1.0, 2.0, -1.0]);
        assert_eq!(at.polynomial([2.0, -3.0, 5.0]).to_array(), [5.0, 4.0, 7.0, 10.0]);
    }

    #[test]
    fn leftovers_are_filled_up() {
        let row = [1.0, 2.0, 3.0, 4.0, 5.0];
        let product = fold(&row, 1.0, F32x4::splat(1.0), |product, it| product * it);
        assert_eq!(product.to_array(), [5.0, 2.0, 3.0, 4.0]);
        assert_eq!((sum(product), largest(product), smallest(product)), (14.0, 5.0, 2.0));
        let mut out = [0.0; 2];
        product.store(&mut out);
        assert_eq!(out, [5.0, 2.0]);
    }

    #[test]
    fn numbers_become_whole_to_the_nearest_and_ties_to_even() {
        let whole = |it| F32x4::from_array(it).nearest().to_array();
        assert_eq!(whole([0.5, 1.5, -2.5, 2.4]), [0.0, 2.0, -2.0, 2.0]);
        assert_eq!(F32x4::from_array([-3.0, 7.0, 3e10, f32::NAN]).whole().to_array(), [-3, 7, i32::MAX, 0]);
        assert_eq!(I32x4::from_array([1, -127, 128, 0]).power_of_two().to_array(), [2.0, 0.0, f32::INFINITY, 1.0]);
    }
}
