//! Logits → one score a document: the best of its windows, then sigmoid or nothing.

use crate::error::{Error, ErrorKind, Result};
use crate::local::windows::Window;
use crate::ranking::{Scored, Span};

/// What becomes of a logit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// 1 / (1 + e^-logit), in 0..1: what BCEmbedding gives, and FlagEmbedding with `normalize`.
    #[default]
    Sigmoid,
    /// The logit itself.
    Raw,
}

/// The best logit of each document so far.
#[derive(Debug)]
pub struct Scores {
    best: Vec<Option<(f32, Option<Span>)>>,
}

impl Scores {
    /// None known yet.
    pub fn for_documents(count: usize) -> Self {
        Self { best: vec![None; count] }
    }

    /// Takes the logit of one window; the first of equal ones stays.
    pub fn place(&mut self, window: Window, logit: f32) {
        let Some(best) = self.best.get_mut(window.document) else { return };
        // A logit that is no number must not hide behind a window that has one.
        if best.is_none_or(|(known, _)| logit > known || logit.is_nan()) {
            *best = Some((logit, window.span));
        }
    }

    /// One score a document, in request order.
    ///
    /// # Errors
    /// `internal` for a document without a logit, `bad_model` for a logit that is no number.
    pub fn into_scored(self, activation: Activation) -> Result<Vec<Scored>> {
        let scored = |(index, best): (usize, Option<(f32, Option<Span>)>)| {
            let missing = || Error::new(ErrorKind::Internal, format!("document {index} was not scored"));
            let (logit, window) = best.ok_or_else(missing)?;
            if logit.is_nan() {
                let message =
                    format!("documents[{index}]: the model's logit is not a number; its weights may be damaged");
                return Err(Error::bad_model(message).with_index(index));
            }
            Ok(Scored { index, score: activation.apply(logit), window })
        };
        self.best.into_iter().enumerate().map(scored).collect()
    }
}

impl Activation {
    fn apply(self, logit: f32) -> f64 {
        let logit = f64::from(logit);
        match self {
            Self::Sigmoid => 1.0 / (1.0 + (-logit).exp()),
            Self::Raw => logit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(document: usize, index: usize) -> Window {
        Window { document, tokens: 0..1, span: Some(Span { index, start: 0, end: 1 }) }
    }

    fn scored(logits: &[f32], activation: Activation) -> Result<Vec<Scored>> {
        let mut scores = Scores::for_documents(1);
        for (index, &logit) in logits.iter().enumerate() {
            scores.place(window(0, index), logit);
        }
        scores.into_scored(activation)
    }

    #[test]
    fn the_best_window_counts_and_the_first_of_equals() {
        let best = scored(&[-1.0, 2.0, 2.0, 0.5], Activation::Raw).expect("scored");
        assert_eq!((best[0].score, best[0].window.map(|window| window.index)), (2.0, Some(1)));
    }

    #[test]
    fn sigmoid_equals_flagembeddings_printed_values() {
        // examples/inference/reranker/README.md of FlagEmbedding.
        for (logit, expected) in [(-5.652_343_8, 0.003_497), (-8.1875, 0.000_278), (5.261_718_8, 0.994_840)] {
            let score = scored(&[logit], Activation::Sigmoid).expect("scored")[0].score;
            assert!((score - expected).abs() < 1e-6, "{logit}: {score}");
        }
    }

    #[test]
    fn a_logit_that_is_no_number_is_the_models_fault() {
        for logits in [[f32::NAN, 1.0], [1.0, f32::NAN]] {
            assert_eq!(scored(&logits, Activation::Raw).expect_err("refused").kind(), ErrorKind::BadModel);
        }
    }
}
