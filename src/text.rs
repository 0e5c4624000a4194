//! Sentences, put together of pieces. Not `format!`: its machinery for widths, signs and alignments would be a twentieth of
//! `remote.wasm`, and here pieces only follow each other.

/// A [`String`] of pieces in their order: strings, and whole numbers in decimal digits.
///
/// `text![in place; …]` adds them to a [`String`] that is there.
macro_rules! text {
    (in $text:ident; $($piece:expr),+ $(,)?) => {{
        $($crate::text::Piece::add_to(&$piece, &mut $text);)+
    }};
    ($($piece:expr),+ $(,)?) => {{
        let mut text = String::new();
        $($crate::text::Piece::add_to(&$piece, &mut text);)+
        text
    }};
}

pub(crate) use text;

/// What [`text!`] takes.
pub(crate) trait Piece {
    /// Writes it at the end of `text`.
    fn add_to(&self, text: &mut String);
}

impl Piece for str {
    fn add_to(&self, text: &mut String) {
        text.push_str(self);
    }
}

impl Piece for String {
    fn add_to(&self, text: &mut String) {
        self.as_str().add_to(text);
    }
}

impl<T: Piece + ?Sized> Piece for &T {
    fn add_to(&self, text: &mut String) {
        (**self).add_to(text);
    }
}

impl Piece for u64 {
    fn add_to(&self, text: &mut String) {
        if *self >= 10 {
            (self / 10).add_to(text);
        }
        text.push(char::from(b'0' + (self % 10) as u8));
    }
}

impl Piece for i64 {
    fn add_to(&self, text: &mut String) {
        if *self < 0 {
            text.push('-');
        }
        self.unsigned_abs().add_to(text);
    }
}

macro_rules! smaller_numbers {
    ($($number:ty),+) => {$(
        impl Piece for $number {
            fn add_to(&self, text: &mut String) {
                (*self as u64).add_to(text);
            }
        }
    )+};
}

smaller_numbers!(u16, u32, usize);

#[cfg(test)]
mod tests {
    #[test]
    fn pieces_read_as_format_would_write_them() {
        let (name, owned) = ("documents", String::from("测试"));
        assert_eq!(text![name, "[", 7_usize, "]: ", owned, " ", u64::MAX], format!("{name}[7]: {owned} {}", u64::MAX));
        assert_eq!(text![i64::MIN, " ", -1_i64, " ", 0_u16, " ", 10_u32], format!("{} -1 0 10", i64::MIN));
    }
}
