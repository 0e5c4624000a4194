//! A Response, of whatever class, read to its end. gloo-net reads the host's own; of any other object (a mock, node-fetch's,
//! another realm's) status, headers and body are looked up as what they are called.

use gloo_net::http::Response;
use js_sys::{Array, ArrayBuffer, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::error::{Error, Result};
use crate::http::{HttpReply, ReplyBody, whole_number};
use crate::remote::provider::REDIRECTED;
use crate::wasm::fetch::{Attempt, no_answer};
use crate::wasm::json;

/// Bytes of a body. The largest real one repeats a thousand documents of a few kilobytes.
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

#[wasm_bindgen]
extern "C" {
    // js_sys has them without `catch`.
    #[wasm_bindgen(catch, js_namespace = Array, js_name = from)]
    fn array_from(iterable: &JsValue) -> std::result::Result<Array, JsValue>;
    #[wasm_bindgen(catch, js_namespace = Object, js_name = entries)]
    fn object_entries(object: &JsValue) -> std::result::Result<Array, JsValue>;
}

/// Reads `response` within the time of `attempt`.
pub(crate) async fn read(response: &JsValue, attempt: &Attempt<'_>) -> Result<HttpReply> {
    let (status, headers, body) = match own(response) {
        Some(response) => {
            let body = response.body().map_or(JsValue::NULL, JsValue::from);
            (f64::from(response.status()), response.headers().entries().collect(), body)
        }
        None => {
            let status = get(response, "status").and_then(|status| status.as_f64());
            let status = status.ok_or_else(|| bad("expected a Response with a status from fetch, found none"))?;
            (status, foreign_headers(response), get(response, "body").unwrap_or(JsValue::UNDEFINED))
        }
    };
    if get(response, "type").is_some_and(|kind| kind == "opaqueredirect") {
        return Err(bad(REDIRECTED));
    }
    if status.fract() != 0.0 || !(200.0..600.0).contains(&status) {
        return Err(bad("expected a Response with a status from 200 to 599 from fetch, found another"));
    }
    let mut reply = HttpReply { status: status as u16, headers, body: ReplyBody::Other { size: 0 } };
    let length = reply.header("content-length").and_then(whole_number);
    if length.is_some_and(|length| length > MAX_BODY_BYTES as u64) {
        return Err(too_large(reply.status));
    }
    reply.body = read_body(response, &body, attempt).await.map_err(|error| error.with_status(reply.status))?;
    Ok(reply)
}

/// The host's own Response, if it is one through and through: gloo-net's getters throw through Rust otherwise.
fn own(response: &JsValue) -> Option<Response> {
    let response = response.dyn_ref::<web_sys::Response>()?;
    get(response, "status")?.as_f64()?;
    get(response, "body")?;
    get(response, "headers")?.dyn_ref::<web_sys::Headers>()?;
    Some(Response::from(Clone::clone(response)))
}

/// Headers of a Headers, a Map or a plain object; none where they cannot be read.
fn foreign_headers(response: &JsValue) -> Vec<(String, String)> {
    let Some(headers) = get(response, "headers").filter(JsValue::is_object) else { return Vec::new() };
    let entries = match array_from(&headers) {
        Ok(entries) if entries.length() > 0 => entries,
        _ => object_entries(&headers).unwrap_or_default(),
    };
    let mut headers = Vec::new();
    for entry in entries {
        let Ok(entry) = entry.dyn_into::<Array>() else { continue };
        if let (Some(name), Some(value)) = (entry.get(0).as_string(), entry.get(1).as_string()) {
            headers.push((name.to_ascii_lowercase(), value));
        }
    }
    headers
}

async fn read_body(response: &JsValue, body: &JsValue, attempt: &Attempt<'_>) -> Result<ReplyBody> {
    if let Some(start) = method(body, "getReader") {
        let reader = start.call0(body).map_err(|_| bad("the body of the Response was read before"))?;
        let read = read_stream(&reader, attempt).await;
        if read.is_err() {
            cancel(&reader);
        }
        let bytes = read?;
        let text = std::str::from_utf8(&bytes).ok();
        return Ok(text.and_then(json::parse).map_or(ReplyBody::Other { size: bytes.len() }, ReplyBody::Json));
    }
    if body.is_null() {
        return Ok(ReplyBody::Other { size: 0 });
    }
    for name in ["text", "json"] {
        let Some(read) = method(response, name) else { continue };
        let promise = read.call0(response).map_err(|_| bad("the body of the Response cannot be read"))?;
        let value = match attempt.wait(&Promise::resolve(&promise)).await? {
            Ok(value) => value,
            Err(_) => return Err(bad("the body of the Response cannot be read")),
        };
        return match value.as_string().filter(|_| name == "text") {
            Some(text) if text.len() > MAX_BODY_BYTES => Err(too_large(200)),
            Some(text) => Ok(json::parse(&text).map_or(ReplyBody::Other { size: text.len() }, ReplyBody::Json)),
            None => Ok(json::from_js(&value).map_or(ReplyBody::Other { size: 0 }, ReplyBody::Json)),
        };
    }
    Err(bad("expected a Response with a body, text() or json() from fetch, found none"))
}

/// All chunks that `reader` gives.
async fn read_stream(reader: &JsValue, attempt: &Attempt<'_>) -> Result<Vec<u8>> {
    let unreadable = || bad("the body of the Response cannot be read");
    let read = method(reader, "read").ok_or_else(unreadable)?;
    let mut bytes = Vec::new();
    loop {
        let promise = read.call0(reader).map_err(|_| unreadable())?;
        let chunk = match attempt.wait(&Promise::resolve(&promise)).await? {
            Ok(chunk) => chunk,
            Err(reason) => return Err(no_answer(&reason)),
        };
        if get(&chunk, "done").is_none_or(|done| done.is_truthy()) {
            return Ok(bytes);
        }
        let value = get(&chunk, "value").filter(ArrayBuffer::is_view).ok_or_else(unreadable)?;
        let value = Uint8Array::new(&value);
        if bytes.len() + value.length() as usize > MAX_BODY_BYTES {
            return Err(too_large(200));
        }
        let start = bytes.len();
        bytes.resize(start + value.length() as usize, 0);
        if let Some(room) = bytes.get_mut(start..) {
            value.copy_to(room);
        }
    }
}

/// Lets the rest of a body go; whether that works is of no interest.
fn cancel(reader: &JsValue) {
    if let Some(Ok(promise)) = method(reader, "cancel").map(|cancel| cancel.call0(reader)) {
        spawn_local(async move {
            let _ = JsFuture::from(Promise::resolve(&promise)).await;
        });
    }
}

fn get(value: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(value, &JsValue::from_str(name)).ok()
}

fn method(value: &JsValue, name: &str) -> Option<Function> {
    get(value, name)?.dyn_into().ok()
}

fn bad(message: &str) -> Error {
    Error::bad_response(message)
}

fn too_large(status: u16) -> Error {
    bad("expected at most 32 MiB of body, found more; check baseUrl").with_status(status)
}
