//! What a model file says of itself: its inputs and the sizes of its tables.

use tract_onnx::pb::{GraphProto, type_proto};
use tract_onnx::prelude::{Datum, DatumType};

use crate::error::{Error, Result};
use crate::local::onnx::refuse::GOOD_EXPORT;
use crate::local::onnx::rewrite::constants::Constants;

/// `TensorProto.DataType` of ONNX.
const INT32: i32 = 6;

/// The inputs that are known, by name.
pub(super) const INPUTS: [(&str, Input); 4] = [
    ("input_ids", Input::Ids),
    ("attention_mask", Input::Mask),
    ("token_type_ids", Input::Segments),
    ("position_ids", Input::Positions),
];

/// What an input of the graph means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// Token ids.
    Ids,
    /// 1 for each token: nothing is padding here.
    Mask,
    /// Segment numbers.
    Segments,
    /// 0, 1, 2, …
    Positions,
    /// What the part of the model before this one made of the row, so many numbers a token.
    Hidden(usize),
}

/// Sizes of the embedding tables, where their names give them away.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tables {
    /// Tokens of a row at most.
    pub(super) positions: Option<usize>,
    /// Number of token ids.
    pub(super) vocabulary: Option<usize>,
}

/// The inputs in the graph's order.
pub(super) fn inputs(graph: &GraphProto) -> Result<Vec<(Input, DatumType)>> {
    let is_weight = |name: &str| graph.initializer.iter().any(|tensor| tensor.name == name);
    let mut inputs = Vec::new();
    for input in graph.input.iter().filter(|input| !is_weight(&input.name)) {
        let meaning = INPUTS.iter().find(|(name, _)| *name == input.name).map(|(_, meaning)| *meaning);
        let meaning = meaning.ok_or_else(|| unknown_input(&input.name))?;
        let value = input.r#type.as_ref().and_then(|it| it.value.as_ref());
        let is_int32 = matches!(value, Some(type_proto::Value::TensorType(tensor)) if tensor.elem_type == INT32);
        inputs.push((meaning, if is_int32 { i32::datum_type() } else { i64::datum_type() }));
    }
    if inputs.iter().any(|(input, _)| *input == Input::Ids) {
        return Ok(inputs);
    }
    Err(Error::bad_model(format!("expected an input \"input_ids\", found none; {GOOD_EXPORT}")))
}

/// Those of `inputs` that are left in `graph`, which may be a part of the file's.
pub(super) fn left(inputs: Vec<(Input, DatumType)>, graph: &GraphProto) -> Vec<(Input, DatumType)> {
    let is_left = |name: &str| graph.input.iter().any(|input| input.name == name);
    let named = |input: Input| INPUTS.iter().find(|(_, known)| *known == input).map_or("", |(name, _)| name);
    inputs.into_iter().filter(|(input, _)| is_left(named(*input))).collect()
}

/// Reads the sizes of the tables off the initializers' names, which Optimum and torch keep from the model.
pub(super) fn tables(graph: &GraphProto) -> Tables {
    let table = |of: &str| {
        let is_table = |name: &str| name.contains(of) && !name.ends_with("_scale") && !name.ends_with("_zero_point");
        let tensor = graph.initializer.iter().find(|tensor| is_table(&tensor.name) && tensor.dims.len() == 2)?;
        let rows = tensor.dims.first().and_then(|&rows| usize::try_from(rows).ok())?;
        Some((tensor.name.as_str(), rows))
    };
    let positions =
        table("position_embeddings.weight").map(|(name, rows)| rows - first_position(graph, name).min(rows));
    Tables { positions, vocabulary: table("word_embeddings.weight").map(|(_, rows)| rows) }
}

/// The row of the position table that a pair's first token reads: 0, or where positions are counted over what is no padding,
/// as RoBERTa and XLM-R do, the one behind the padding's id, by which rows before it are never read.
///
/// ```text
/// input_ids ─ Equal(padding) ─ Not ─ Cast ─ CumSum ─ Mul ─ Cast ─ Add(padding) ─ Gather(table)
/// ```
fn first_position(graph: &GraphProto, table: &str) -> usize {
    let constants = Constants::of(graph);
    let of_table = graph.node.iter().filter(|node| node.input.first().is_some_and(|name| name == table));
    let names: Vec<&String> = of_table.clone().flat_map(|node| node.output.first()).collect();
    let dequantized = graph.node.iter().filter(|node| node.input.first().is_some_and(|name| names.contains(&name)));
    let mut indices =
        of_table.chain(dequantized).filter(|node| node.op_type == "Gather").filter_map(|it| it.input.get(1));
    indices.find_map(|name| first_count(graph, &constants, name, LONGEST_COUNT)).unwrap_or_default()
}

/// Nodes from the count to the table, with room for what exporters put between.
const LONGEST_COUNT: usize = 12;

/// What `name` is at the first token, where it is a count of tokens with constants added.
fn first_count(graph: &GraphProto, constants: &Constants, name: &str, nodes: usize) -> Option<usize> {
    let node = graph.node.iter().find(|node| node.output.iter().any(|output| output == name)).filter(|_| nodes > 0)?;
    // Of each of these operators; one with more is none, and would take an age to follow.
    let count = || node.input.iter().take(2).find_map(|input| first_count(graph, constants, input, nodes - 1));
    match node.op_type.as_str() {
        "CumSum" => Some(1),
        "Cast" | "Identity" | "Mul" => count(),
        "Add" => {
            let added: f64 = node.input.iter().filter_map(|input| constants.number(input)).sum();
            Some(count()? + added.max(0.0) as usize)
        }
        _ => None,
    }
}

fn unknown_input(name: &str) -> Error {
    let known = "input_ids, attention_mask, token_type_ids and position_ids";
    Error::bad_model(format!("expected the inputs {known}, found \"{name}\"; {GOOD_EXPORT}"))
}
