//! ONNX bytes → [`CrossEncoder`], by tract. The only folder that knows tract.

// The wire format.
mod field;
// The file as it arrives.
mod stream;
// The file's nodes -> fewer and plainer ones.
mod rewrite;
// What cannot run.
mod refuse;
// What a file says of itself.
mod check;
// What of the file is kept.
mod wanted;
// A range of its layers alone.
mod cuts;
mod parts;
// Large initializers, outside the graph.
mod home;
mod weights;
// Fused operators on their way through tract's parser.
mod places;
// The operators we have.
mod operators;
// Subgraph -> fused operator.
mod fuse;
// Embedding tables.
mod rows;
mod tables;
// What a row takes.
mod memory;
// One of several labels.
mod label;
// The fused operators.
mod attention;
mod chain;
mod embedding;
mod evidence;
mod linear;
mod norm;

use std::sync::Arc;

use tract_onnx::Onnx;
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::{
    Datum, DatumType, InferenceFact, InferenceModelExt, IntoRunnable, TDim, TValue, TVec, Tensor, ToDim, TractResult,
    TypedRunnableModel, tvec,
};

use crate::error::{Error, ErrorKind, Result};
use crate::local::kernels;
use crate::local::load::Destination;
use crate::local::logits::{CrossEncoder, Plan};
use crate::local::pair::Row;
use crate::local::room::Room;
use check::{Input, Tables};
use fuse::Fused;
pub use fuse::Fusing;
use label::log_odds;
use memory::Memory;
pub use parts::Part;
use parts::Range;
use places::Places;
use weights::Weights;

pub use stream::IncomingModel;

/// Symbol of a row's tokens.
const LENGTH: &str = "length";

/// A cross-encoder that tract runs: what is recognised on fused operators of ours, the rest on its own.
pub struct OnnxCrossEncoder {
    plan: Plan,
    model: Arc<TypedRunnableModel>,
    inputs: Vec<(Input, DatumType)>,
    tables: Tables,
    /// By which to rank; none: a part of the model that ends before the classifier.
    label: Option<usize>,
    memory: Memory,
}

/// Reads a whole file that is in memory.
///
/// # Errors
/// As [`IncomingModel::build`].
pub fn cross_encoder(file: Vec<u8>) -> Result<OnnxCrossEncoder> {
    cross_encoder_with(file, Fusing::default())
}

/// As [`cross_encoder`], with nothing fused: the slow and obvious twin that fused plans are held against.
///
/// # Errors
/// As [`cross_encoder`].
pub fn plain_cross_encoder(file: Vec<u8>) -> Result<OnnxCrossEncoder> {
    cross_encoder_with(file, Fusing::Nothing)
}

/// As [`cross_encoder`], and says what is to be fused.
///
/// # Errors
/// As [`cross_encoder`].
pub fn cross_encoder_with(file: Vec<u8>, fusing: Fusing) -> Result<OnnxCrossEncoder> {
    let mut model = IncomingModel::new(Room::default());
    model.take(&file)?;
    drop(file);
    model.build(fusing, None)
}

impl IncomingModel {
    /// Makes a BERT or XLM-R style sequence classifier of the file: token ids `[batch, length]` in, logits `[batch, labels]`
    /// out, as Optimum and transformers.js export them, in fp32 or dynamic int8. `label`: by which of them to rank; none where
    /// there is one.
    ///
    /// The graph is simplified once for one pair of any length: the batch is 1 and the length stays a symbol, because
    /// tract cannot flatten the classifier's token when both are unknown, and because a row must not depend on its
    /// neighbours.
    ///
    /// # Errors
    /// `bad_model` with what was found and which export works; `invalid_request` for a label it does not have.
    pub fn build(self, fusing: Fusing, label: Option<usize>) -> Result<OnnxCrossEncoder> {
        self.build_part(fusing, label)?
            .ok_or_else(|| Error::bad_model("expected layers, found none in this part of the model"))
    }

    /// As [`IncomingModel::build`], of a part of a model; none where the model has fewer layers than parts.
    ///
    /// # Errors
    /// As [`IncomingModel::build`], and `unsupported` where the model cannot be cut.
    pub fn build_part(self, fusing: Fusing, label: Option<usize>) -> Result<Option<OnnxCrossEncoder>> {
        let (proto, weights, range) = self.finish()?;
        if range.is_empty { Ok(None) } else { built(proto, weights, range, fusing, label).map(Some) }
    }
}

fn built(
    mut proto: ModelProto,
    mut weights: Weights,
    mut range: Range,
    fusing: Fusing,
    label: Option<usize>,
) -> Result<OnnxCrossEncoder> {
    let onnx = Onnx { op_register: operators::register(), ..Onnx::default() };
    let mut onnx = onnx.with_ignore_output_shapes(true).with_ignore_value_info(true);
    onnx.op_register.insert(places::NAME, places::builder);
    refuse::opset(&proto)?;
    let graph = proto.graph.get_or_insert_default();
    rewrite::simplify(graph);
    weights.count_readers(graph);
    refuse::operators(graph, operators::is_known)?;
    refuse::initializers(graph, |name| weights.has(name) || weights.is_skipped(name) || weights.is_left(name))?;
    let mut inputs = check::inputs(graph)?;
    let sizes = check::tables(graph);
    let mut kept = refuse::output(graph)?;
    range.find_alike(graph);
    let drafted = fuse::draft(graph, fusing);
    if !range.is_whole() {
        let output = graph.output.get(kept).map(|output| output.name.clone()).unwrap_or_default();
        let hidden = range.cut(graph, &output, |name| weights.is_skipped(name))?;
        inputs = check::left(inputs, graph);
        inputs.extend(hidden.map(|hidden| (hidden, f32::datum_type())));
        kept = 0;
    }
    let mut places = Places::default();
    let (rows_left, came_first) = (weights.rows_left(), weights.came_first);
    let fused = drafted.build(graph, &mut weights, &mut places).map_err(|error| cannot_run(&error))?;
    if fusing != Fusing::Nothing {
        tables::embeddings(graph, &mut weights, &mut places).map_err(|error| cannot_run(&error))?;
    }
    if weights.rows_left().is_some() {
        let message =
            "a table that was left in the file is read by what no rule knows; load it with all tables in memory";
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    weights.clear_stubs(graph);
    rewrite::drop_unread_constants(graph);
    let typed = (|| {
        let mut model = onnx.parse(&proto, None)?.model;
        drop(proto);
        places.fill(&mut model)?;
        weights.into_constants(&mut model)?;
        let logits: Vec<_> = model.output_outlets()?.iter().copied().skip(kept).take(1).collect();
        model.select_output_outlets(&logits)?;
        let length = model.symbols.sym(LENGTH);
        for (index, (input, datum_type)) in inputs.iter().enumerate() {
            let mut shape: TVec<TDim> = tvec!(1.to_dim(), length.to_dim());
            if let Input::Hidden(width) = input {
                shape.push(width.to_dim());
            }
            model.set_input_fact(index, InferenceFact::dt_shape(*datum_type, shape))?;
        }
        model.into_typed()?.into_decluttered()
    })();
    let mut typed = typed.map_err(|error| cannot_run(&error))?;
    let is_last = range.to.is_none();
    if is_last {
        refuse::head(&typed.output_fact(0).map_err(|error| cannot_run(&error))?.shape.to_tvec(), label)?;
    }
    let memory = Memory::of(&typed, typed.symbols.sym(LENGTH));
    // Not into_optimized, which would declutter once more.
    let model = typed.optimize().and_then(|()| typed.into_runnable()).map_err(|error| cannot_run(&error))?;
    let plan = plan(&fused, rows_left, came_first);
    let label = is_last.then(|| label.unwrap_or_default());
    Ok(OnnxCrossEncoder { plan, model, inputs, tables: sizes, label, memory })
}

/// How the model will run, for people too.
fn plan(fused: &Fused, rows_left: Option<usize>, came_first: bool) -> Plan {
    let Fused { products, linears, attentions, norms, first_token, evidence } = *fused;
    let dot = kernels::relaxed_dot().map_or_else(|| "none".to_owned(), |dot| format!("{dot:?}").to_lowercase());
    let mut notes = vec![
        format!(
            "{linears} of {products} int8 linear layers, {attentions} attentions and {norms} layer norms on our kernels, the rest on tract's operators"
        ),
        format!("last layer: {}", if first_token { "the first token alone" } else { "all tokens" }),
        format!("relaxed dot: {dot}"),
    ];
    notes.extend(evidence.then(|| "head: token by token, on our kernel".to_owned()));
    notes
        .extend(rows_left.map(|rows| format!("word table: {rows} rows left in the cache, read as they are asked for")));
    if came_first {
        notes.push(
            "file: its weights come before its nodes, so all of it was held until its end and packed then".to_owned(),
        );
    }
    Plan { fused: linears > 0, notes }
}

impl CrossEncoder for OnnxCrossEncoder {
    fn logits(&self, row: &Row) -> Result<f32> {
        let logits = self.forward(row, &[])?;
        logits.first().copied().ok_or_else(|| Error::bad_model("expected a logit, found an empty output"))
    }

    fn forward(&self, row: &Row, hidden: &[f32]) -> Result<Vec<f32>> {
        let input = |(input, datum_type): &(Input, DatumType)| {
            tensor(input, row, hidden).and_then(|it| Ok(it.cast_to_dt(*datum_type)?.into_owned().into()))
        };
        let inputs: TractResult<TVec<TValue>> = self.inputs.iter().map(input).collect();
        let output = inputs.and_then(|inputs| self.model.run(inputs)).and_then(|outputs| {
            let Some(output) = outputs.first() else { return Ok(Vec::new()) };
            let output = output.cast_to::<f32>()?;
            let numbers = output.try_as_plain_ram()?.as_slice::<f32>()?;
            Ok(self.label.map_or_else(|| numbers.to_vec(), |label| log_odds(numbers, label).into_iter().collect()))
        });
        output.map_err(|error| cannot_run(&error))
    }

    fn positions(&self) -> Option<usize> {
        self.tables.positions
    }

    fn vocabulary(&self) -> Option<usize> {
        self.tables.vocabulary
    }

    fn working_bytes(&self, length: usize) -> u64 {
        self.memory.bytes(length)
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }
}

/// `[1, length]`, and of hidden states `[1, length, width]`
fn tensor(input: &Input, row: &Row, hidden: &[f32]) -> TractResult<Tensor> {
    let length = row.ids.len();
    match *input {
        Input::Ids => Tensor::from_shape(&[1, length], &row.ids),
        Input::Mask => Tensor::from_shape(&[1, length], &vec![1_i64; length]),
        Input::Segments => Tensor::from_shape(&[1, length], &row.segments),
        Input::Positions => Tensor::from_shape(&[1, length], &(0..length as i64).collect::<Vec<_>>()),
        Input::Hidden(width) => Tensor::from_shape(&[1, length, width], hidden),
    }
}

/// tract's reasons are chains; the innermost says what is wrong, the outermost where.
fn cannot_run(error: &tract_onnx::prelude::TractError) -> Error {
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    let reason = match chain.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first, .., last] => format!("{first}: {last}"),
    };
    Error::bad_model(format!("the graph cannot be run: {reason}"))
}
