//! What is asked: a query, documents, and how many come back. Checked once here, trusted afterwards.

use crate::error::{Error, Result};
use crate::text::text;

/// Tokens that neighbouring windows of a long document share at most, as SiliconFlow documents `overlap_tokens` and
/// DMXAPI repeats it; also BCEmbedding's default.
pub const MAX_OVERLAP_TOKENS: usize = 80;

/// A request as a caller writes it: numbers not yet checked.
#[derive(Clone, Debug, Default)]
pub struct RequestDraft {
    /// What is looked for.
    pub query: String,
    /// What is ranked, in the caller's order.
    pub documents: Vec<String>,
    /// Results wanted; a whole number from 1.
    pub top_n: Option<f64>,
    /// Windows of a long document at most; a whole number from 1.
    pub max_chunks_per_doc: Option<f64>,
    /// Tokens shared by neighbouring windows; a whole number, 0 to 80.
    pub overlap_tokens: Option<f64>,
    /// Whether the caller asked for documents in the results; `None`: did not say.
    pub return_documents: Option<bool>,
    /// End-user id for services that take one.
    pub user: Option<String>,
}

/// A valid request. There is no way to hold an invalid one.
#[derive(Clone, Debug)]
pub struct RerankRequest {
    query: String,
    documents: Vec<String>,
    top_n: Option<usize>,
    max_chunks_per_doc: Option<usize>,
    overlap_tokens: Option<usize>,
    return_documents: Option<bool>,
    user: Option<String>,
}

impl RerankRequest {
    /// Checks `draft`.
    ///
    /// # Errors
    /// `invalid_request` naming the first field at fault, with its range and what was found; a blank document by its
    /// index. Blank means: nothing but white space.
    pub fn new(draft: RequestDraft) -> Result<Self> {
        if draft.query.trim().is_empty() {
            return Err(Error::invalid("query: expected some text, found none"));
        }
        if let Some(index) = draft.documents.iter().position(|document| document.trim().is_empty()) {
            let message = text!["documents[", index, "]: expected some text, found none; leave empty documents out"];
            return Err(Error::invalid(message).with_index(index));
        }
        Ok(Self {
            query: draft.query,
            documents: draft.documents,
            top_n: whole("topN", draft.top_n, 1, None)?,
            max_chunks_per_doc: whole("maxChunksPerDoc", draft.max_chunks_per_doc, 1, None)?,
            overlap_tokens: whole("overlapTokens", draft.overlap_tokens, 0, Some(MAX_OVERLAP_TOKENS))?,
            return_documents: draft.return_documents,
            user: draft.user,
        })
    }

    /// What is looked for; not blank.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// What is ranked, in the caller's order; none blank; may be empty.
    pub fn documents(&self) -> &[String] {
        &self.documents
    }

    /// Results wanted, from 1; `None`: all.
    pub fn top_n(&self) -> Option<usize> {
        self.top_n
    }

    /// Windows of a long document at most, from 1; `None`: no cap.
    pub fn max_chunks_per_doc(&self) -> Option<usize> {
        self.max_chunks_per_doc
    }

    /// Tokens shared by neighbouring windows, 0 to 80; `None`: the default of whoever cuts.
    pub fn overlap_tokens(&self) -> Option<usize> {
        self.overlap_tokens
    }

    /// Whether the caller set `returnDocuments`, and to what.
    pub fn return_documents(&self) -> Option<bool> {
        self.return_documents
    }

    /// End-user id.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }
}

/// `value` as a whole number within `least..=most`, or `invalid_request` naming `field`.
fn whole(field: &str, value: Option<f64>, least: usize, most: Option<usize>) -> Result<Option<usize>> {
    let Some(value) = value else { return Ok(None) };
    let in_range = value >= least as f64 && most.is_none_or(|most| value <= most as f64);
    if value.fract() == 0.0 && in_range {
        // Saturates above usize: "more than there are" either way.
        return Ok(Some(value as usize));
    }
    let mut message = text![field, ": expected a whole number from ", least];
    if let Some(most) = most {
        text![in message; " to ", most];
    }
    text![in message; ", found ", shown(value)];
    Err(Error::invalid(message))
}

/// `value` with at most three decimals. Not `{value}`: the standard library's exact printing is a tenth of `remote.wasm`.
fn shown(value: f64) -> String {
    if value.is_nan() {
        return String::from("NaN");
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let thousandths = (value.abs() * 1000.0 + 0.5) as u64;
    if thousandths == u64::MAX {
        return text![sign, "inf"];
    }
    let (whole, rest) = (thousandths / 1000, thousandths % 1000);
    let mut shown = text![sign, whole];
    let mut rest = rest;
    if rest > 0 {
        shown.push('.');
    }
    while rest > 0 {
        text![in shown; rest / 100];
        rest = rest % 100 * 10;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> RequestDraft {
        RequestDraft { query: "q".into(), documents: vec!["a".into(), "b".into()], ..RequestDraft::default() }
    }

    #[track_caller]
    fn refused(draft: RequestDraft) -> Error {
        RerankRequest::new(draft).expect_err("expected a refusal")
    }

    #[test]
    fn numbers_out_of_range_name_their_field() {
        let cases = [
            (RequestDraft { top_n: Some(0.0), ..draft() }, "topN: expected a whole number from 1, found 0"),
            (RequestDraft { top_n: Some(1.5), ..draft() }, "topN: expected a whole number from 1, found 1.5"),
            (RequestDraft { top_n: Some(f64::INFINITY), ..draft() }, "topN: expected a whole number from 1, found inf"),
            (
                RequestDraft { max_chunks_per_doc: Some(f64::NAN), ..draft() },
                "maxChunksPerDoc: expected a whole number from 1, found NaN",
            ),
            (
                RequestDraft { overlap_tokens: Some(81.0), ..draft() },
                "overlapTokens: expected a whole number from 0 to 80, found 81",
            ),
            (
                RequestDraft { overlap_tokens: Some(-1.0), ..draft() },
                "overlapTokens: expected a whole number from 0 to 80, found -1",
            ),
        ];
        for (draft, message) in cases {
            assert_eq!(refused(draft).to_string(), message);
        }
    }

    #[test]
    fn blank_text_is_refused_with_its_place() {
        assert_eq!(
            refused(RequestDraft { query: " \u{3000}\n".into(), ..draft() }).to_string(),
            "query: expected some text, found none"
        );
        let error = refused(RequestDraft { documents: vec!["a".into(), "\t".into()], ..draft() });
        assert_eq!((error.kind().code(), error.index()), ("invalid_request", Some(1)));
    }

    #[test]
    fn the_edges_of_each_range_are_allowed() {
        let edges = RequestDraft {
            top_n: Some(1e18),
            max_chunks_per_doc: Some(1.0),
            overlap_tokens: Some(80.0),
            documents: vec![],
            ..draft()
        };
        let request = RerankRequest::new(edges).expect("valid");
        assert_eq!(request.overlap_tokens(), Some(80));
        assert!(request.documents().is_empty());
    }
}
