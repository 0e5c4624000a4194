//! Shapes JavaScript sends and receives, field by field, so that a wrong type is named and never a trap.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::error::{Error, Result};
use crate::ranking::Scored;
use crate::request::{RequestDraft, RerankRequest};
use crate::text::text;

/// A plain object that is read field by field. `undefined` counts as absent.
pub(crate) struct Fields<'a>(pub(crate) &'a JsValue);

impl Fields<'_> {
    /// Field `name`, whatever it is; `None` where it is absent.
    pub(crate) fn value(&self, name: &str) -> Option<JsValue> {
        Reflect::get(self.0, &JsValue::from_str(name)).ok().filter(|value| !value.is_undefined())
    }

    /// A string.
    pub(crate) fn string(&self, name: &str) -> Result<Option<String>> {
        self.typed(name, "a string", JsValue::as_string)
    }

    /// A number, unchecked as to its range.
    pub(crate) fn number(&self, name: &str) -> Result<Option<f64>> {
        self.typed(name, "a number", JsValue::as_f64)
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>> {
        self.typed(name, "true or false", JsValue::as_bool)
    }

    fn typed<T>(&self, name: &str, expected: &str, read: impl Fn(&JsValue) -> Option<T>) -> Result<Option<T>> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let wrong = || Error::invalid(text![name, ": expected ", expected, ", found ", type_name(&value)]);
        read(&value).ok_or_else(wrong).map(Some)
    }
}

/// A [`RerankRequest`] of the facade's plain object.
pub(crate) fn request_from_js(request: &JsValue) -> Result<RerankRequest> {
    let fields = Fields(request);
    let documents = fields.value("documents").and_then(|value| value.dyn_into::<Array>().ok()).unwrap_or_default();
    RerankRequest::new(RequestDraft {
        query: fields.string("query")?.ok_or_else(|| Error::invalid("query: expected a string, found nothing"))?,
        // The facade has seen to it that each is a string.
        documents: documents.iter().map(|document| document.as_string().unwrap_or_default()).collect(),
        top_n: fields.number("topN")?,
        max_chunks_per_doc: fields.number("maxChunksPerDoc")?,
        overlap_tokens: fields.number("overlapTokens")?,
        return_documents: fields.boolean("returnDocuments")?,
        user: fields.string("user")?,
    })
}

/// `[{ index, relevanceScore, window? }]`, best first.
pub(crate) fn scored_to_js(scored: &[Scored]) -> Array {
    scored
        .iter()
        .map(|scored| {
            let result = object([
                ("index", JsValue::from_f64(scored.index as f64)),
                ("relevanceScore", JsValue::from_f64(scored.score)),
            ]);
            if let Some(window) = scored.window {
                let window = object([
                    ("index", JsValue::from_f64(window.index as f64)),
                    ("start", JsValue::from_f64(window.start as f64)),
                    ("end", JsValue::from_f64(window.end as f64)),
                ]);
                // Cannot fail: a fresh plain object.
                let _ = Reflect::set(&result, &JsValue::from_str("window"), &window);
            }
            result
        })
        .collect()
}

/// A plain object with these fields.
pub(crate) fn object<const N: usize>(fields: [(&str, JsValue); N]) -> Object {
    object_of(&fields)
}

fn object_of(fields: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in fields {
        // Cannot fail: a fresh plain object.
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object
}

fn type_name(value: &JsValue) -> String {
    if value.is_null() { "null".to_owned() } else { value.js_typeof().as_string().unwrap_or_default() }
}
