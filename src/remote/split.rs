//! More entries than a service takes in one request: several requests, one ranking.
//!
//! A service scores each entry against the query by itself, so the merge is exact: indices are those of the documents, the
//! best window of a document counts, and `topN` is applied after all parts are in. A part that was cut off by `topN` would have lost documents that belong in the whole.

use crate::error::{Error, Result};
use crate::http::HttpReply;
use crate::json::Json;
use crate::ranking::{Ranking, Scored};
use crate::request::RerankRequest;

use crate::remote::answer::{Answer, Usage, Warning};
use crate::remote::entries::Entry;

/// The part of a request that one HTTP request carries.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// All of it: query and options.
    pub request: &'a RerankRequest,
    /// What is looked for.
    pub query: &'a str,
    /// What the service reads; never empty.
    pub entries: &'a [Entry<'a>],
    /// Results to ask for, 1 to the number of entries; `None`: all.
    pub top_n: Option<usize>,
}

impl Part<'_> {
    /// The entries as JSON.
    pub fn documents(&self) -> Json {
        let mut documents = Vec::new();
        for entry in self.entries {
            documents.push(entry.text.into());
        }
        Json::Array(documents)
    }
}

/// Cuts `entries` into parts of at most `most`; none where there is nothing to rank.
pub fn parts<'a>(
    request: &'a RerankRequest,
    entries: &'a [Entry<'a>],
    most: Option<usize>,
) -> impl Iterator<Item = Part<'a>> {
    let size = most.unwrap_or(entries.len()).max(1);
    // A document in windows has several scores: the service would count each as a result.
    let is_whole = entries.len() <= size && entries.iter().all(|entry| entry.window.is_none());
    let top_n = request.top_n().filter(|_| is_whole).map(|top_n| top_n.min(entries.len()));
    entries.chunks(size).map(move |entries| Part { request, query: request.query(), entries, top_n })
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
    /// The best score of each document, by its index.
    best: Vec<Option<Scored>>,
    /// All but the ranking.
    ranked: Ranked,
}

impl Merged {
    /// No part yet, of so many documents.
    pub fn new(documents: usize, warnings: Vec<Warning>) -> Self {
        let ranked = Ranked {
            ranking: Ranking::default(),
            model: String::new(),
            id: None,
            created: None,
            usage: None,
            warnings,
            reply: None,
        };
        Self { best: vec![None; documents], ranked }
    }

    /// With the answer to `part`: its indices count the part's entries.
    pub fn add(&mut self, part: &Part<'_>, answer: Answer, reply: HttpReply) {
        for scored in answer.scored {
            let Some(entry) = part.entries.get(scored.index) else { continue };
            let scored = Scored { index: entry.index, window: entry.window, ..scored };
            if let Some(best) = self.best.get_mut(entry.index)
                && best.is_none_or(|best| scored.score > best.score)
            {
                *best = Some(scored);
            }
        }
        let ranked = &mut self.ranked;
        ranked.warnings.extend(answer.warnings);
        ranked.usage = match (ranked.usage.take(), answer.usage) {
            (Some(before), Some(usage)) => Some(before.plus(usage)),
            (before, usage) => usage.or(before),
        };
        ranked.model = answer.model.unwrap_or_default();
        ranked.id = answer.id;
        ranked.created = answer.created;
        ranked.reply = Some(reply);
    }

    /// The ranking of all parts; `model` is the one that was asked for.
    ///
    /// # Errors
    /// `bad_response` for a score that has no place in an order.
    pub fn rank(mut self, request: &RerankRequest, model: &str) -> Result<Ranked> {
        let mut scored = Vec::new();
        for best in &self.best {
            let Some(best) = best else { continue };
            scored.push(*best);
        }
        let not_a_number = |error: Error| Error::bad_response(error.message());
        self.ranked.ranking = Ranking::new(scored, request.top_n()).map_err(not_a_number)?;
        if self.ranked.model.is_empty() {
            self.ranked.model = model.to_owned();
        }
        Ok(self.ranked)
    }
}
