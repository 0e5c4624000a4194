//! What a model file says of itself, checked before tract sees it, so that a refusal names the reason and the way out.

use tract_onnx::pb::tensor_proto::DataLocation;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, type_proto};
use tract_onnx::prelude::{Datum, DatumType};

use crate::error::{Error, Result};

/// The export that works, for messages.
const GOOD_EXPORT: &str = "export it with `optimum-cli export onnx --task text-classification` and no graph optimisation, weights inside the file";

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

/// Refuses operators tract does not have, or has under the same name with another meaning.
pub(super) fn operators(proto: &ModelProto, is_known: impl Fn(&str) -> bool) -> Result<()> {
    /// `com.microsoft` operators that ONNX has too, with other inputs; tract looks at the name alone.
    const AMBIGUOUS: [&str; 2] = ["Attention", "MultiHeadAttention"];
    let nodes = &graph(proto).node;
    let foreign = |node: &&NodeProto| node.domain == "com.microsoft" && AMBIGUOUS.contains(&node.op_type.as_str());
    if let Some(node) = nodes.iter().find(|node| foreign(node) || !is_known(&node.op_type)) {
        let domain = if node.domain.is_empty() { "ai.onnx" } else { &node.domain };
        let message = format!("operator {}.{} is not supported; {GOOD_EXPORT}", domain, node.op_type);
        return Err(Error::bad_model(message));
    }
    let external = |location: Option<i32>| location == Some(DataLocation::External as i32);
    if let Some(tensor) = graph(proto).initializer.iter().find(|tensor| external(tensor.data_location)) {
        let message = format!("the weights of \"{}\" lie in another file; {GOOD_EXPORT}", tensor.name);
        return Err(Error::bad_model(message));
    }
    Ok(())
}

/// The inputs in the graph's order.
pub(super) fn inputs(proto: &ModelProto) -> Result<Vec<(Input, DatumType)>> {
    let graph = graph(proto);
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

/// Which output holds the logits: the one named so, or the only one.
pub(super) fn logits_output(proto: &ModelProto) -> Result<usize> {
    let names: Vec<&str> = graph(proto).output.iter().map(|output| output.name.as_str()).collect();
    let named = names.iter().position(|&name| name == "logits");
    match (named, names.len()) {
        (Some(index), _) => Ok(index),
        (None, 1) => Ok(0),
        _ => Err(Error::bad_model(format!("expected an output \"logits\", found {}; {GOOD_EXPORT}", names.join(", ")))),
    }
}

/// Reads the sizes of the tables off the initializers' names, which Optimum and torch keep from the model.
pub(super) fn tables(proto: &ModelProto) -> Tables {
    let rows = |of: &str| {
        let is_table = |name: &str| name.contains(of) && !name.ends_with("_scale") && !name.ends_with("_zero_point");
        let tensor = graph(proto).initializer.iter().find(|tensor| is_table(&tensor.name) && tensor.dims.len() == 2)?;
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

fn graph(proto: &ModelProto) -> &GraphProto {
    static EMPTY: std::sync::LazyLock<GraphProto> = std::sync::LazyLock::new(GraphProto::default);
    proto.graph.as_ref().unwrap_or(&EMPTY)
}
