//! What a model file says of itself: its inputs and the sizes of its tables.

use tract_onnx::pb::{GraphProto, type_proto};
use tract_onnx::prelude::{Datum, DatumType};

use crate::error::{Error, Result};
use crate::local::onnx::refuse::GOOD_EXPORT;

/// `TensorProto.DataType` of ONNX.
const INT32: i32 = 6;

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
        let meaning = match input.name.as_str() {
            "input_ids" => Input::Ids,
            "attention_mask" => Input::Mask,
            "token_type_ids" => Input::Segments,
            "position_ids" => Input::Positions,
            other => return Err(unknown_input(other)),
        };
        let value = input.r#type.as_ref().and_then(|it| it.value.as_ref());
        let is_int32 = matches!(value, Some(type_proto::Value::TensorType(tensor)) if tensor.elem_type == INT32);
        inputs.push((meaning, if is_int32 { i32::datum_type() } else { i64::datum_type() }));
    }
    if inputs.iter().any(|(input, _)| *input == Input::Ids) {
        return Ok(inputs);
    }
    Err(Error::bad_model(format!("expected an input \"input_ids\", found none; {GOOD_EXPORT}")))
}

/// Reads the sizes of the tables off the initializers' names, which Optimum and torch keep from the model.
pub(super) fn tables(graph: &GraphProto) -> Tables {
    let rows = |of: &str| {
        let is_table = |name: &str| name.contains(of) && !name.ends_with("_scale") && !name.ends_with("_zero_point");
        let tensor = graph.initializer.iter().find(|tensor| is_table(&tensor.name) && tensor.dims.len() == 2)?;
        tensor.dims.first().and_then(|&rows| usize::try_from(rows).ok())
    };
    let positions = rows("position_embeddings.weight").map(|rows| {
        // RoBERTa's positions start behind its padding id 1, so its tables have two rows that no token uses: 514, 8194.
        if rows % 8 == 2 { rows - 2 } else { rows }
    });
    Tables { positions, vocabulary: rows("word_embeddings.weight") }
}

fn unknown_input(name: &str) -> Error {
    let known = "input_ids, attention_mask, token_type_ids and position_ids";
    Error::bad_model(format!("expected the inputs {known}, found \"{name}\"; {GOOD_EXPORT}"))
}
