//! The remote engine: options in, a promise of a ranking for each call, and a way to stop it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::future_to_promise;

use crate::error::{Error, Result};
use crate::remote::answer::Warning;
use crate::remote::call::{Attempt, Call, DEFAULT_TIMEOUT};
use crate::remote::dmxapi::{AuthScheme, Dmxapi};
use crate::remote::entries::LongDocuments;
use crate::remote::keys::Keys;
use crate::remote::provider::Provider;
use crate::remote::qianfan::{Auth, Qianfan};
use crate::remote::retry::{DEFAULT_RETRIES, RetryPolicy};
use crate::remote::split::Ranked;
use crate::remote::{RemoteReranker, Settings};
use crate::wasm::error::to_js;
use crate::wasm::fetch::Host;
use crate::wasm::json;
use crate::wasm::types::{Fields, object, request_from_js, scored_to_js};
use crate::wasm::waiting::Stop;

/// How to stop each call under way, by its number.
type Running = Vec<(f64, Rc<Stop>)>;

/// A service, ready to rank.
#[wasm_bindgen]
pub struct RemoteEngine {
    reranker: Rc<RemoteReranker>,
    fetch: Option<Function>,
    store: Option<JsValue>,
    on_attempt: Option<Function>,
    running: Rc<RefCell<Running>>,
}

#[wasm_bindgen]
impl RemoteEngine {
    /// `{ provider, url, model?, auth, tokenUrl?, tokenStore?, strict?, maxConcurrency?, longDocuments?, fetch?, onAttempt? }`; `auth`: raw, bearer,
    /// access-token, oauth or iam.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue) -> std::result::Result<RemoteEngine, JsValue> {
        let fields = Fields(options);
        let function = |name: &str| fields.value(name).and_then(|value| value.dyn_into().ok());
        let reranker = reranker_from_js(&fields).map_err(|error| to_js(&error))?;
        let (fetch, on_attempt) = (function("fetch"), function("onAttempt"));
        let store = fields.value("tokenStore");
        Ok(Self { reranker: Rc::new(reranker), fetch, store, on_attempt, running: Rc::default() })
    }

    /// Ranks the facade's plain request: `{ query, documents, …, key?, secret?, sessionToken?, headers, debugBodies?, timeoutMs?,
    /// maxRetries?, deadline? }`.
    pub fn score(&self, call: f64, request: JsValue, on_progress: Option<Function>) -> Promise {
        let stop = Rc::new(Stop::new());
        self.running.borrow_mut().push((call, Rc::clone(&stop)));
        let (reranker, running) = (Rc::clone(&self.reranker), Rc::clone(&self.running));
        let host = Host { fetch: self.fetch.clone(), store: self.store.clone(), stop };
        let on_attempt = self.on_attempt.clone();
        future_to_promise(async move {
            let outcome = score(&reranker, &request, &host, on_attempt.as_ref(), on_progress.as_ref()).await;
            running.borrow_mut().retain(|(number, _)| *number != call);
            outcome.map_err(|error| to_js(&error))
        })
    }

    /// Stops what `score` began under this number.
    pub fn abort(&self, call: f64) {
        // Let go of the list before the host runs.
        let stop = self.running.borrow().iter().find(|(number, _)| *number == call).map(|(_, stop)| Rc::clone(stop));
        if let Some(stop) = stop {
            stop.stop();
        }
    }
}

async fn score(
    reranker: &RemoteReranker,
    request: &JsValue,
    host: &Host,
    on_attempt: Option<&Function>,
    on_progress: Option<&Function>,
) -> Result<JsValue> {
    let fields = Fields(request);
    let (key, secret, session) = (fields.string("key")?, fields.string("secret")?, fields.string("sessionToken")?);
    let headers = headers_from_js(&fields)?;
    let report = |function: Option<&Function>, value: JsValue| {
        if let Some(function) = function {
            // The facade's function; it sees to what the caller's throws.
            let _ = function.call1(&JsValue::UNDEFINED, &value);
        }
    };
    let call = Call {
        keys: Keys { key: key.as_deref(), secret: secret.as_deref(), session_token: session.as_deref() },
        timeout: fields.number("timeoutMs")?.map_or(DEFAULT_TIMEOUT, duration),
        policy: RetryPolicy {
            retries: fields.number("maxRetries")?.map_or(DEFAULT_RETRIES, |retries| retries as u32),
            deadline: fields.number("deadline")?,
        },
        headers: &headers,
        debug_bodies: fields.boolean("debugBodies")?.unwrap_or(false),
        on_attempt: &|attempt| report(on_attempt, attempt_to_js(attempt)),
        on_progress: &|done, total| {
            let progress =
                object([("done", JsValue::from_f64(done as f64)), ("total", JsValue::from_f64(total as f64))]);
            report(on_progress, progress.into());
        },
    };
    let ranked = reranker.rerank(&request_from_js(request)?, &call, host).await?;
    Ok(ranked_to_js(reranker.provider(), &ranked))
}

fn reranker_from_js(fields: &Fields<'_>) -> Result<RemoteReranker> {
    let word = |name: &str| fields.string(name).map(Option::unwrap_or_default);
    let (url, model, auth) = (word("url")?, fields.string("model")?, word("auth")?);
    let unknown = || Error::invalid("provider, auth: expected a pair that this version knows, found another");
    let provider: Box<dyn Provider> = match (word("provider")?.as_str(), auth.as_str()) {
        ("dmxapi", "raw") => Box::new(Dmxapi::new(url, model, AuthScheme::Raw)),
        ("dmxapi", "bearer") => Box::new(Dmxapi::new(url, model, AuthScheme::Bearer)),
        ("qianfan", "access-token") => Box::new(Qianfan::new(url, model, Auth::AccessToken)),
        ("qianfan", "oauth") => Box::new(Qianfan::new(url, model, Auth::OAuth { token_url: word("tokenUrl")? })),
        ("qianfan", "iam") => Box::new(Qianfan::new(url, model, Auth::Iam)),
        ("qianfan", "bearer") => Box::new(Qianfan::new(url, model, Auth::Bearer)),
        _ => return Err(unknown()),
    };
    let default = Settings::default();
    let settings = Settings {
        strict: fields.boolean("strict")?.unwrap_or(default.strict),
        max_concurrency: fields.number("maxConcurrency")?.map_or(default.max_concurrency, |most| most as usize),
        long_documents: match word("longDocuments")?.as_str() {
            "truncate" => LongDocuments::Truncate,
            "windows" => LongDocuments::Windows,
            _ => default.long_documents,
        },
    };
    Ok(RemoteReranker::new(provider, settings))
}

/// `[[name, value | null], …]`
fn headers_from_js(fields: &Fields<'_>) -> Result<Vec<(String, Option<String>)>> {
    let entries = fields.value("headers").and_then(|headers| headers.dyn_into::<Array>().ok()).unwrap_or_default();
    let mut headers = Vec::new();
    for entry in entries {
        let entry = entry.dyn_into::<Array>().unwrap_or_default();
        headers.push((entry.get(0).as_string().unwrap_or_default(), entry.get(1).as_string()));
    }
    Ok(headers)
}

fn duration(milliseconds: f64) -> Duration {
    // Saturates: no end, or at once.
    Duration::from_millis(milliseconds as u64)
}

fn attempt_to_js(attempt: &Attempt) -> JsValue {
    let report = object([
        ("attempt", JsValue::from(attempt.number)),
        ("ms", JsValue::from_f64(attempt.ms)),
        ("decision", JsValue::from_str(attempt.decision)),
    ]);
    set(&report, "status", attempt.status.map(JsValue::from));
    report.into()
}

/// What the facade makes a `RerankResponse` of: documents come in there.
fn ranked_to_js(provider: &dyn Provider, ranked: &Ranked) -> JsValue {
    let warnings = Array::new();
    for warning in &ranked.warnings {
        warnings.push(&warning_to_js(warning));
    }
    let response = object([
        ("scored", scored_to_js(ranked.ranking.scored()).into()),
        ("model", JsValue::from_str(&ranked.model)),
        ("provider", provider.name().into()),
        ("warnings", warnings.into()),
    ]);
    set(&response, "id", ranked.id.as_deref().map(JsValue::from_str));
    set(&response, "created", ranked.created.map(JsValue::from_f64));
    let usage = ranked.usage.as_ref().map(|usage| {
        let shown = object([
            ("promptTokens", JsValue::from_f64(usage.prompt_tokens)),
            ("totalTokens", JsValue::from_f64(usage.total_tokens)),
        ]);
        set(&shown, "completionTokens", usage.completion_tokens.map(JsValue::from_f64));
        set(&shown, "details", (!usage.details.is_empty()).then(|| json::members_to_js(&usage.details)));
        shown.into()
    });
    set(&response, "usage", usage);
    let reply = ranked.reply.as_ref().map(|reply| {
        let body = reply.json().map_or(JsValue::UNDEFINED, json::to_js);
        object([("status", reply.status.into()), ("headers", json::strings_to_js(&reply.headers)), ("body", body)])
            .into()
    });
    set(&response, "response", reply);
    response.into()
}

fn warning_to_js(warning: &Warning) -> JsValue {
    let shown = object([("code", warning.code.into()), ("message", JsValue::from_str(&warning.message))]);
    set(&shown, "index", warning.index.map(|index| JsValue::from_f64(index as f64)));
    shown.into()
}

/// Field `name`, if there is a value.
fn set(object: &JsValue, name: &str, value: Option<JsValue>) {
    if let Some(value) = value {
        // Cannot fail: a fresh plain object.
        let _ = Reflect::set(object, &JsValue::from_str(name), &value);
    }
}
