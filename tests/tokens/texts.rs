//! Texts drawn at random: every script, and what breaks tokenizers.

/// A number generator whose numbers depend on the seed only (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// Blocks of scripts, first and last code point.
const SCRIPTS: [(u32, u32); 42] = [
    (0x20, 0x7e),
    (0xa0, 0x24f),
    (0x250, 0x2af),
    (0x300, 0x36f),
    (0x370, 0x3ff),
    (0x400, 0x52f),
    (0x530, 0x58f),
    (0x590, 0x5ff),
    (0x600, 0x6ff),
    (0x700, 0x8ff),
    (0x900, 0x97f),
    (0x980, 0xdff),
    (0xe00, 0xeff),
    (0xf00, 0xfff),
    (0x1000, 0x109f),
    (0x10a0, 0x10ff),
    (0x1100, 0x11ff),
    (0x1200, 0x137f),
    (0x13a0, 0x17ff),
    (0x1800, 0x1cff),
    (0x1d00, 0x1fff),
    (0x2000, 0x206f),
    (0x2070, 0x214f),
    (0x2150, 0x23ff),
    (0x2400, 0x27ff),
    (0x2800, 0x2bff),
    (0x2c00, 0x2e7f),
    (0x2e80, 0x303f),
    (0x3040, 0x30ff),
    (0x3100, 0x33ff),
    (0x3400, 0x4dbf),
    (0x4e00, 0x9fff),
    (0xa000, 0xabff),
    (0xac00, 0xd7ff),
    (0xe000, 0xf8ff),
    (0xf900, 0xfdff),
    (0xfe00, 0xffff),
    (0x10000, 0x11fff),
    (0x12000, 0x1cfff),
    (0x1d000, 0x1efff),
    (0x1f000, 0x1faff),
    (0x1fb00, 0x10ffff),
];

/// What is worth meeting more often than chance would have it.
const ODDITIES: [&str; 62] = [
    " ",
    "  ",
    "\t",
    "\n",
    "\r\n",
    "\u{a0}",
    "\u{3000}",
    "\u{2003}",
    "\u{1680}",
    "\u{85}",
    "\u{2028}",
    "▁",
    "▁▁",
    "▁a",
    "\u{200b}",
    "\u{200c}",
    "\u{200d}",
    "\u{2060}",
    "\u{feff}",
    "\u{ad}",
    "\u{34f}",
    "\u{61c}",
    "\u{202e}",
    "\u{0}",
    "\u{1}",
    "\u{7f}",
    "\u{9f}",
    "\u{fffd}",
    "\u{fffe}",
    "\u{10ffff}",
    "\u{378}",
    "\u{e000}",
    "e\u{301}",
    "\u{301}",
    "a\u{300}\u{323}\u{308}",
    "\u{344}",
    "\u{1e9b}\u{323}",
    "ﬁ",
    "㎏",
    "½",
    "①",
    "Ａｂ１",
    "ｶﾞ",
    "가",
    "가",
    "नि",
    "ำ",
    "👩\u{200d}👩\u{200d}👧",
    "🇨🇳🇰🇷",
    "👍🏽",
    "1\u{fe0f}\u{20e3}",
    "❤\u{fe0f}",
    "İ",
    "ß",
    "ς",
    "ŉ",
    "'s",
    "'ll",
    "##",
    "<s>",
    "[MASK]",
    "<0x41>",
];

/// Words that vocabularies know, so that their pieces are met.
const WORDS: [&str; 24] = [
    "the",
    "ranking",
    "tokenizer",
    "documents",
    "Zürich",
    "naïve",
    "l'été",
    "don't",
    "HELLO",
    "2024",
    "3.14",
    "a,b;c",
    "(x)",
    "http://a.b/c?d=e",
    "今天上海的天气",
    "感冒",
    "東京都",
    "とても",
    "カタカナ",
    "한국어",
    "Привет",
    "مرحبا",
    "नमस्ते",
    "สวัสดี",
];

/// One text, of a few characters to some hundreds.
pub(crate) fn text(random: &mut Random) -> String {
    let mut text = String::new();
    let scripts: Vec<(u32, u32)> = (0..1 + random.below(3)).map(|_| random.pick(&SCRIPTS)).collect();
    for _ in 0..random.below(40) {
        match random.below(10) {
            0..=2 => text.push_str(random.pick(&ODDITIES)),
            3 | 4 => text.push_str(random.pick(&WORDS)),
            5 => text.push(' '),
            _ => {
                let (first, last) = random.pick(&scripts);
                for _ in 0..1 + random.below(6) {
                    let code = first + random.below((last - first + 1) as usize) as u32;
                    text.extend(char::from_u32(code));
                }
            }
        }
    }
    text
}

/// Words of 100,000 characters and other texts that make slow programs visible.
pub(crate) fn long_texts() -> Vec<(&'static str, String)> {
    let mixed: String = ["가", "a", "的", "🙂", "e\u{301}"].concat().repeat(20_000);
    vec![
        ("one letter", "a".repeat(100_000)),
        ("one ideograph", "的".repeat(100_000)),
        ("signs of a space", "▁".repeat(100_000)),
        ("unknown characters", "\u{378}".repeat(100_000)),
        ("combining marks", format!("a{}", "\u{301}\u{323}".repeat(50_000))),
        ("spaces", format!("a{}b", " ".repeat(100_000))),
        ("mixed", mixed),
    ]
}
