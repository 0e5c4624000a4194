//! Text in pieces. Not the standard's `split` and `split_once`: their searchers of patterns and bytes would be a thirtieth of
//! `remote.wasm`.

/// `text` before and after the first of these ASCII characters.
pub(crate) fn cut<'a>(text: &'a str, at: &[u8]) -> Option<(&'a str, &'a str)> {
    let place = text.bytes().position(|byte| is_any(byte, at))?;
    Some((text.get(..place)?, text.get(place + 1..)?))
}

/// What of `text` stands between these ASCII characters; empty pieces too.
pub(crate) fn pieces<'a>(text: &'a str, at: &'a [u8]) -> Pieces<'a> {
    Pieces { rest: Some(text), at }
}

/// Whether `byte` is one of `bytes`.
#[expect(clippy::manual_contains, reason = "it is the search by words of bytes, four hundred bytes of remote.wasm")]
pub(crate) fn is_any(byte: u8, bytes: &[u8]) -> bool {
    bytes.iter().any(|other| *other == byte)
}

/// What [`pieces`] gives.
pub(crate) struct Pieces<'a> {
    rest: Option<&'a str>,
    at: &'a [u8],
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let (piece, rest) = cut(rest, self.at).map_or((rest, None), |(piece, rest)| (piece, Some(rest)));
        self.rest = rest;
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_those_of_split() {
        for text in ["", " ", "a", "a b-c", "-a  b", "测 试-"] {
            assert_eq!(pieces(text, b" -").collect::<Vec<_>>(), text.split([' ', '-']).collect::<Vec<_>>(), "{text}");
            assert_eq!(cut(text, b"-"), text.split_once('-'), "{text}");
        }
    }
}
