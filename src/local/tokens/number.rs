//! Decimal digits → f64, rounded as serde_json rounds them.
//!
//! The scores of a Unigram vocabulary are compared with each other, and the original reads them with serde_json, whose
//! quick way (`significand × 10^exponent`) is off by a bit now and then.

/// The digits of a number as far as they fit, and where the point belongs.
#[derive(Default)]
pub(super) struct Digits {
    significand: u64,
    exponent: i32,
    is_full: bool,
}

impl Digits {
    /// A digit in front of the point.
    pub(super) fn whole(&mut self, digit: u8) {
        if !self.push(digit) {
            self.exponent = self.exponent.saturating_add(1);
        }
    }

    /// A digit behind the point.
    pub(super) fn fraction(&mut self, digit: u8) {
        if self.push(digit) {
            self.exponent = self.exponent.saturating_sub(1);
        }
    }

    /// Moves the point by `places` to the right.
    pub(super) fn shift(&mut self, places: i32) {
        self.exponent = self.exponent.saturating_add(places);
    }

    fn push(&mut self, digit: u8) -> bool {
        // Not `checked_mul`, which multiplies in 128 bits: a vocabulary has four million digits.
        const ALL_BUT_ONE: u64 = u64::MAX / 10;
        const LAST: u64 = u64::MAX % 10;
        let digit = u64::from(digit);
        self.is_full |= self.significand > ALL_BUT_ONE || (self.significand == ALL_BUT_ONE && digit > LAST);
        if !self.is_full {
            self.significand = self.significand * 10 + digit;
        }
        !self.is_full
    }

    /// Infinite where it is beyond f64.
    pub(super) fn value(&self) -> f64 {
        let mut value = self.significand as f64;
        let mut exponent = self.exponent;
        // Powers of ten end at 308; a subnormal number is divided twice.
        while exponent < -308 && value != 0.0 {
            value /= 1e308;
            exponent = exponent.saturating_add(308);
        }
        if value == 0.0 {
            value
        } else if exponent < 0 {
            value / power(-exponent)
        } else {
            value * power(exponent)
        }
    }
}

/// `10^exponent`, correctly rounded.
fn power(exponent: i32) -> f64 {
    const EXACT: [f64; 23] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ];
    let exact = usize::try_from(exponent).ok().and_then(|at| EXACT.get(at).copied());
    exact.or_else(|| format!("1e{exponent}").parse().ok()).unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(whole: &str, fraction: &str, exponent: i32) -> f64 {
        let mut digits = Digits::default();
        whole.bytes().for_each(|byte| digits.whole(byte - b'0'));
        fraction.bytes().for_each(|byte| digits.fraction(byte - b'0'));
        digits.shift(exponent);
        digits.value()
    }

    #[test]
    fn the_significand_is_rounded_and_then_what_the_power_of_ten_makes_of_it() {
        assert_eq!(read("13", "527799606323242", 0), 13_527_799_606_323_242_u64 as f64 / 1e15);
        assert_eq!(read("1", "5", 300), 15.0 * 1e299);
        assert_eq!(read("4", "9", -324), 49.0 / 1e308 / 1e17);
        assert_eq!(read("0", "0", 400), 0.0);
        assert_eq!(read("1", "0", -400), 0.0);
        assert!(read("1", "0", 309).is_infinite());
    }

    #[test]
    fn digits_that_do_not_fit_only_move_the_point() {
        let long = "12345678901234567890123";
        assert_eq!(read(long, long, 0), 12_345_678_901_234_567_890_u64 as f64 * 1e3);
        assert_eq!(read("0", long, 0), 12_345_678_901_234_567_890_u64 as f64 / 1e20);
    }
}
