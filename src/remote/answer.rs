//! What a service answered: scores, usage, and what looks odd about them.
//!
//! Tolerant where nothing depends on it (usage, model, id, echoes, further keys), strict where a ranking does: each index
//! whole, in range and there once, each score a finite number.

use crate::error::{Error, Result};
use crate::json::Json;
use crate::ranking::Scored;

use crate::remote::split::Part;
use crate::text::text;

/// A good reply, read.
#[derive(Debug, Default)]
pub struct Answer {
    /// In the order they came; indices count the part's entries.
    pub scored: Vec<Scored>,
    /// The model, where the service names it.
    pub model: Option<String>,
    /// The service's id of the request.
    pub id: Option<String>,
    /// Unix seconds.
    pub created: Option<f64>,
    /// Tokens, as the service counts them.
    pub usage: Option<Usage>,
    /// What looks odd.
    pub warnings: Vec<Warning>,
}

/// Something that did not go as asked, and did not fail either.
#[derive(Clone, Debug, PartialEq)]
pub struct Warning {
    /// For programs, in lower_snake.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// The document it is about.
    pub index: Option<usize>,
}

/// Tokens, as the service counts them.
#[derive(Clone, Debug, PartialEq)]
pub struct Usage {
    /// What was read.
    pub prompt_tokens: f64,
    /// All.
    pub total_tokens: f64,
    /// What was written; rerankers write nothing.
    pub completion_tokens: Option<f64>,
    /// Every further key, unchanged.
    pub details: Vec<(String, Json)>,
}

impl Usage {
    /// Of two requests together; details are the later one's.
    #[must_use]
    pub fn plus(self, later: Self) -> Self {
        Self {
            prompt_tokens: self.prompt_tokens + later.prompt_tokens,
            total_tokens: self.total_tokens + later.total_tokens,
            completion_tokens: match (self.completion_tokens, later.completion_tokens) {
                (Some(before), Some(later)) => Some(before + later),
                (before, later) => before.or(later),
            },
            details: later.details,
        }
    }

    /// Of `usage`; `None` where it counts no tokens under these names.
    fn read(usage: &Json) -> Option<Self> {
        let tokens = |name: &str| usage.get(name).and_then(Json::as_number);
        let (prompt, total) = (tokens("prompt_tokens"), tokens("total_tokens"));
        let mut details = Vec::new();
        for (name, value) in usage.members()? {
            let is_counted = value.as_number().is_some()
                && ["prompt_tokens", "total_tokens", "completion_tokens"].contains(&name.as_str());
            if !is_counted {
                details.push((name.clone(), value.clone()));
            }
        }
        Some(Self {
            prompt_tokens: prompt.or(total)?,
            total_tokens: total.or(prompt)?,
            completion_tokens: tokens("completion_tokens"),
            details,
        })
    }
}

/// Reads `{ results: [{ index, relevance_score, document? }], usage?, model?, id?, created? }`, the shape both services share.
/// `echo` finds a document's text where the service repeats it.
///
/// # Errors
/// `bad_response` with the place in the reply, and never with its contents.
pub fn read(part: &Part<'_>, reply: &Json, echo: fn(&Json) -> Option<&str>) -> Result<Answer> {
    let string =
        |name: &str| reply.get(name).and_then(Json::as_str).filter(|value| !value.is_empty()).map(str::to_owned);
    let results = reply.get("results").and_then(Json::elements);
    let results = results.ok_or_else(|| Error::bad_response("results: expected an array, found none in the reply"))?;
    let mut answer = Answer {
        model: string("model"),
        id: string("id"),
        created: reply.get("created").and_then(Json::as_number),
        usage: reply.get("usage").and_then(Usage::read),
        ..Answer::default()
    };
    let mut seen = vec![false; part.entries.len()];
    for (place, result) in results.iter().enumerate() {
        let scored = scored(part, place, result, &mut seen)?;
        if let (Some(entry), Some(echo)) = (part.entries.get(scored.index), result.get("document").and_then(echo))
            && entry.text != echo
        {
            let message = text!["the service repeats document ", entry.index, " differently from how it was sent"];
            answer.warnings.push(Warning { code: "odd_echo", message, index: Some(entry.index) });
        }
        answer.scored.push(scored);
    }
    let asked = part.top_n.unwrap_or(part.entries.len());
    if results.len() < asked {
        let message = text!["the service was asked for ", asked, " results and sent ", results.len()];
        answer.warnings.push(Warning { code: "missing_results", message, index: None });
    }
    Ok(answer)
}

fn scored(part: &Part<'_>, place: usize, result: &Json, seen: &mut [bool]) -> Result<Scored> {
    let bad = |what: &str| Error::bad_response(text!["results[", place, "].", what]);
    let index = result.get("index").and_then(Json::as_number).filter(|index| index.fract() == 0.0 && *index >= 0.0);
    let index =
        index.map(|index| index as usize).ok_or_else(|| bad("index: expected a whole number from 0, found none"))?;
    match seen.get_mut(index) {
        Some(seen) if *seen => return Err(bad("index: expected each document once, found one twice")),
        Some(seen) => *seen = true,
        None => return Err(bad(&text!["index: expected less than ", part.entries.len(), ", found ", index])),
    }
    let score = result.get("relevance_score").and_then(Json::as_number).filter(|score| score.is_finite());
    let score = score.ok_or_else(|| bad("relevance_score: expected a finite number, found none"))?;
    Ok(Scored { index, score, window: None })
}
