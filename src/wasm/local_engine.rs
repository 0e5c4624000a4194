//! The local engine: files are pushed in, a model comes out, and a ranking is taken step by step.
//!
//! Nothing here is asynchronous: JavaScript drives the steps, so that it can pause between them, and a trap surfaces in
//! the very call that met it.

use std::rc::Rc;
use std::sync::Arc;

use js_sys::{Array, Float32Array, Function, Int32Array, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::error::{Error, ErrorKind, Result};
use crate::local::load::{Destination, IncomingFile, WholeFile};
use crate::local::logits::CrossEncoder;
use crate::local::onnx::{Fusing, IncomingModel, OnnxCrossEncoder, Part};
use crate::local::pair::Row;
use crate::local::room::Room;
use crate::local::scores::Activation;
use crate::local::tokens::Tokenizer;
use crate::local::windows::Cutting;
use crate::local::{Job, LocalOptions, LocalReranker};
use crate::wasm::error::to_js;
use crate::wasm::reread::FileReader;
use crate::wasm::types::{Fields, object, request_from_js, scored_to_js};

/// Bytes of a chunk that are copied in at once: a source may hand over a whole file as one.
const COPIED: u32 = 1 << 18;

/// Bytes that a tokenizer takes while it is read, as a multiple of its JSON: XLM-R's 9.6 MB become 12 MB.
const TOKENIZER: u64 = 2;

/// A model and its tokenizer on their way in.
#[wasm_bindgen]
pub struct LocalLoader {
    model: IncomingFile<IncomingModel>,
    tokenizer: Incoming,
    copied: Vec<u8>,
    room: Room,
}

/// The tokenizer, on its way or read.
enum Incoming {
    File(IncomingFile<WholeFile>),
    Read(Tokenizer),
    /// Read in vain.
    Gone,
}

#[wasm_bindgen]
impl LocalLoader {
    /// `{ tokenizerBytes?, modelSha256?, tokenizerSha256?, memoryLimitBytes?, part?, parts?, reread? }`: what is known beforehand;
    /// `part` of `parts` (1) is the range of layers to load, from 0; `reread(offset, length)` reads the model's file again, in which large tables are
    /// then left.
    #[wasm_bindgen(constructor)]
    pub fn new(known: &JsValue) -> std::result::Result<LocalLoader, JsValue> {
        let fields = Fields(known);
        let loader = || {
            let room = Room { limit: fields.number("memoryLimitBytes")?.map(|bytes| bytes as u64) };
            let size = fields.number("tokenizerBytes")?.unwrap_or(0.0) as u64;
            let tokenizer = WholeFile::new(room, "tokenizer", size)?;
            let number = |name, default| Ok(fields.number(name)?.map_or(default, |number| number as usize));
            let part = Part { index: number("part", 0)?, of: number("parts", 1)? };
            let mut model = IncomingModel::of_part(room, part);
            if let Some(read) = fields.value("reread").and_then(|value| value.dyn_into::<Function>().ok()) {
                model = model.leaving_tables(Arc::new(FileReader::new(read)));
            }
            Ok(Self {
                model: IncomingFile::new("model", model, fields.string("modelSha256")?.as_deref())?,
                tokenizer: Incoming::File(IncomingFile::new(
                    "tokenizer",
                    tokenizer,
                    fields.string("tokenizerSha256")?.as_deref(),
                )?),
                copied: Vec::new(),
                room,
            })
        };
        loader().map_err(|error| to_js(&error))
    }

    /// The next chunk of the model.
    #[wasm_bindgen(js_name = pushModel)]
    pub fn push_model(&mut self, chunk: &Uint8Array) -> std::result::Result<(), JsValue> {
        push(&mut self.model, &mut self.copied, chunk)
    }

    /// The next chunk of the tokenizer.
    #[wasm_bindgen(js_name = pushTokenizer)]
    pub fn push_tokenizer(&mut self, chunk: &Uint8Array) -> std::result::Result<(), JsValue> {
        match &mut self.tokenizer {
            Incoming::File(file) => push(file, &mut self.copied, chunk),
            _ => Err(to_js(&Error::new(ErrorKind::Internal, "the tokenizer has been read already"))),
        }
    }

    /// Checks and reads the tokenizer, all of which has come; its text then makes room for the model.
    #[wasm_bindgen(js_name = readTokenizer)]
    pub fn read_tokenizer(&mut self) -> std::result::Result<(), JsValue> {
        let incoming = std::mem::replace(&mut self.tokenizer, Incoming::Gone);
        self.tokenizer = incoming.read(self.room).map(Incoming::Read).map_err(|error| to_js(&error))?;
        Ok(())
    }

    /// Checks both files and builds the engine. `options`: `{ maxTokens?, trainedTokens?, longDocuments?, scores?, quantize?,
    /// label? }`.
    pub fn build(self, options: &JsValue) -> std::result::Result<LocalEngine, JsValue> {
        let build = || {
            let fusing = fusing_from_js(options)?;
            let label = label_from_js(options)?;
            let options = options_from_js(options, self.room)?;
            let tokenizer = self.tokenizer.read(self.room)?;
            let model = self.model.finish()?.build(fusing, label)?;
            LocalReranker::new(tokenizer, Box::new(model), options)
        };
        build().map(|reranker| LocalEngine { reranker: Rc::new(reranker) }).map_err(|error| to_js(&error))
    }

    /// Checks the model and builds a part behind the first, which needs no tokenizer; `undefined` where the model has fewer
    /// layers than parts. `options` as for `build`.
    #[wasm_bindgen(js_name = buildPart)]
    pub fn build_part(self, options: &JsValue) -> std::result::Result<Option<LocalPart>, JsValue> {
        let build = || self.model.finish()?.build_part(fusing_from_js(options)?, label_from_js(options)?);
        build().map(|model| model.map(|model| LocalPart { model })).map_err(|error| to_js(&error))
    }
}

impl Incoming {
    fn read(self, room: Room) -> Result<Tokenizer> {
        match self {
            Self::File(file) => {
                let json = file.finish()?.into_bytes();
                room.need("tokenizer", json.len() as u64 * TOKENIZER)?;
                Tokenizer::from_json(&json)
            }
            Self::Read(tokenizer) => Ok(tokenizer),
            Self::Gone => Err(Error::new(ErrorKind::Internal, "the tokenizer could not be read")),
        }
    }
}

/// A part of a model behind the first.
#[wasm_bindgen]
pub struct LocalPart {
    model: OnnxCrossEncoder,
}

#[wasm_bindgen]
impl LocalPart {
    /// What this part makes of what the part before made of a row: hidden states, or one logit where it is the last.
    pub fn forward(
        &self,
        ids: &Int32Array,
        segments: &Int32Array,
        hidden: &Float32Array,
    ) -> std::result::Result<Float32Array, JsValue> {
        let whole = |numbers: &Int32Array| numbers.to_vec().into_iter().map(i64::from).collect();
        let row = Row { ids: whole(ids), segments: whole(segments) };
        let output = self.model.forward(&row, &hidden.to_vec());
        output.map(|output| Float32Array::from(&*output)).map_err(|error| to_js(&error))
    }
}

/// A model ready to rank.
#[wasm_bindgen]
pub struct LocalEngine {
    reranker: Rc<LocalReranker>,
}

#[wasm_bindgen]
impl LocalEngine {
    /// `{ path: "fused" | "plain", notes: string[] }`
    pub fn plan(&self) -> JsValue {
        let plan = self.reranker.model().plan();
        let path = if plan.fused { "fused" } else { "plain" };
        let notes: Array = plan.notes.iter().map(|note| JsValue::from_str(note)).collect();
        object([("path", JsValue::from_str(path)), ("notes", notes.into())]).into()
    }

    /// Starts to rank the facade's plain request.
    pub fn begin(&self, request: &JsValue) -> std::result::Result<LocalJob, JsValue> {
        let begin = || self.reranker.begin(request_from_js(request)?);
        begin().map(|job| LocalJob { job: Some(job) }).map_err(|error| to_js(&error))
    }
}

/// A ranking under way.
#[wasm_bindgen]
pub struct LocalJob {
    job: Option<Job>,
}

#[wasm_bindgen]
impl LocalJob {
    /// Does one piece of work, a window at most; `true` when nothing is left.
    pub fn step(&mut self) -> std::result::Result<bool, JsValue> {
        let job = self.job.as_mut().ok_or_else(finished)?;
        job.step().map_err(|error| to_js(&error))
    }

    /// Takes the next row through this first part of a model: `{ ids, segments, hidden }` for the next part; `undefined` when
    /// nothing is left.
    pub fn forward(&mut self) -> std::result::Result<Option<js_sys::Object>, JsValue> {
        let job = self.job.as_mut().ok_or_else(finished)?;
        let passed = job.forward().map_err(|error| to_js(&error))?;
        let whole = |numbers: &[i64]| {
            let numbers: Vec<i32> = numbers.iter().map(|&number| number as i32).collect();
            JsValue::from(Int32Array::from(&*numbers))
        };
        Ok(passed.map(|(row, hidden)| {
            let hidden = JsValue::from(Float32Array::from(&*hidden));
            object([("ids", whole(&row.ids)), ("segments", whole(&row.segments)), ("hidden", hidden)])
        }))
    }

    /// The logit that the last part made of that row.
    pub fn place(&mut self, logit: f32) -> std::result::Result<(), JsValue> {
        let job = self.job.as_mut().ok_or_else(finished)?;
        job.place(logit).map_err(|error| to_js(&error))
    }

    /// Documents scored so far.
    pub fn done(&self) -> f64 {
        self.job.as_ref().map_or(0.0, |job| job.done() as f64)
    }

    /// `{ done, total }` windows of the document under way; `undefined` between documents, and where it is one window.
    pub fn windows(&self) -> Option<js_sys::Object> {
        let (done, total) = self.job.as_ref()?.windows()?;
        let number = |count: usize| JsValue::from_f64(count as f64);
        Some(object([("done", number(done)), ("total", number(total))]))
    }

    /// `[{ index, relevanceScore, window? }]`, best first; once, after the last step.
    pub fn finish(&mut self) -> std::result::Result<Array, JsValue> {
        let job = self.job.take().ok_or_else(finished)?;
        job.finish().map(|ranking| scored_to_js(ranking.scored())).map_err(|error| to_js(&error))
    }
}

fn push<D: Destination>(
    file: &mut IncomingFile<D>,
    copied: &mut Vec<u8>,
    chunk: &Uint8Array,
) -> std::result::Result<(), JsValue> {
    for start in (0..chunk.length()).step_by(COPIED as usize) {
        let part = chunk.subarray(start, chunk.length().min(start + COPIED));
        copied.resize(part.length() as usize, 0);
        part.copy_to(copied);
        file.push(copied).map_err(|error| to_js(&error))?;
    }
    Ok(())
}

fn options_from_js(options: &JsValue, room: Room) -> Result<LocalOptions> {
    let fields = Fields(options);
    let cutting = match fields.string("longDocuments")?.as_deref() {
        None | Some("windows") => Cutting::Windows,
        Some("truncate") => Cutting::Truncate,
        Some(other) => return Err(unknown_word("longDocuments", "\"windows\" or \"truncate\"", other)),
    };
    let activation = match fields.string("scores")?.as_deref() {
        None | Some("sigmoid") => Activation::Sigmoid,
        Some("raw") => Activation::Raw,
        Some(other) => return Err(unknown_word("scores", "\"sigmoid\" or \"raw\"", other)),
    };
    let (max_tokens, trained_tokens) = (fields.number("maxTokens")?, fields.number("trainedTokens")?);
    Ok(LocalOptions { max_tokens, trained_tokens, cutting, activation, room })
}

fn label_from_js(options: &JsValue) -> Result<Option<usize>> {
    Ok(Fields(options).number("label")?.map(|label| label as usize))
}

fn fusing_from_js(options: &JsValue) -> Result<Fusing> {
    match Fields(options).string("quantize")?.as_deref() {
        None => Ok(Fusing::Quantized),
        Some("int8") => Ok(Fusing::Everything),
        Some(other) => Err(unknown_word("quantize", "\"int8\"", other)),
    }
}

fn unknown_word(field: &str, expected: &str, found: &str) -> Error {
    Error::invalid(format!("{field}: expected {expected}, found \"{found}\""))
}

fn finished() -> JsValue {
    to_js(&Error::new(ErrorKind::Internal, "this ranking has been taken already"))
}
