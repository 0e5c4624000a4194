//! More documents than a service takes in one request: several requests, one ranking.
//!
//! A service scores each document against the query by itself, so the merge is exact: indices are offset, and `topN` is
//! applied after all parts are in. A part that was cut off by `topN` would have lost documents that belong in the whole.

use crate::error::{Error, Result};
use crate::http::HttpReply;
use crate::ranking::{Ranking, Scored};
use crate::request::RerankRequest;

use crate::remote::answer::{Answer, Usage, Warning};

/// The part of a request that one HTTP request carries.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// All of it: query and options.
    pub request: &'a RerankRequest,
    /// What is looked for.
    pub query: &'a str,
    /// Position of the part's first document in the request.
    pub first: usize,
    /// The part's documents; never empty.
    pub documents: &'a [String],
    /// Results to ask for, 1 to the number of documents; `None`: all.
    pub top_n: Option<usize>,
}

/// Cuts `request` into parts of at most `most` documents; none where there is nothing to rank.
pub fn parts(request: &RerankRequest, most: Option<usize>) -> impl Iterator<Item = Part<'_>> {
    let all = request.documents();
    let size = most.unwrap_or(all.len()).max(1);
    let top_n = request.top_n().filter(|_| all.len() <= size).map(|top_n| top_n.min(all.len()));
    let part =
        move |(number, documents)| Part { request, query: request.query(), first: number * size, documents, top_n };
    all.chunks(size).enumerate().map(part)
}

/// A ranking and what the service said about it.
#[derive(Debug)]
pub struct Ranked {
    /// Best first, `topN` applied.
    pub ranking: Ranking,
    /// The model that ranked: as the service names it, else as it was asked for.
    pub model: String,
    /// The service's id of the (last) request.
    pub id: Option<String>,
    /// Unix seconds.
    pub created: Option<f64>,
    /// Over all requests of the call.
    pub usage: Option<Usage>,
    /// What did not go as asked, and did not fail either.
    pub warnings: Vec<Warning>,
    /// The last reply, as it came; `None` where none was needed.
    pub reply: Option<HttpReply>,
}

/// Answers of the parts so far.
pub struct Merged {
    scored: Vec<Scored>,
    model: Option<String>,
    id: Option<String>,
    created: Option<f64>,
    usage: Option<Usage>,
    warnings: Vec<Warning>,
    reply: Option<HttpReply>,
}

impl Merged {
    /// No part yet.
    pub fn new(warnings: Vec<Warning>) -> Self {
        Self { scored: Vec::new(), model: None, id: None, created: None, usage: None, warnings, reply: None }
    }

    /// With the answer to `part`: its indices count from the part's first document.
    pub fn add(&mut self, part: &Part<'_>, answer: Answer, reply: HttpReply) {
        let offset = |scored: Scored| Scored { index: part.first + scored.index, ..scored };
        self.scored.extend(answer.scored.into_iter().map(offset));
        let offset = |warning: Warning| Warning { index: warning.index.map(|index| part.first + index), ..warning };
        self.warnings.extend(answer.warnings.into_iter().map(offset));
        self.usage = match (self.usage.take(), answer.usage) {
            (Some(before), Some(usage)) => Some(before.plus(usage)),
            (before, usage) => usage.or(before),
        };
        self.model = answer.model;
        self.id = answer.id;
        self.created = answer.created;
        self.reply = Some(reply);
    }

    /// The ranking of all parts; `model` is the one that was asked for.
    ///
    /// # Errors
    /// `bad_response` for a score that has no place in an order.
    pub fn rank(self, request: &RerankRequest, model: &str) -> Result<Ranked> {
        let not_a_number = |error: Error| Error::bad_response(error.to_string());
        Ok(Ranked {
            ranking: Ranking::new(self.scored, request.top_n()).map_err(not_a_number)?,
            model: self.model.unwrap_or_else(|| model.to_owned()),
            id: self.id,
            created: self.created,
            usage: self.usage,
            warnings: self.warnings,
            reply: self.reply,
        })
    }
}
