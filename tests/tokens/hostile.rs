//! Texts made to break a reader rather than to be met: added tokens side by side, half and nested; characters that become many,
//! and many that become one; what JavaScript makes of half a surrogate pair; words without an end.

use crate::files::{file, shared};
use crate::oracle::Both;
use crate::texts::{Random, text};
use crate::variants;

/// Added tokens of the tokenizers at hand, whole, cut and in other characters that normalizers make them of.
const TOKENS: [&str; 25] = [
    "<s>",
    "</s>",
    "<pad>",
    "<unk>",
    "<mask>",
    "[CLS]",
    "[SEP]",
    "[UNK]",
    "[MASK]",
    "<mas",
    "ask>",
    "<",
    "/s>",
    "[",
    "SEP]",
    "＜ｓ＞",
    "＜mask＞",
    "［ＳＥＰ］",
    "<ｍask>",
    "<MASK>",
    "[mask]",
    "the",
    "e\u{301}",
    "感冒",
    "tokenizer ranking",
];

/// One character that becomes many, many that become one, and what is dropped.
const CHANGING: [&str; 40] = [
    "\u{fdfa}",
    "\u{fdfb}",
    "㍿",
    "㌔",
    "㍐",
    "⒙",
    "⑽",
    "ǆ",
    "Ǆ",
    "ﬃ",
    "ﬅ",
    "ŉ",
    "ΐ",
    "ﾞ",
    "ﾊﾟ",
    "ｳﾞ",
    "が",
    "か\u{3099}",
    "ᄀ",
    "ᅡ",
    "ᆨ",
    "각",
    "\u{1100}\u{1161}\u{11a8}\u{11a8}",
    "ﷲ",
    "ﻻ",
    "\u{0e33}",
    "\u{0eb3}",
    "\u{0fb3}",
    "\u{2126}",
    "\u{212b}",
    "𝐀",
    "𝟘",
    "\u{1d160}",
    "\u{fb1d}",
    "\u{2fa1d}",
    "\u{ad}",
    "\u{fe0f}",
    "\u{e0020}",
    "\u{180e}",
    "\u{fffd}",
];

/// What stands between.
const BETWEEN: [&str; 12] = ["", "", "", " ", "  ", "\u{a0}", "\u{3000}", "\u{200b}", "\u{301}", "\u{200d}", "\n", "▁"];

fn hostile(random: &mut Random) -> String {
    let mut made = String::new();
    for _ in 0..1 + random.below(24) {
        let part = match random.below(8) {
            0..=2 => random.pick(&TOKENS).to_owned(),
            3..=5 => random.pick(&CHANGING).to_owned(),
            6 => random.pick(&CHANGING).repeat(1 + random.below(300)),
            _ => text(random),
        };
        made.push_str(&part);
        made.push_str(random.pick(&BETWEEN));
    }
    if random.below(6) == 0 {
        let unit = format!("{}{}", random.pick(&CHANGING), random.pick(&TOKENS));
        made.push_str(&unit.repeat(1 + random.below(400)));
    }
    made
}

/// As many as [`crate::equality::cases`] says of all texts.
fn assert_equal(both: &Both, count: u64) {
    let difference = |seed: u64| {
        let text = hostile(&mut Random(seed ^ 0xb0b));
        let short: String = text.chars().take(200).collect();
        both.difference(&text).map(|difference| format!("seed {seed}: {difference}\n  {short:?}"))
    };
    let differences: Vec<String> = (0..count).filter_map(difference).take(4).collect();
    assert!(differences.is_empty(), "{}\n{}", both.name, differences.join("\n"));
}

#[test]
fn hostile_texts_are_read_as_the_originals_read_them() {
    let count = crate::equality::cases(5);
    assert_equal(&Both::new("default", &file("model/tokenizer.json").expect("the default model's")), count);
    for (name, path) in [("bert-base-uncased", "wordpiece/tokenizer.json"), ("XLM-R", "xlmr/tokenizer.json.gz")] {
        if let Some(json) = shared(path) {
            assert_equal(&Both::new(name, &json), count);
        }
    }
}

#[test]
fn hostile_texts_are_read_so_by_tokenizers_of_every_make() {
    for seed in 0..crate::equality::cases(5) / 5 {
        assert_equal(&variants::drawn(&mut Random(!seed ^ 0xfeed)), 5);
    }
}
