//! Four numbers as one 128-bit vector.

use std::arch::wasm32::{
    f32x4_abs, f32x4_add, f32x4_convert_i32x4, f32x4_div, f32x4_extract_lane, f32x4_mul, f32x4_pmax, f32x4_pmin,
    f32x4_splat, f32x4_sub, i16x8, i16x8_extract_lane as half, i16x8_narrow_i32x4, i32x4, i32x4_add,
    i32x4_extract_lane as lane, i32x4_mul, i32x4_shl, i32x4_shuffle, i32x4_splat, i32x4_sub, i64x2_shuffle, v128,
    v128_and, v128_or,
};
use std::ops::{Add, Div, Mul, Sub};

use crate::local::kernels::lanes::LANES;

#[derive(Clone, Copy)]
pub(in crate::local::kernels) struct F32x4(v128);

#[derive(Clone, Copy)]
pub(in crate::local::kernels) struct I32x4(pub(in crate::local::kernels) v128);

impl Default for I32x4 {
    #[inline(always)]
    fn default() -> Self {
        Self(i32x4_splat(0))
    }
}

impl F32x4 {
    #[inline(always)]
    pub(in crate::local::kernels) fn splat(it: f32) -> Self {
        Self(f32x4_splat(it))
    }

    #[inline(always)]
    pub(in crate::local::kernels) fn from_array(four: [f32; LANES]) -> Self {
        let [a, b, c, d] = four.map(|it| it.to_bits() as i32);
        Self(i32x4(a, b, c, d))
    }

    #[inline(always)]
    pub(in crate::local::kernels) fn to_array(self) -> [f32; LANES] {
        let Self(it) = self;
        [
            f32x4_extract_lane::<0>(it),
            f32x4_extract_lane::<1>(it),
            f32x4_extract_lane::<2>(it),
            f32x4_extract_lane::<3>(it),
        ]
    }

    /// The larger of each two; the second where one is no number. One instruction on x86, where `f32x4.max` takes seven.
    #[inline(always)]
    pub(in crate::local::kernels) fn max(self, other: Self) -> Self {
        // pmax(a, b) is `a < b ? b : a`.
        Self(f32x4_pmax(other.0, self.0))
    }

    /// The smaller of each two; the second where one is no number.
    #[inline(always)]
    pub(in crate::local::kernels) fn min(self, other: Self) -> Self {
        // pmin(a, b) is `b < a ? b : a`.
        Self(f32x4_pmin(other.0, self.0))
    }

    #[inline(always)]
    pub(in crate::local::kernels) fn abs(self) -> Self {
        Self(f32x4_abs(self.0))
    }

    /// The third and the fourth before the first and the second.
    #[inline(always)]
    pub(in crate::local::kernels) fn halves_swapped(self) -> Self {
        Self(i32x4_shuffle::<2, 3, 0, 1>(self.0, self.0))
    }

    /// The second before the first, the fourth before the third.
    #[inline(always)]
    pub(in crate::local::kernels) fn neighbours_swapped(self) -> Self {
        Self(i32x4_shuffle::<1, 0, 3, 2>(self.0, self.0))
    }

    /// To the nearest whole numbers, ties to even; within ±2²².
    ///
    /// Added to 1.5 × 2²³, a number is rounded to its last bit, which there is worth one. What is no number becomes some number.
    #[inline(always)]
    pub(in crate::local::kernels) fn rounded(self) -> I32x4 {
        let whole = f32x4_splat(12_582_912.0);
        I32x4(i32x4_sub(f32x4_add(self.0, whole), whole))
    }

    /// Times 2 to these powers; numbers from ½ to 2, powers from -126 to 126.
    #[inline(always)]
    pub(in crate::local::kernels) fn times_power_of_two(self, powers: I32x4) -> Self {
        Self(i32x4_add(self.0, i32x4_shl(powers.0, 23)))
    }
}

impl I32x4 {
    #[inline(always)]
    pub(in crate::local::kernels) fn from_array([a, b, c, d]: [i32; LANES]) -> Self {
        Self(i32x4(a, b, c, d))
    }

    #[inline(always)]
    pub(in crate::local::kernels) fn to_array(self) -> [i32; LANES] {
        [lane::<0>(self.0), lane::<1>(self.0), lane::<2>(self.0), lane::<3>(self.0)]
    }

    #[inline(always)]
    pub(in crate::local::kernels) fn to_f32(self) -> F32x4 {
        F32x4(f32x4_convert_i32x4(self.0))
    }

    /// Of eight numbers of sixteen bits each two side by side, as one lane.
    #[inline(always)]
    pub(in crate::local::kernels) fn from_pairs([a, b, c, d, e, f, g, h]: [i16; 2 * LANES]) -> Self {
        Self(i16x8(a, b, c, d, e, f, g, h))
    }

    /// The eight numbers of sixteen bits that lie in the lanes.
    #[inline(always)]
    pub(in crate::local::kernels) fn to_pairs(self) -> [i16; 2 * LANES] {
        let it = self.0;
        [
            half::<0>(it),
            half::<1>(it),
            half::<2>(it),
            half::<3>(it),
            half::<4>(it),
            half::<5>(it),
            half::<6>(it),
            half::<7>(it),
        ]
    }

    /// In each lane the lower sixteen bits of both, this one's first.
    #[inline(always)]
    pub(in crate::local::kernels) fn pairs(self, others: Self) -> Self {
        Self(v128_or(v128_and(self.0, i32x4_splat(0xffff)), i32x4_shl(others.0, 16)))
    }

    /// These four and `others` in sixteen bits; beyond them the nearest within.
    #[inline(always)]
    pub(in crate::local::kernels) fn narrow(self, others: Self) -> Self {
        Self(i16x8_narrow_i32x4(self.0, others.0))
    }

    /// In each lane the four's numbers of 0..=255 as bytes, the first one's lowest.
    #[inline(always)]
    pub(in crate::local::kernels) fn bytes([a, b, c, d]: [Self; 4]) -> Self {
        let (low, high) = (v128_or(a.0, i32x4_shl(b.0, 8)), v128_or(i32x4_shl(c.0, 16), i32x4_shl(d.0, 24)));
        Self(v128_or(low, high))
    }

    /// The first lanes of four, their second lanes, ...
    #[inline(always)]
    pub(in crate::local::kernels) fn transposed([a, b, c, d]: [Self; LANES]) -> [Self; LANES] {
        let low = [i32x4_shuffle::<0, 4, 1, 5>(a.0, b.0), i32x4_shuffle::<0, 4, 1, 5>(c.0, d.0)];
        let high = [i32x4_shuffle::<2, 6, 3, 7>(a.0, b.0), i32x4_shuffle::<2, 6, 3, 7>(c.0, d.0)];
        let first = |[a, b]: [v128; 2]| Self(i64x2_shuffle::<0, 2>(a, b));
        let second = |[a, b]: [v128; 2]| Self(i64x2_shuffle::<1, 3>(a, b));
        [first(low), second(low), first(high), second(high)]
    }

    /// `self + factor × other`
    #[inline(always)]
    pub(in crate::local::kernels) fn plus(self, factor: i32, other: Self) -> Self {
        Self(i32x4_add(self.0, i32x4_mul(i32x4_splat(factor), other.0)))
    }
}

impl Add for I32x4 {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(i32x4_add(self.0, other.0))
    }
}

impl Add for F32x4 {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(f32x4_add(self.0, other.0))
    }
}

impl Sub for F32x4 {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(f32x4_sub(self.0, other.0))
    }
}

impl Mul for F32x4 {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(f32x4_mul(self.0, other.0))
    }
}

impl Div for F32x4 {
    type Output = Self;

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self(f32x4_div(self.0, other.0))
    }
}
