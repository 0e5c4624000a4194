//! SentencePiece's precompiled character map: a double array of what is replaced, and the replacements.
//!
//! As the `spm_precompiled` crate reads it, which says of itself that it is odd and right: a grapheme of fewer than 6
//! bytes is looked up as a whole, where the shortest entry it begins with replaces all of it; failing that, and for
//! longer ones, each of its characters is.

use unicode_segmentation::UnicodeSegmentation;

use crate::error::{Error, ErrorKind, Result};
use crate::local::tokens::glyphs::{Glyph, spelled};

/// A grapheme of as many bytes or more is looked up by its characters only.
const LONG_GRAPHEME: usize = 6;

/// The map.
pub(super) struct Charsmap {
    /// Units of Darts-clone, the double array SentencePiece uses.
    units: Vec<u32>,
    /// Replacements, each ended by a NUL.
    replacements: String,
}

impl Charsmap {
    /// Reads the base64 of `precompiled_charsmap`: bytes of the array as u32, little-endian; the array; replacements.
    pub(super) fn from_base64(text: &str) -> Result<Self> {
        let read = || {
            let bytes = base64(text)?;
            let (size, rest) = bytes.split_first_chunk::<4>()?;
            let (units, replacements) = rest.split_at_checked(u32::from_le_bytes(*size) as usize / 4 * 4)?;
            let unit = |unit: &[u8]| unit.try_into().map_or(0, u32::from_le_bytes);
            let units: Vec<u32> = units.chunks_exact(4).map(unit).collect();
            Some(Self { units, replacements: String::from_utf8(replacements.to_vec()).ok()? })
        };
        let message = "normalizer Precompiled: expected the base64 of a SentencePiece charsmap";
        read().ok_or_else(|| Error::new(ErrorKind::BadTokenizer, message))
    }

    /// Replaces what the map has replacements for.
    pub(super) fn apply(&self, glyphs: &mut Vec<Glyph>) {
        let text = spelled(glyphs);
        let mut new = Replaced { glyphs: Vec::with_capacity(glyphs.len()), dropped: None };
        let mut rest = glyphs.as_slice();
        for grapheme in text.graphemes(true) {
            let (old, later) = rest.split_at_checked(grapheme.chars().count()).unwrap_or((rest, &[]));
            rest = later;
            let whole = if grapheme.len() < LONG_GRAPHEME { self.replacement(grapheme) } else { None };
            if let Some(replacement) = whole {
                new.replace(old, replacement);
                continue;
            }
            for glyph in old {
                match self.replacement(glyph.char.encode_utf8(&mut [0; 4])) {
                    Some(replacement) => new.replace(std::slice::from_ref(glyph), replacement),
                    None => new.push(*glyph),
                }
            }
        }
        *glyphs = new.glyphs;
    }

    /// The replacement of the shortest entry `text` begins with.
    fn replacement(&self, text: &str) -> Option<&str> {
        let start = self.shortest_entry(text.as_bytes())?;
        let replacement = self.replacements.get(start..)?;
        replacement.split('\0').next()
    }

    fn shortest_entry(&self, text: &[u8]) -> Option<usize> {
        let mut at = offset(*self.units.first()?);
        for &byte in text.iter().take_while(|&&byte| byte != 0) {
            at ^= usize::from(byte);
            let unit = *self.units.get(at)?;
            if unit & LABEL != u32::from(byte) {
                return None;
            }
            at ^= offset(unit);
            if unit & HAS_LEAF != 0 {
                return self.units.get(at).map(|leaf| (leaf & VALUE) as usize);
            }
        }
        None
    }
}

const LABEL: u32 = 1 << 31 | 0xff;
const HAS_LEAF: u32 = 1 << 8;
const VALUE: u32 = (1 << 31) - 1;

/// Where the children of a unit are, relative to it: 22 bits, and a bit that says whether they count in 256s.
fn offset(unit: u32) -> usize {
    ((unit >> 10) << ((unit & 1 << 9) >> 6)) as usize
}

/// The text so far.
struct Replaced {
    glyphs: Vec<Glyph>,
    /// Where what was dropped at the very beginning began.
    dropped: Option<u32>,
}

impl Replaced {
    fn push(&mut self, glyph: Glyph) {
        let start = self.dropped.take().unwrap_or(glyph.start);
        self.glyphs.push(Glyph { start, ..glyph });
    }

    /// Character by character; what there is too little or too much of belongs to the last one.
    fn replace(&mut self, old: &[Glyph], by: &str) {
        let Some(last) = old.last() else { return };
        for (at, char) in by.chars().enumerate() {
            self.push(Glyph { char, ..*old.get(at).unwrap_or(last) });
        }
        match self.glyphs.last_mut() {
            Some(before) => before.end = last.end,
            None => self.dropped = self.dropped.or_else(|| old.first().map(|first| first.start)),
        }
    }
}

/// RFC 4648, padded, nothing else between.
fn base64(text: &str) -> Option<Vec<u8>> {
    let bare = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - bare.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(bare.len() / 4 * 3 + 2);
    for group in bare.as_bytes().chunks(4) {
        let [_, whole @ ..] = group_of(group)?.to_be_bytes();
        bytes.extend_from_slice(whole.get(..group.len() * 3 / 4)?);
    }
    Some(bytes)
}

/// Up to four digits, the first one's bits first, of 24. A call of its own as `Vocabulary::find_by_hash` is.
#[inline(never)]
fn group_of(digits: &[u8]) -> Option<u32> {
    let mut bits = 0;
    for &byte in digits {
        let sextet = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(sextet);
    }
    Some(bits << (6 * (4 - digits.len())))
}
