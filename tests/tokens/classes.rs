//! The table of character classes against the libraries whose classes they are, for every code point.
//!
//! `UPDATE=1 cargo test --test tokens classes` writes the table anew.

use regex::Regex;
use unicode_categories::UnicodeCategories;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/local/tokens/classes.txt");

/// Lengths of runs outside and inside, in turn, from U+0000, in base 36; the last run outside is left out.
fn line(is_inside: impl Fn(char) -> bool) -> String {
    let mut runs = Vec::new();
    let (mut start, mut inside) = (0, false);
    for code in 0..=0x10_ffff_u32 {
        // Surrogates are no characters: whatever run they fall into is right.
        let Some(char) = char::from_u32(code) else { continue };
        if is_inside(char) != inside {
            runs.push(base36(code - start));
            (start, inside) = (code, !inside);
        }
    }
    if inside {
        runs.push(base36(0x11_0000 - start));
    }
    runs.join(" ")
}

fn base36(mut number: u32) -> String {
    let mut digits = vec![];
    loop {
        digits.push(char::from_digit(number % 36, 36).expect("below 36"));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

#[test]
fn classes_are_those_of_the_originals_libraries() {
    let of_regex = |pattern: &str| {
        let regex = Regex::new(pattern).expect("a pattern");
        line(|char| regex.is_match(char.encode_utf8(&mut [0; 4])))
    };
    let lines = [
        of_regex(r"\p{L}"),
        of_regex(r"\p{N}"),
        of_regex(r"\w"),
        line(UnicodeCategories::is_punctuation),
        line(UnicodeCategories::is_mark_nonspacing),
        line(UnicodeCategories::is_other),
    ];
    let table: String = lines.iter().map(|line| format!("{line}\n")).collect();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(PATH, &table).expect("the table can be written");
    }
    assert!(include_str!("../../src/local/tokens/classes.txt") == table, "the table is out of date: run with UPDATE=1");
}

#[test]
fn white_space_and_numerals_are_the_same_in_regex_and_std() {
    let (space, number) = (Regex::new(r"\s").expect("a pattern"), Regex::new(r"\d").expect("a pattern"));
    for char in '\0'..=char::MAX {
        let text = char.to_string();
        assert_eq!(space.is_match(&text), char.is_whitespace(), "{char:?}");
        assert!(!number.is_match(&text) || char.is_numeric(), "{char:?}");
    }
}
