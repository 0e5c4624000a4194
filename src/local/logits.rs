//! What a cross-encoder is to the rest: a row in, a logit out. The seam a fake model fits.

use crate::error::Result;
use crate::local::pair::Row;

/// A model that reads pairs.
pub trait CrossEncoder {
    /// The relevance logit of one row: unbounded, not a probability.
    ///
    /// Depends on nothing but the row.
    ///
    /// # Errors
    /// `bad_model` where the graph fails on this row.
    fn logits(&self, row: &Row) -> Result<f32>;

    /// What a part of a model makes of a row: hidden states `[length × width]`, or the one logit where it is the last part.
    /// `hidden`: what the part before made of the row; none for the first part. A whole model is its only part.
    ///
    /// # Errors
    /// `bad_model` where the graph fails on this row, or on hidden states of another size.
    fn forward(&self, row: &Row, hidden: &[f32]) -> Result<Vec<f32>> {
        let _ = hidden;
        self.logits(row).map(|logit| vec![logit])
    }

    /// Tokens of a row at most; `None`: the model has no position table.
    fn positions(&self) -> Option<usize>;

    /// Token ids are below this; `None`: not known.
    fn vocabulary(&self) -> Option<usize>;

    /// Bytes that a row of so many tokens takes while it is computed, about; 0: next to nothing.
    fn working_bytes(&self, _length: usize) -> u64 {
        0
    }

    /// How the model runs: whether on fused operators of ours, and what there is to say about it.
    fn plan(&self) -> &Plan;
}

/// How a model runs.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Whether linear layers run on fused operators of ours; else all layers run on tract's own.
    pub fused: bool,
    /// For people.
    pub notes: Vec<String>,
}
