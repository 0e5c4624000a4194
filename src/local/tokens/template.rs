//! The `post_processor` of a tokenizer.json: what stands around a query and a document.

use std::collections::HashMap;

use crate::error::{Error, ErrorKind, Result};
use crate::local::pair::{PairTemplate, Special};
use crate::local::tokens::json::Json;

/// A step of a pair template.
enum Step {
    /// The query or the document, in this segment.
    Text { is_query: bool, segment: i64 },
    /// The special token of this name, in this segment.
    Special { name: String, segment: i64 },
}

/// Reads the value of `post_processor`; `None` for one that adds nothing.
pub(super) fn from_json(json: &mut Json) -> Result<Option<PairTemplate>> {
    let fields = Fields::from_json(json)?;
    match fields.kind.as_str() {
        "TemplateProcessing" => template(&fields.pair, &fields.specials).map(Some),
        "BertProcessing" => fields.bert().map(Some),
        "RobertaProcessing" => fields.roberta().map(Some),
        // It trims offsets, which windows do not need trimmed.
        "ByteLevel" => Ok(None),
        "Sequence" if fields.steps.len() <= 1 => Ok(fields.steps.into_iter().next()),
        "Sequence" => Err(bad("post_processor: expected one template, found several".to_owned())),
        other => Err(bad(format!("post_processor \"{other}\" is not supported"))),
    }
}

/// Where there is no post-processor: query and document side by side.
pub(super) fn bare() -> PairTemplate {
    PairTemplate { before: vec![], query_segment: 0, between: vec![], document_segment: 1, after: vec![] }
}

fn template(pair: &[Step], specials: &HashMap<String, Vec<i64>>) -> Result<PairTemplate> {
    let mut parts: [Vec<Special>; 3] = Default::default();
    let mut segments = Vec::new();
    for step in pair {
        match step {
            Step::Text { is_query, segment } if *is_query == segments.is_empty() => segments.push(*segment),
            Step::Text { .. } => return Err(no_pair()),
            Step::Special { name, segment } => {
                let missing = || bad(format!("post_processor: expected \"{name}\" among special_tokens, found none"));
                let ids = specials.get(name).ok_or_else(missing)?;
                let part = parts.get_mut(segments.len()).ok_or_else(no_pair)?;
                part.extend(ids.iter().map(|&id| Special { id, segment: *segment }));
            }
        }
    }
    let [before, between, after] = parts;
    let &[query_segment, document_segment] = segments.as_slice() else { return Err(no_pair()) };
    Ok(PairTemplate { before, query_segment, between, document_segment, after })
}

/// The members of all kinds, as far as they are there.
#[derive(Default)]
struct Fields {
    kind: String,
    pair: Vec<Step>,
    specials: HashMap<String, Vec<i64>>,
    steps: Vec<PairTemplate>,
    sep: Option<i64>,
    cls: Option<i64>,
}

impl Fields {
    fn from_json(json: &mut Json) -> Result<Self> {
        let mut fields = Self::default();
        json.members(|key, json| {
            match key {
                "type" => fields.kind = json.string()?.into_owned(),
                "pair" => json.elements(|json| {
                    fields.pair.push(step(json)?);
                    Ok(())
                })?,
                "special_tokens" => json.members(|name, json| {
                    fields.specials.insert(name.to_owned(), ids(json)?);
                    Ok(())
                })?,
                "processors" => json.elements(|json| {
                    fields.steps.extend(from_json(json)?);
                    Ok(())
                })?,
                "sep" => fields.sep = Some(id_of_named(json)?),
                "cls" => fields.cls = Some(id_of_named(json)?),
                _ => json.skip()?,
            }
            Ok(())
        })?;
        Ok(fields)
    }

    /// `[CLS] query [SEP] document [SEP]`, the document in segment 1.
    fn bert(&self) -> Result<PairTemplate> {
        let (cls, sep) = self.cls_and_sep()?;
        let special = |id, segment| vec![Special { id, segment }];
        Ok(PairTemplate {
            before: special(cls, 0),
            query_segment: 0,
            between: special(sep, 0),
            document_segment: 1,
            after: special(sep, 1),
        })
    }

    /// `<s> query </s></s> document </s>`, all in segment 0.
    fn roberta(&self) -> Result<PairTemplate> {
        let (cls, sep) = self.cls_and_sep()?;
        let special = |id| Special { id, segment: 0 };
        Ok(PairTemplate {
            before: vec![special(cls)],
            query_segment: 0,
            between: vec![special(sep), special(sep)],
            document_segment: 0,
            after: vec![special(sep)],
        })
    }

    fn cls_and_sep(&self) -> Result<(i64, i64)> {
        let missing = || bad(format!("post_processor {}: expected \"cls\" and \"sep\"", self.kind));
        Ok((self.cls.ok_or_else(missing)?, self.sep.ok_or_else(missing)?))
    }
}

/// `{ "Sequence": { "id": "A", "type_id": 0 } }` or `{ "SpecialToken": { "id": "[CLS]", "type_id": 0 } }`
fn step(json: &mut Json) -> Result<Step> {
    let mut step = None;
    json.members(|kind, json| {
        let (mut name, mut segment) = (String::new(), 0);
        json.members(|key, json| {
            match key {
                "id" => name = json.string()?.into_owned(),
                "type_id" => segment = i64::from(json.index()?),
                _ => json.skip()?,
            }
            Ok(())
        })?;
        step = match (kind, name.as_str()) {
            ("Sequence", "A") => Some(Step::Text { is_query: true, segment }),
            ("Sequence", "B") => Some(Step::Text { is_query: false, segment }),
            ("SpecialToken", _) => Some(Step::Special { name, segment }),
            _ => None,
        };
        Ok(())
    })?;
    step.ok_or_else(|| json.unexpected("a Sequence A or B, or a SpecialToken"))
}

/// The `ids` of an entry of `special_tokens`.
fn ids(json: &mut Json) -> Result<Vec<i64>> {
    let mut ids = Vec::new();
    json.members(|key, json| match key {
        "ids" => json.elements(|json| {
            ids.push(i64::from(json.index()?));
            Ok(())
        }),
        _ => json.skip(),
    })?;
    Ok(ids)
}

/// The id of `["[SEP]", 102]`.
fn id_of_named(json: &mut Json) -> Result<i64> {
    let mut id = None;
    let mut position = 0;
    json.elements(|json| {
        position += 1;
        if position == 2 {
            id = Some(i64::from(json.index()?));
            return Ok(());
        }
        json.skip()
    })?;
    id.ok_or_else(|| json.unexpected("a token and its id"))
}

fn no_pair() -> Error {
    bad("post_processor: expected a pair template with the query once and then the document once".to_owned())
}

fn bad(message: String) -> Error {
    Error::new(ErrorKind::BadTokenizer, message)
}
