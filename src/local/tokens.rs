//! Text → token ids, as Hugging Face `tokenizers` gives them. The only file that knows the tokenizer.

use std::ops::Range;

use tokenizers::{Encoding, Token};

use crate::error::{Error, ErrorKind, Result};
use crate::local::pair::{PairTemplate, Special};

/// What the model reads of one text, separators not included.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    /// Token ids.
    pub ids: Vec<u32>,
    /// The bytes of the text each id stands for.
    pub spans: Vec<Range<usize>>,
}

/// A reader of text, made from a `tokenizer.json`.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`. `padding` and `truncation` stored in it are ignored: rows are not padded, and cutting
    /// is for [`windows`](super::windows).
    ///
    /// # Errors
    /// `bad_tokenizer` with the reader's reason.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let mut inner = tokenizers::Tokenizer::from_bytes(json).map_err(|reason| {
            bad(format!("expected a Hugging Face tokenizer.json, found {} bytes: {reason}", json.len()))
        })?;
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|reason| bad(reason.to_string()))?;
        Ok(Self { inner })
    }

    /// The tokens of `text`, without separators.
    ///
    /// # Errors
    /// `bad_tokenizer` where the model of the tokenizer cannot write this text.
    pub fn tokens(&self, text: &str) -> Result<Tokens> {
        let failed =
            |_| bad("the tokenizer has no way to write this text: its model lacks an unknown token".to_owned());
        let encoding = self.inner.encode(text, false).map_err(failed)?;
        let spans = encoding.get_offsets().iter().map(|&(start, end)| start..end).collect();
        Ok(Tokens { ids: encoding.get_ids().to_vec(), spans })
    }

    /// How a query and a document stand together, read off the post-processor by letting it join two lone tokens.
    ///
    /// # Errors
    /// `bad_tokenizer` where it does not keep both in order.
    pub fn pair_template(&self) -> Result<PairTemplate> {
        let lone = || Encoding::from_tokens(vec![Token::new(0, String::new(), (0, 0))], 0);
        let joined = self.inner.post_process(lone(), Some(lone()), true);
        let joined = joined.map_err(|reason| bad(format!("post_processor: {reason}")))?;
        template(&joined).ok_or_else(|| bad("post_processor: expected a pair template with both sequences".to_owned()))
    }

    /// Checks that the model has a row for each id.
    ///
    /// # Errors
    /// `bad_tokenizer` with both sizes.
    pub fn fits(&self, vocabulary: Option<usize>) -> Result<()> {
        let size = self.inner.get_vocab_size(true);
        match vocabulary {
            Some(rows) if size > rows => {
                Err(bad(format!("expected at most the model's {rows} tokens, found {size}; take the model's own file")))
            }
            _ => Ok(()),
        }
    }
}

/// Splits the joined pair at its two lone tokens, which are the only ones that are not special.
fn template(joined: &Encoding) -> Option<PairTemplate> {
    let mut parts: [Vec<Special>; 3] = Default::default();
    let mut segments = Vec::new();
    for (position, &special) in joined.get_special_tokens_mask().iter().enumerate() {
        let segment = i64::from(*joined.get_type_ids().get(position)?);
        if special == 1 {
            let id = i64::from(*joined.get_ids().get(position)?);
            parts.get_mut(segments.len())?.push(Special { id, segment });
        } else {
            segments.push(segment);
        }
    }
    let [before, between, after] = parts;
    let &[query_segment, document_segment] = segments.as_slice() else { return None };
    Some(PairTemplate { before, query_segment, between, document_segment, after })
}

fn bad(message: String) -> Error {
    Error::new(ErrorKind::BadTokenizer, message)
}
