//! [`Error`] as a plain object `{ code, message, status?, … }`, which crosses workers where an Error would lose its fields.

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

use crate::error::{Error, ProviderCode};

/// The object the facade makes a `RerankError` of. Fields that are not known are left out.
pub(crate) fn to_js(error: &Error) -> JsValue {
    let provider_code = error.provider_code().map(|code| match code {
        ProviderCode::Number(number) => JsValue::from_f64(*number),
        ProviderCode::Word(word) => JsValue::from_str(word),
    });
    let fields = [
        ("code", Some(JsValue::from_str(error.kind().code()))),
        ("message", Some(JsValue::from_str(error.message()))),
        ("status", error.status().map(JsValue::from)),
        ("providerCode", provider_code),
        ("requestId", error.request_id().map(JsValue::from_str)),
        ("retryable", Some(JsValue::from_bool(error.is_retryable()))),
        ("retryAfterMs", error.retry_after().map(|wait| JsValue::from_f64(wait.as_millis() as u64 as f64))),
        ("index", error.index().map(|index| JsValue::from_f64(index as f64))),
    ];
    let object = Object::new();
    for (name, value) in fields {
        if let Some(value) = value {
            // Cannot fail: a fresh plain object.
            let _ = Reflect::set(&object, &JsValue::from_str(name), &value);
        }
    }
    object.into()
}
