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
// Query and document apart.
mod asked;
mod readings;
mod sides;
// What runs.
mod graph;
// One of several labels.
mod label;
// The fused operators.
mod attention;
mod chain;
mod embedding;
mod evidence;
mod linear;
mod norm;

use tract_onnx::Onnx;
use tract_onnx::pb::{GraphProto, ModelProto};
use tract_onnx::prelude::Datum;

use crate::error::{Error, ErrorKind, Result};
use crate::local::kernels;
use crate::local::load::Destination;
use crate::local::logits::{CrossEncoder, Plan};
use crate::local::pair::Row;
use crate::local::room::Room;
use check::Tables;
use fuse::Fused;
pub use fuse::Fusing;
use graph::{Graph, Inputs};
use label::log_odds;
pub use parts::Part;
use parts::Range;
use places::Places;
use readings::Readings;
use sides::Sides;
use weights::Weights;

pub use stream::IncomingModel;

/// A cross-encoder that tract runs: what is recognised on fused operators of ours, the rest on its own.
pub struct OnnxCrossEncoder {
    plan: Plan,
    graph: Graph,
    /// Where both sides of a pair are read alone, and then `head` compares them; none where the graph reads pairs.
    sides: Option<Sides>,
    head: Option<Graph>,
    tables: Tables,
    /// By which to rank; none: a part of the model that ends before the classifier.
    label: Option<usize>,
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
    mut file: ModelProto,
    mut weights: Weights,
    mut range: Range,
    fusing: Fusing,
    label: Option<usize>,
) -> Result<OnnxCrossEncoder> {
    let onnx = Onnx { op_register: operators::register(), ..Onnx::default() };
    let mut onnx = onnx.with_ignore_output_shapes(true).with_ignore_value_info(true);
    onnx.op_register.insert(places::NAME, places::builder);
    refuse::opset(&file)?;
    let mut graph = file.graph.take().unwrap_or_default();
    rewrite::simplify(&mut graph);
    refuse::operators(&graph, operators::is_known)?;
    let is_large = |name: &str| weights.has(name) || weights.is_skipped(name) || weights.is_left(name);
    refuse::initializers(&graph, is_large)?;
    let inputs = check::inputs(&graph)?;
    let tables = check::tables(&graph);
    graph.output = vec![graph.output.swap_remove(refuse::output(&graph)?)];
    range.find_alike(&graph);
    let drafted = fuse::draft(&mut graph, fusing);
    let readings = Readings::of(&onnx, &file, &graph, &drafted, &inputs, is_large)
        .filter(|it| range.from.as_ref().is_none_or(|from| it.reach(from) && *from != it.name));
    let is_last = range.to.is_none();
    let (rows_left, came_first) = (weights.rows_left(), weights.came_first);
    let cut = cut(graph, range, readings.as_ref(), &inputs, &weights)?;
    drafted.count(&cut.iter().map(|(graph, _)| graph).collect::<Vec<_>>(), &mut weights);
    let mut graphs = Vec::new();
    for (mut graph, inputs) in cut {
        let mut places = Places::default();
        let placed = drafted.build(&mut graph, &mut weights, &mut places).and_then(|()| match fusing {
            Fusing::Nothing => Ok(0),
            _ => tables::embeddings(&mut graph, &mut weights, &mut places),
        });
        placed.map_err(|error| cannot_run(&error))?;
        weights.clear_stubs(&mut graph);
        rewrite::drop_unread_constants(&mut graph);
        graphs.push((graph, inputs, places));
    }
    if weights.rows_left().is_some() {
        let message =
            "a table that was left in the file is read by what no rule knows; load it with all tables in memory";
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    let (ir_version, opset_import) = (file.ir_version, file.opset_import);
    let mut ready = graphs.into_iter().map(|(graph, inputs, places)| {
        let (graph, opset_import) = (Some(graph), opset_import.clone());
        let file = ModelProto { graph, ir_version, opset_import, ..ModelProto::default() };
        Graph::new(&onnx, file, inputs, places, &mut weights)
    });
    let nothing = || Error::new(ErrorKind::Internal, "expected a graph, found none");
    let graph = ready.next().ok_or_else(nothing)??;
    let head = ready.next().transpose()?;
    if is_last {
        refuse::head(&head.as_ref().unwrap_or(&graph).shape, label)?;
    }
    let plan = plan(&drafted.fused, readings.is_some(), rows_left, came_first);
    let label = is_last.then(|| label.unwrap_or_default());
    Ok(OnnxCrossEncoder { plan, graph, sides: readings.map(|_| Sides::default()), head, tables, label })
}

/// What of `graph` is of `range`, with its inputs: one graph, or where a head follows the readings of two sides, two.
fn cut(
    graph: GraphProto,
    mut range: Range,
    readings: Option<&Readings>,
    inputs: &Inputs,
    weights: &Weights,
) -> Result<Vec<(GraphProto, Inputs)>> {
    let head = readings.filter(|it| range.to.as_ref().is_none_or(|to| !it.reach(to)));
    let head = head.map(|it| range.split_at(&it.name, it.width));
    if range.is_whole() {
        return Ok(vec![(graph, inputs.clone())]);
    }
    let of_range = |range: Range| {
        let mut graph = graph.clone();
        let output = graph.output.first().map(|output| output.name.clone()).unwrap_or_default();
        let hidden = range.cut(&mut graph, &output, |name| weights.is_skipped(name))?;
        let mut inputs = check::left(inputs.clone(), &graph);
        inputs.extend(hidden.map(|hidden| (hidden, f32::datum_type())));
        Ok((graph, inputs))
    };
    [Some(range), head].into_iter().flatten().map(of_range).collect()
}

/// How the model will run, for people too.
fn plan(fused: &Fused, is_apart: bool, rows_left: Option<usize>, came_first: bool) -> Plan {
    let Fused { products, linears, attentions, norms, first_token, evidence } = *fused;
    let dot = kernels::relaxed_dot().map_or_else(|| "none".to_owned(), |dot| format!("{dot:?}").to_lowercase());
    let mut notes = vec![
        format!(
            "{linears} of {products} int8 linear layers, {attentions} attentions and {norms} layer norms on our kernels, the rest on tract's operators"
        ),
        format!("last layer: {}", if first_token { "the first token alone" } else { "all tokens" }),
        format!("relaxed dot: {dot}"),
    ];
    if is_apart {
        notes.push("query and document: read apart, the query once for all documents".to_owned());
    }
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
        let run = || {
            let Some(sides) = &self.sides else { return self.graph.run(row, hidden) };
            let states = sides.read(&self.graph, row, hidden)?;
            match &self.head {
                Some(head) => head.run(row, &states),
                None => Ok(states),
            }
        };
        let numbers = run().map_err(|error| cannot_run(&error))?;
        Ok(match self.label {
            Some(label) => log_odds(&numbers, label).into_iter().collect(),
            None => numbers,
        })
    }

    fn positions(&self) -> Option<usize> {
        self.tables.positions
    }

    fn vocabulary(&self) -> Option<usize> {
        self.tables.vocabulary
    }

    fn working_bytes(&self, length: usize) -> u64 {
        self.head.iter().chain([&self.graph]).map(|graph| graph.bytes(length)).max().unwrap_or_default()
    }

    fn plan(&self) -> &Plan {
        &self.plan
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
