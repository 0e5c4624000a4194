//! Reranking in this process, with an ONNX cross-encoder.
//!
//! ```text
//! RerankRequest
//!     │ tokens    text → token ids
//!     │ windows   long document → overlapping windows
//!     │ pair      query × window → Row
//!   Row           one pair, at its own length: no padding
//!     │ logits    ONNX forward pass
//!   f32           one logit a row
//!     │ scores    best window of each document
//!  Ranking
//! ```

// Bytes pushed in.
pub mod load;
// The memory there is for them.
pub mod room;
// What the model reads instead of text.
pub mod tokens;
// Long documents in parts.
pub mod windows;
// The query beside each window.
pub mod pair;
// What the model answers.
pub mod logits;
// The model.
pub mod onnx;
// What the engine below can do.
pub mod kernels;
// What the caller wants.
pub mod scores;

use std::collections::VecDeque;
use std::rc::Rc;

use crate::error::{Error, ErrorKind, Result};
use crate::ranking::Ranking;
use crate::request::RerankRequest;

use logits::CrossEncoder;
use pair::{PairTemplate, Row};
use room::Room;
use scores::{Activation, Scores};
use tokens::{Tokenizer, Tokens};
use windows::{Cutting, Window};

/// What BCEmbedding and FlagEmbedding read of a pair unless told otherwise, in tokens: for models that do not say.
const DEFAULT_MAX_TOKENS: usize = 512;

/// Fewer leave no room for a document beside a query and the separators.
const LEAST_MAX_TOKENS: usize = 32;

/// Bytes of memory that a byte of ordinary text takes while its tokens are found, at most; words without an end take up to
/// twice as many. tests/tokens holds both with each kind of tokenizer.
pub const TOKENIZING_BYTES: u64 = 11 * size_of::<usize>() as u64;

/// How a model is run.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalOptions {
    /// Tokens of a pair, separators included; a whole number from 32 to what the model has positions for. Default: as many as
    /// it was trained with and has positions for; 512 where neither is known.
    pub max_tokens: Option<f64>,
    /// What the model was trained with, as `model_max_length` in its tokenizer_config.json says.
    pub trained_tokens: Option<f64>,
    /// What becomes of a document that does not fit.
    pub cutting: Cutting,
    /// What becomes of a logit.
    pub activation: Activation,
    /// The memory there is to rank in.
    pub room: Room,
}

/// A cross-encoder with its tokenizer.
pub struct LocalReranker {
    tokenizer: Tokenizer,
    template: PairTemplate,
    model: Box<dyn CrossEncoder>,
    max_tokens: usize,
    options: LocalOptions,
    /// Bytes in use when it was made.
    held: u64,
}

impl LocalReranker {
    /// A reranker of `model` that reads what `tokenizer` writes.
    ///
    /// # Errors
    /// `invalid_request` for `max_tokens` out of range; `bad_tokenizer` where the tokenizer knows more tokens than the
    /// model.
    pub fn new(tokenizer: Tokenizer, model: Box<dyn CrossEncoder>, options: LocalOptions) -> Result<Self> {
        tokenizer.fits(model.vocabulary())?;
        let template = tokenizer.pair_template().clone();
        let max_tokens = max_tokens(&options, model.positions())?;
        leaves_room(max_tokens, template.separators())?;
        Ok(Self { tokenizer, template, model, max_tokens, options, held: room::in_use() })
    }

    /// How the model runs.
    pub fn model(&self) -> &dyn CrossEncoder {
        &*self.model
    }

    /// Ranks at once, without a pause.
    ///
    /// # Errors
    /// Those of the model.
    pub fn rerank(self: &Rc<Self>, request: RerankRequest) -> Result<Ranking> {
        let mut job = self.begin(request)?;
        while !job.step()? {}
        job.finish()
    }

    /// Starts to rank; the caller takes it step by step.
    ///
    /// # Errors
    /// `bad_tokenizer` where the query cannot be tokenized; `out_of_memory` where that takes more than there is.
    pub fn begin(self: &Rc<Self>, request: RerankRequest) -> Result<Job> {
        let mut query = self.tokens("query", request.query())?.ids;
        query.truncate(windows::longest_query(self.max_tokens, self.template.separators()));
        let scores = Scores::for_documents(request.documents().len());
        let reranker = Rc::clone(self);
        let (tokens, waiting) = (vec![], VecDeque::new());
        Ok(Job { reranker, request, query, next_document: 0, tokens, waiting, windows: 0, away: None, scores })
    }

    /// The tokens of `text`, if there is room to find them; `name` is for the message.
    fn tokens(&self, name: &str, text: &str) -> Result<Tokens> {
        self.options.room.need_beside(self.held, name, TOKENIZING_BYTES * text.len() as u64)?;
        self.tokenizer.tokens(text)
    }
}

/// A ranking under way.
pub struct Job {
    reranker: Rc<LocalReranker>,
    request: RerankRequest,
    query: Vec<u32>,
    /// The first document not yet tokenized.
    next_document: usize,
    /// The document before it.
    tokens: Vec<u32>,
    /// Its windows that wait for the model.
    waiting: VecDeque<Window>,
    /// How many it has.
    windows: usize,
    /// Whose row the other parts of the model have.
    away: Option<Window>,
    scores: Scores,
}

impl Job {
    /// Does the next piece of work, one row at most; `true` when nothing is left.
    ///
    /// # Errors
    /// `bad_tokenizer` or `bad_model` where one of them fails on this document; `out_of_memory` where a row does not fit.
    pub fn step(&mut self) -> Result<bool> {
        if let Some((window, row)) = self.next_row()? {
            let logit = self.reranker.model.logits(&row)?;
            self.scores.place(window, logit);
        } else {
            self.open_next_document()?;
        }
        Ok(self.waiting.is_empty() && self.next_document == self.request.documents().len())
    }

    /// Takes the next row through this part of the model: the row, and its hidden states for the next part; `None` when
    /// nothing is left. Then [`Job::place`], and so on.
    ///
    /// # Errors
    /// As [`Job::step`]; `internal` where the row before has not been placed.
    pub fn forward(&mut self) -> Result<Option<(Row, Vec<f32>)>> {
        if self.away.is_some() {
            return Err(Error::new(ErrorKind::Internal, "a row's logit is expected before the next row"));
        }
        while self.waiting.is_empty() && self.next_document < self.request.documents().len() {
            self.open_next_document()?;
        }
        let Some((window, row)) = self.next_row()? else { return Ok(None) };
        let hidden = self.reranker.model.forward(&row, &[])?;
        self.away = Some(window);
        Ok(Some((row, hidden)))
    }

    /// What the last part of the model made of the row that [`Job::forward`] gave.
    ///
    /// # Errors
    /// `internal` where no row is away.
    pub fn place(&mut self, logit: f32) -> Result<()> {
        let nothing = || Error::new(ErrorKind::Internal, "expected no logit: no row is away");
        self.scores.place(self.away.take().ok_or_else(nothing)?, logit);
        Ok(())
    }

    /// Documents scored so far.
    pub fn done(&self) -> usize {
        self.next_document - usize::from(!self.waiting.is_empty())
    }

    /// Of the document under way: windows scored so far, and in all; `None` between documents, and where it is one window.
    pub fn windows(&self) -> Option<(usize, usize)> {
        let left = self.waiting.len() + usize::from(self.away.is_some());
        (left > 0 && self.windows > 1).then_some((self.windows - left, self.windows))
    }

    /// Documents in all.
    pub fn total(&self) -> usize {
        self.request.documents().len()
    }

    /// The ranking, after the last step.
    ///
    /// # Errors
    /// `internal` before the last step, or where the model answered with no number.
    pub fn finish(self) -> Result<Ranking> {
        Ranking::new(self.scores.into_scored(self.reranker.options.activation)?, self.request.top_n())
    }

    /// The next row that waits, if there is room to compute it.
    fn next_row(&mut self) -> Result<Option<(Window, Row)>> {
        let Some(window) = self.waiting.pop_front() else { return Ok(None) };
        let LocalReranker { model, options, held, template, .. } = &*self.reranker;
        let row = template.row(&self.query, self.tokens.get(window.tokens.clone()).unwrap_or_default());
        options.room.need_beside(*held, "ranking", model.working_bytes(row.ids.len()))?;
        Ok(Some((window, row)))
    }

    /// Cuts the next document into windows, where there is one; its errors name it.
    fn open_next_document(&mut self) -> Result<()> {
        let Some(document) = self.request.documents().get(self.next_document) else { return Ok(()) };
        let reranker = &self.reranker;
        let name = format!("documents[{}]", self.next_document);
        let at_fault = |error: Error| error.with_index(self.next_document);
        let tokens = reranker.tokens(&name, document).map_err(at_fault)?;
        if self.query.len() + tokens.ids.len() + reranker.template.separators() == 0 {
            return Err(at_fault(Error::invalid(format!(
                "{name}: expected a token of it or of the query, found none"
            ))));
        }
        let budget = reranker.max_tokens - self.query.len() - reranker.template.separators();
        let cut = windows::Cut {
            cutting: reranker.options.cutting,
            budget,
            overlap: self.request.overlap_tokens().unwrap_or(crate::request::MAX_OVERLAP_TOKENS),
            at_most: self.request.max_chunks_per_doc(),
        };
        self.waiting = cut.windows(self.next_document, document, &tokens).into();
        self.windows = self.waiting.len();
        self.tokens = tokens.ids;
        self.next_document += 1;
        Ok(())
    }
}

/// Checks that a token of the query and one of the document fit beside the separators.
fn leaves_room(max_tokens: usize, separators: usize) -> Result<()> {
    let needed = separators + 2;
    if max_tokens >= needed {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "maxTokens: expected at least {needed}, as the tokenizer has {separators} separators, found {max_tokens}"
    )))
}

fn max_tokens(options: &LocalOptions, positions: Option<usize>) -> Result<usize> {
    let most = positions.unwrap_or(usize::MAX);
    let Some(wanted) = options.max_tokens else {
        let trained = options.trained_tokens.map(|tokens| tokens as usize).or(positions);
        return Ok(trained.unwrap_or(DEFAULT_MAX_TOKENS).min(most));
    };
    if wanted.fract() == 0.0 && wanted >= LEAST_MAX_TOKENS as f64 && wanted <= most as f64 {
        return Ok(wanted as usize);
    }
    let range = positions.map_or_else(String::new, |most| format!(" to the model's {most} positions"));
    Err(Error::invalid(format!("maxTokens: expected a whole number from {LEAST_MAX_TOKENS}{range}, found {wanted}")))
}
