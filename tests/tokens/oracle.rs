//! Hugging Face's tokenizer beside ours, made from the same file.

use rerank_wasm::local::tokens::Tokenizer;

/// Both readers of one tokenizer.json.
pub(crate) struct Both {
    pub(crate) name: String,
    pub(crate) ours: Tokenizer,
    pub(crate) theirs: tokenizers::Tokenizer,
    /// Whether their offsets are to be trusted: they slip where characters are dropped.
    pub(crate) has_true_offsets: bool,
}

impl Both {
    pub(crate) fn new(name: &str, json: &[u8]) -> Self {
        let ours = Tokenizer::from_json(json).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut theirs = tokenizers::Tokenizer::from_bytes(json).unwrap_or_else(|error| panic!("{name}: {error}"));
        theirs.with_padding(None).with_truncation(None).expect("no truncation");
        // It only moves offsets here, since no special tokens are asked for.
        theirs.with_post_processor(None::<tokenizers::PostProcessorWrapper>);
        Self { name: name.to_owned(), ours, theirs, has_true_offsets: true }
    }

    /// What differs on this text, in words; `None` if nothing does.
    pub(crate) fn difference(&self, text: &str) -> Option<String> {
        let ours = self.ours.tokens(text);
        let theirs = self.theirs.encode(text, false);
        match (ours, theirs) {
            (Err(_), Err(_)) => None,
            (Ok(ours), Ok(theirs)) if ours.ids == theirs.get_ids() => {
                let spans: Vec<_> = ours.spans.iter().map(|span| (span.start, span.end)).collect();
                let theirs = theirs.get_offsets();
                spans_difference(text, &spans, if self.has_true_offsets { theirs } else { &spans })
            }
            (Ok(ours), Ok(theirs)) => {
                let at = ours.ids.iter().zip(theirs.get_ids()).take_while(|(ours, theirs)| ours == theirs).count();
                let part = |ids: &[u32]| format!("{:?}", &ids[at.min(ids.len())..(at + 6).min(ids.len())]);
                let near = theirs.get_offsets().get(at).map_or("", |&(start, _)| text.get(start..).unwrap_or("?"));
                let near: String = near.chars().take(12).collect();
                let found = format!("{} against their {}", part(&ours.ids), part(theirs.get_ids()));
                Some(format!("token {at} of {}: {found} at {near:?}", theirs.len()))
            }
            (Ok(_), Err(error)) => Some(format!("they fail: {error}")),
            (Err(error), Ok(_)) => Some(format!("we fail: {error}")),
        }
    }
}

/// Ours begin where theirs do, on characters of the text, from left to right.
fn spans_difference(text: &str, ours: &[(usize, usize)], theirs: &[(usize, usize)]) -> Option<String> {
    // Where a character map drops characters, their offsets slip by as many.
    let slips = text.contains(|char: char| char.is_control() && !char.is_whitespace());
    let mut before = 0;
    for (at, (&(start, end), &(their_start, their_end))) in ours.iter().zip(theirs).enumerate() {
        let on_characters = text.is_char_boundary(start) && text.is_char_boundary(end) && start <= end;
        let as_theirs = start == their_start || slips;
        if !on_characters || start < before || !as_theirs {
            return Some(format!("span {at}: {start}..{end} against their {their_start}..{their_end}"));
        }
        before = start;
    }
    None
}
