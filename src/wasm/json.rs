//! [`Json`] ↔ a JavaScript value. The host's `JSON` parses and prints; here the tree is walked, and never too deep.

use js_sys::{Array, JSON, JsString, Object};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::json::Json;

/// Levels that are followed: replies have six, and a hostile one must not use up the stack.
const MAX_DEPTH: usize = 64;

#[wasm_bindgen]
extern "C" {
    // js_sys has it without `catch`; a getter or a proxy may throw.
    #[wasm_bindgen(catch, js_namespace = Object, js_name = entries)]
    fn object_entries(object: &JsValue) -> Result<Array, JsValue>;
}

/// The text of `json`.
pub(crate) fn print(json: &Json) -> Option<JsString> {
    JSON::stringify(&to_js(json)).ok()
}

/// The value `text` holds; `None` where it is not JSON, or nested beyond reason.
pub(crate) fn parse(text: &str) -> Option<Json> {
    from_js(&JSON::parse(text.strip_prefix('\u{feff}').unwrap_or(text)).ok()?)
}

/// A JavaScript value as JSON; `None` where it cannot be read or is nested beyond reason.
pub(crate) fn from_js(value: &JsValue) -> Option<Json> {
    from_js_within(value, MAX_DEPTH)
}

fn from_js_within(value: &JsValue, depth: usize) -> Option<Json> {
    if let Some(string) = value.as_string() {
        return Some(Json::String(string));
    }
    if let Some(number) = value.as_f64() {
        return Some(Json::Number(number));
    }
    if let Some(boolean) = value.as_bool() {
        return Some(Json::Bool(boolean));
    }
    if !value.is_object() {
        return Some(Json::Null);
    }
    let depth = depth.checked_sub(1)?;
    if Array::is_array(value) {
        let mut elements = Vec::new();
        for element in value.unchecked_ref::<Array>().iter() {
            elements.push(from_js_within(&element, depth)?);
        }
        return Some(Json::Array(elements));
    }
    let mut members = Vec::new();
    for entry in object_entries(value).ok()? {
        let entry: Array = entry.unchecked_into();
        members.push((entry.get(0).as_string()?, from_js_within(&entry.get(1), depth)?));
    }
    Some(Json::Object(members))
}

/// A fresh JavaScript value of `json`.
pub(crate) fn to_js(json: &Json) -> JsValue {
    match json {
        Json::Null => JsValue::NULL,
        Json::Bool(value) => JsValue::from_bool(*value),
        Json::Number(value) => JsValue::from_f64(*value),
        Json::String(value) => JsValue::from_str(value),
        Json::Array(elements) => {
            let array = Array::new();
            for element in elements {
                array.push(&to_js(element));
            }
            array.into()
        }
        Json::Object(members) => members_to_js(members),
    }
}

/// An object with any keys: fromEntries defines where assignment would run into `__proto__`.
pub(crate) fn members_to_js(members: &[(String, Json)]) -> JsValue {
    let entries = Array::new();
    for (key, value) in members {
        entries.push(&Array::of2(&JsValue::from_str(key), &to_js(value)));
    }
    from_entries(&entries)
}

/// An object of strings, with any keys.
pub(crate) fn strings_to_js(members: &[(String, String)]) -> JsValue {
    let entries = Array::new();
    for (key, value) in members {
        entries.push(&Array::of2(&JsValue::from_str(key), &JsValue::from_str(value)));
    }
    from_entries(&entries)
}

fn from_entries(entries: &Array) -> JsValue {
    Object::from_entries(entries).map_or(JsValue::UNDEFINED, JsValue::from)
}
