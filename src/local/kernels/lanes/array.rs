//! Four numbers as an array, for targets whose vectors we do not use: the obvious version.

use std::array::from_fn;
use std::ops::{Add, Div, Mul, Sub};

use crate::local::kernels::lanes::LANES;

#[derive(Clone, Copy)]
pub(in crate::local::kernels) struct F32x4([f32; LANES]);

#[derive(Clone, Copy, Default)]
pub(in crate::local::kernels) struct I32x4([i32; LANES]);

impl F32x4 {
    pub(in crate::local::kernels) fn splat(it: f32) -> Self {
        Self([it; LANES])
    }

    pub(in crate::local::kernels) fn from_array(four: [f32; LANES]) -> Self {
        Self(four)
    }

    pub(in crate::local::kernels) fn to_array(self) -> [f32; LANES] {
        self.0
    }

    /// The larger of each two; the second where one is no number.
    pub(in crate::local::kernels) fn max(self, other: Self) -> Self {
        self.join(other, |a, b| if a > b { a } else { b })
    }

    /// The smaller of each two; the second where one is no number.
    pub(in crate::local::kernels) fn min(self, other: Self) -> Self {
        self.join(other, |a, b| if a < b { a } else { b })
    }

    pub(in crate::local::kernels) fn abs(self) -> Self {
        Self(self.0.map(f32::abs))
    }

    /// The third and the fourth before the first and the second.
    pub(in crate::local::kernels) fn halves_swapped(self) -> Self {
        let [a, b, c, d] = self.0;
        Self([c, d, a, b])
    }

    /// The second before the first, the fourth before the third.
    pub(in crate::local::kernels) fn neighbours_swapped(self) -> Self {
        let [a, b, c, d] = self.0;
        Self([b, a, d, c])
    }

    /// To the nearest whole numbers, ties to even; within ±2²².
    ///
    /// Added to 1.5 × 2²³, a number is rounded to its last bit, which there is worth one. What is no number becomes some number.
    pub(in crate::local::kernels) fn rounded(self) -> I32x4 {
        const WHOLE: f32 = 12_582_912.0;
        I32x4(self.0.map(|it| (it + WHOLE).to_bits().wrapping_sub(WHOLE.to_bits()) as i32))
    }

    /// Times 2 to these powers; numbers from ½ to 2, powers from -126 to 126.
    pub(in crate::local::kernels) fn times_power_of_two(self, powers: I32x4) -> Self {
        let power = powers.0.map(|it| f32::from_bits(it.wrapping_shl(23) as u32));
        self.join(Self(power), |it, power| f32::from_bits(it.to_bits().wrapping_add(power.to_bits())))
    }

    fn join(self, other: Self, each: impl Fn(f32, f32) -> f32) -> Self {
        Self(from_fn(|lane| match (self.0.get(lane), other.0.get(lane)) {
            (Some(&a), Some(&b)) => each(a, b),
            _ => 0.0,
        }))
    }
}

impl I32x4 {
    pub(in crate::local::kernels) fn from_array(four: [i32; LANES]) -> Self {
        Self(four)
    }

    pub(in crate::local::kernels) fn to_array(self) -> [i32; LANES] {
        self.0
    }

    pub(in crate::local::kernels) fn to_f32(self) -> F32x4 {
        F32x4(self.0.map(|it| it as f32))
    }

    /// Of eight numbers of sixteen bits each two side by side, as one lane.
    pub(in crate::local::kernels) fn from_pairs([a, b, c, d, e, f, g, h]: [i16; 2 * LANES]) -> Self {
        Self([[a, b], [c, d], [e, f], [g, h]].map(pair))
    }

    /// The eight numbers of sixteen bits that lie in the lanes.
    pub(in crate::local::kernels) fn to_pairs(self) -> [i16; 2 * LANES] {
        let [[a, b], [c, d], [e, f], [g, h]] = self.0.map(|it| [it as i16, (it >> 16) as i16]);
        [a, b, c, d, e, f, g, h]
    }

    /// In each lane the lower sixteen bits of both, this one's first.
    pub(in crate::local::kernels) fn pairs(self, others: Self) -> Self {
        Self(from_fn(|lane| match (self.0.get(lane), others.0.get(lane)) {
            (Some(&a), Some(&b)) => pair([a as i16, b as i16]),
            _ => 0,
        }))
    }

    /// These four and `others` in sixteen bits; beyond them the nearest within.
    pub(in crate::local::kernels) fn narrow(self, others: Self) -> Self {
        let Self([a, b, c, d]) = self;
        let Self([e, f, g, h]) = others;
        Self::from_pairs([a, b, c, d, e, f, g, h].map(|it| it.clamp(i16::MIN.into(), i16::MAX.into()) as i16))
    }

    /// In each lane the four's numbers of 0..=255 as bytes, the first one's lowest.
    pub(in crate::local::kernels) fn bytes(four: [Self; 4]) -> Self {
        let lanes = four.into_iter().zip((0..).step_by(8));
        lanes.fold(Self::default(), |bytes, (it, place)| bytes.plus(1 << place, it))
    }

    /// The first lanes of four, their second lanes, ...
    pub(in crate::local::kernels) fn transposed([a, b, c, d]: [Self; LANES]) -> [Self; LANES] {
        let ([a, e, i, m], [b, f, j, n], [c, g, k, o], [d, h, l, p]) = (a.0, b.0, c.0, d.0);
        [[a, b, c, d], [e, f, g, h], [i, j, k, l], [m, n, o, p]].map(Self)
    }

    /// `self + factor × other`
    pub(in crate::local::kernels) fn plus(self, factor: i32, other: Self) -> Self {
        Self(from_fn(|lane| match (self.0.get(lane), other.0.get(lane)) {
            (Some(a), Some(b)) => a.wrapping_add(factor.wrapping_mul(*b)),
            _ => 0,
        }))
    }
}

/// The first number in the lower half.
fn pair([low, high]: [i16; 2]) -> i32 {
    i32::from(high) << 16 | i32::from(low as u16)
}

impl Add for I32x4 {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.plus(1, other)
    }
}

impl Add for F32x4 {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.join(other, |a, b| a + b)
    }
}

impl Sub for F32x4 {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.join(other, |a, b| a - b)
    }
}

impl Mul for F32x4 {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        self.join(other, |a, b| a * b)
    }
}

impl Div for F32x4 {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        self.join(other, |a, b| a / b)
    }
}
