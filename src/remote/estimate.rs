//! Tokens as Qianfan's pages estimate them: Han characters + words × 1.3. A word is a run of other letters, marks and digits.
//! The twin of `pkg-template/estimate.js`; one golden holds both.

/// Tenths of a token that a Han character, and a word, count.
const HAN_TENTHS: usize = 10;
const WORD_TENTHS: usize = 13;

/// Characters (Unicode scalar values) and tokens of what was read so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meter {
    /// Characters.
    pub characters: usize,
    /// Tenths of a token: whole numbers, so that cuts are exact.
    pub tenths: usize,
    /// Whether the last character was one of a word.
    pub in_word: bool,
}

impl Meter {
    /// Counts one more character.
    pub fn read(&mut self, character: char) {
        let is_word = is_of_a_word(character);
        self.characters += 1;
        self.tenths += match character {
            _ if is_han(character) => HAN_TENTHS,
            _ if is_word && !self.in_word => WORD_TENTHS,
            _ => 0,
        };
        self.in_word = is_word;
    }

    /// Tokens, rounded up.
    pub fn tokens(&self) -> usize {
        self.tenths.div_ceil(10)
    }
}

/// Characters and tokens of `text`.
pub fn measure(text: &str) -> Meter {
    let mut meter = Meter::default();
    text.chars().for_each(|character| meter.read(character));
    meter
}

/// Whether `character` is of the Han script.
fn is_han(character: char) -> bool {
    within(character, HAN)
}

/// Whether `character` is a letter, mark or digit of another script.
pub fn is_of_a_word(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric();
    }
    !is_han(character) && !within(character, NOT_OF_WORDS)
}

fn within(character: char, ranges: &[(u32, u32)]) -> bool {
    let code = u32::from(character);
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&code))
}

/// The Han script, with the gaps that hold no character of another one.
const HAN: &[(u32, u32)] = &[
    (0x2e80, 0x2fd5),
    (0x3005, 0x3005),
    (0x3007, 0x3007),
    (0x3021, 0x3029),
    (0x3038, 0x303b),
    (0x3400, 0x4dbf),
    (0x4e00, 0x9fff),
    (0xf900, 0xfad9),
    (0x2_0000, 0x3_ffff),
];

/// Blocks beyond ASCII of punctuation, signs and pictures. Punctuation inside the blocks of letters is not listed: it stands
/// beside a word and ends none, and the host's tables would be two kilobytes of `remote.wasm`.
const NOT_OF_WORDS: &[(u32, u32)] = &[
    (0x80, 0xa9),
    (0xab, 0xb1),
    (0xb4, 0xb4),
    (0xb6, 0xb8),
    (0xbb, 0xbb),
    (0xbf, 0xbf),
    (0xd7, 0xd7),
    (0xf7, 0xf7),
    (0x2000, 0x206f),
    (0x20a0, 0x20cf),
    (0x2190, 0x245f),
    (0x2500, 0x2775),
    (0x2794, 0x2bff),
    (0x2e00, 0x2e7f),
    (0x2fe0, 0x3004),
    (0x3008, 0x3020),
    (0x3030, 0x3030),
    (0x3036, 0x3037),
    (0x303d, 0x3040),
    (0x309b, 0x309c),
    (0x30a0, 0x30a0),
    (0x30fb, 0x30fb),
    (0x31c0, 0x31ef),
    (0x3200, 0x33ff),
    (0xe000, 0xf8ff),
    (0xfe10, 0xfe1f),
    (0xfe30, 0xfe6f),
    (0xfeff, 0xff0f),
    (0xff1a, 0xff20),
    (0xff3b, 0xff40),
    (0xff5b, 0xff65),
    (0xffe0, 0xffff),
    (0x1_d000, 0x1_d3ff),
    (0x1_f000, 0x1_fbef),
    (0xe_0000, 0xe_007f),
    (0xf_0000, 0x10_ffff),
];
