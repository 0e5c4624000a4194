//! What comes back: documents by score, best first. The one order rule of the crate.

use crate::error::{Error, Result};
use crate::text::text;

/// Where in a long document its best window lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which window, from 0.
    pub index: usize,
    /// First UTF-16 code unit of the window in the document.
    pub start: usize,
    /// One past its last UTF-16 code unit.
    pub end: usize,
}

/// A document's place in the request, and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Position in the request's documents.
    pub index: usize,
    /// As its maker gives it: higher is more relevant.
    pub score: f64,
    /// The window that won, where a document was cut into several.
    pub window: Option<Span>,
}

/// Scored documents, best first.
#[derive(Clone, Debug, Default)]
pub struct Ranking {
    scored: Vec<Scored>,
}

impl Ranking {
    /// Sorts `scored` and keeps the first `top_n`.
    ///
    /// Ties keep request order: callers page over repeated calls, and a flip would show a document twice.
    ///
    /// # Errors
    /// `internal` for a score that is not a number: it has no place in an order.
    pub fn new(scored: Vec<Scored>, top_n: Option<usize>) -> Result<Self> {
        if let Some(odd) = scored.iter().find(|scored| scored.score.is_nan()) {
            let message = text!["the score of document ", odd.index, " is not a number"];
            return Err(Error::new(crate::error::ErrorKind::Internal, message).with_index(odd.index));
        }
        // Services send their best first and each insertion is then at the end; the standard sorts would be a twentieth of
        // `remote.wasm`. Not total_cmp: it would put 0.0 above -0.0, which are a tie.
        let mut sorted: Vec<Scored> = Vec::with_capacity(scored.len());
        for one in scored {
            let is_before =
                |other: &Scored| other.score > one.score || (other.score == one.score && other.index < one.index);
            sorted.insert(sorted.partition_point(is_before), one);
        }
        sorted.truncate(top_n.unwrap_or(usize::MAX));
        Ok(Self { scored: sorted })
    }

    /// Best first.
    pub fn scored(&self) -> &[Scored] {
        &self.scored
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(scores: &[f64]) -> Vec<Scored> {
        let one = |(index, &score)| Scored { index, score, window: None };
        scores.iter().enumerate().map(one).collect()
    }

    fn order(scores: &[f64], top_n: Option<usize>) -> Vec<usize> {
        let ranking = Ranking::new(scored(scores), top_n).expect("ranked");
        ranking.scored().iter().map(|scored| scored.index).collect()
    }

    #[test]
    fn best_first_and_ties_keep_request_order() {
        assert_eq!(order(&[0.1, 0.9, 0.1, 0.9], None), [1, 3, 0, 2]);
        assert_eq!(order(&[-0.0, 0.0], None), [0, 1]);
    }

    #[test]
    fn top_n_cuts_and_may_exceed() {
        assert_eq!(order(&[0.1, 0.9, 0.5], Some(2)), [1, 2]);
        assert_eq!(order(&[0.1, 0.9], Some(9)), [1, 0]);
        assert_eq!(order(&[], Some(1)), [0usize; 0]);
    }

    #[test]
    fn a_score_that_is_no_number_is_refused() {
        let error = Ranking::new(scored(&[0.1, f64::NAN]), None).expect_err("refused");
        assert_eq!(error.index(), Some(1));
    }
}
