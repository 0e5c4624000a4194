//! Several vectors that go through the same steps together: V8 makes a constant anew, in three instructions, wherever it is
//! read, so a polynomial is quicker for all of them at once.

use std::array::from_fn;
use std::ops::{Add, Div, Mul, Sub};

use crate::local::kernels::lanes::{F32x4, LANES};

/// Of them.
const COUNT: usize = 4;

#[derive(Clone, Copy)]
pub(in crate::local::kernels) struct Vectors([F32x4; COUNT]);

impl Vectors {
    /// In all of them.
    pub(in crate::local::kernels) const NUMBERS: usize = COUNT * LANES;

    #[inline(always)]
    pub(in crate::local::kernels) fn from_array(numbers: [f32; Self::NUMBERS]) -> Self {
        let (vectors, _) = numbers.as_chunks::<LANES>();
        Self(from_fn(|at| vectors.get(at).map_or_else(|| F32x4::splat(0.0), |four| F32x4::from_array(*four))))
    }

    #[inline(always)]
    pub(in crate::local::kernels) fn to_array(self) -> [f32; Self::NUMBERS] {
        let mut numbers = [0.0; Self::NUMBERS];
        let (places, _) = numbers.as_chunks_mut::<LANES>();
        places.iter_mut().zip(self.0).for_each(|(place, four)| *place = four.to_array());
        numbers
    }

    #[inline(always)]
    pub(in crate::local::kernels) fn splat(it: f32) -> Self {
        Self::all(F32x4::splat(it))
    }

    #[inline(always)]
    pub(in crate::local::kernels) fn all(four: F32x4) -> Self {
        Self([four; COUNT])
    }

    /// Each vector by itself.
    #[inline(always)]
    pub(in crate::local::kernels) fn each(self, each: impl Fn(F32x4) -> F32x4) -> Self {
        Self(self.0.map(each))
    }

    /// `start` joined with each vector, one after another.
    #[inline(always)]
    pub(in crate::local::kernels) fn fold(self, start: F32x4, join: impl FnMut(F32x4, F32x4) -> F32x4) -> F32x4 {
        self.0.into_iter().fold(start, join)
    }

    /// `self + a × b`, rounded twice.
    #[inline(always)]
    pub(in crate::local::kernels) fn plus(self, a: Self, b: Self) -> Self {
        self + a * b
    }

    /// The polynomial of `first` and `coefficients`, the highest power first.
    #[inline(always)]
    pub(in crate::local::kernels) fn polynomial<const N: usize>(self, first: f32, coefficients: [f32; N]) -> Self {
        let start = Self::splat(first);
        coefficients.into_iter().fold(start, |sum, coefficient| Self::splat(coefficient).plus(sum, self))
    }

    /// Each vector with the other's.
    #[inline(always)]
    pub(in crate::local::kernels) fn join(self, other: Self, join: impl Fn(F32x4, F32x4) -> F32x4) -> Self {
        Self(from_fn(|at| match (self.0.get(at), other.0.get(at)) {
            (Some(&a), Some(&b)) => join(a, b),
            _ => F32x4::splat(0.0),
        }))
    }
}

impl Add for Vectors {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.join(other, |a, b| a + b)
    }
}

impl Sub for Vectors {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.join(other, |a, b| a - b)
    }
}

impl Mul for Vectors {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.join(other, |a, b| a * b)
    }
}

impl Div for Vectors {
    type Output = Self;

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.join(other, |a, b| a / b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polynomial_is_horner_s() {
        let at = from_fn(|at| [0.0, 1.0, 2.0, -1.0][at % LANES]);
        let expected = from_fn(|at| [5.0, 4.0, 7.0, 10.0][at % LANES]);
        assert_eq!(Vectors::from_array(at).polynomial(2.0, [-3.0, 5.0]).to_array(), expected);
    }

    #[test]
    fn vectors_are_folded_in_their_order() {
        let numbers = Vectors::from_array(from_fn(|at| (at / LANES) as f32));
        let folded = numbers.fold(F32x4::splat(1.0), |folded, it| folded * F32x4::splat(10.0) + it);
        assert_eq!(folded.to_array(), [10_123.0; LANES]);
    }
}
