//! What cannot run, told before tract sees it: what was found, why, and the export that works.

use tract_onnx::pb::tensor_proto::DataLocation;
use tract_onnx::pb::{GraphProto, ModelProto, TensorProto};
use tract_onnx::prelude::TDim;

use crate::error::{Error, Result};

/// The export that works, for messages.
pub(super) const GOOD_EXPORT: &str = "export it with `optimum-cli export onnx --task text-classification` and no graph optimisation, weights inside the file";

/// Versions of ONNX's operators whose meaning we know. Up to 21 they only gained types; 23 has other attention.
const OPSETS: std::ops::RangeInclusive<i64> = 9..=21;

/// Types of `TensorProto.DataType` that weights may have: numbers of 8 to 64 bits but half precision, and bool. 0: it has not come yet.
const TYPES: [i32; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 9, 11, 12, 13];

/// Types of less precision, of which there is another export.
const SMALL_TYPES: [(i32, &str); 9] = [
    (10, "float16"),
    (16, "bfloat16"),
    (17, "float8"),
    (18, "float8"),
    (19, "float8"),
    (20, "float8"),
    (21, "uint4"),
    (22, "int4"),
    (23, "float4"),
];

/// Types that are no weights.
const OTHER_TYPES: [(i32, &str); 3] = [(8, "string"), (14, "complex64"), (15, "complex128")];

/// Refuses operators we do not have, or have under the same name with another meaning.
pub(super) fn operators(graph: &GraphProto, is_known: impl Fn(&str) -> bool) -> Result<()> {
    for node in &graph.node {
        let is_onnx = node.domain.is_empty() || node.domain == "ai.onnx";
        if is_onnx && is_known(&node.op_type) {
            continue;
        }
        let why = match (node.domain.as_str(), node.op_type.as_str()) {
            ("com.microsoft", _) => "it is onnxruntime's own, from a graph optimised or quantized for it alone",
            (_, "If" | "Loop" | "Scan") => "a graph that branches has no shape to plan for",
            _ => "encoders are not exported with it",
        };
        let domain = if node.domain.is_empty() { "ai.onnx" } else { &node.domain };
        let message = format!("operator {domain}.{} is not supported: {why}; {GOOD_EXPORT}", node.op_type);
        return Err(Error::bad_model(message));
    }
    Ok(())
}

/// Refuses a file written in operators older or newer than those we know.
pub(super) fn opset(model: &ModelProto) -> Result<()> {
    let is_onnx = |domain: &str| domain.is_empty() || domain == "ai.onnx";
    let found = model.opset_import.iter().find(|opset| is_onnx(&opset.domain)).map(|opset| opset.version);
    match found {
        Some(version) if !OPSETS.contains(&version) => {
            let (oldest, newest) = (OPSETS.start(), OPSETS.end());
            Err(Error::bad_model(format!(
                "expected ONNX opset {oldest} to {newest}, found {version}; export it again with `--opset 17`"
            )))
        }
        _ => Ok(()),
    }
}

/// Refuses weights that are elsewhere, missing or of a type we cannot compute with. `is_here`: whether a large one came.
pub(super) fn initializers(graph: &GraphProto, is_here: impl Fn(&str) -> bool) -> Result<()> {
    if !graph.sparse_initializer.is_empty() {
        return Err(Error::bad_model(format!("sparse weights are not supported; {GOOD_EXPORT}")));
    }
    for tensor in &graph.initializer {
        data_type(&tensor.name, tensor.data_type)?;
        if tensor.data_location == Some(DataLocation::External as i32) {
            let message = format!("the weights of \"{}\" lie in another file; {GOOD_EXPORT}", tensor.name);
            return Err(Error::bad_model(message));
        }
        if tensor.dims.iter().try_fold(1i64, |length, &dim| length.checked_mul(dim)).is_none_or(|length| length < 0) {
            return Err(size_of(tensor, tensor.raw_data.len() as u64));
        }
        if !has_values(tensor) && !tensor.dims.contains(&0) && !is_here(&tensor.name) {
            return Err(Error::bad_model(format!(
                "the weights of \"{}\" are missing; fetch the file again",
                tensor.name
            )));
        }
    }
    let constants = graph.node.iter().flat_map(|node| &node.attribute).filter_map(|attribute| attribute.t.as_ref());
    constants.into_iter().try_for_each(|tensor| data_type("a constant", tensor.data_type))
}

/// Refuses half precision and less, and what is no number.
pub(super) fn data_type(name: &str, number: i32) -> Result<()> {
    if TYPES.contains(&number) {
        return Ok(());
    }
    let named = |of: &[(i32, &str)]| of.iter().find(|(known, _)| *known == number).map(|(_, name)| (*name).to_owned());
    let (found, what_to_do) = match named(&SMALL_TYPES) {
        Some(found) => (found, "export it without `--dtype`, or quantize it with `optimum-cli onnxruntime quantize`"),
        None => (named(&OTHER_TYPES).unwrap_or_else(|| format!("type {number}")), GOOD_EXPORT),
    };
    Err(Error::bad_model(format!("expected weights in fp32 or int8, found {found} (\"{name}\"); {what_to_do}")))
}

/// A tensor whose data is not of the size that its dims say.
pub(super) fn size_of(tensor: &TensorProto, found: u64) -> Error {
    let Some(name) = Some(&tensor.name).filter(|name| !name.is_empty()) else {
        return Error::bad_model("a tensor has no name; the file is damaged");
    };
    let dims = &tensor.dims;
    Error::bad_model(format!(
        "tensor \"{name}\": expected data for dims {dims:?}, found {found} bytes; fetch the file again"
    ))
}

/// Refuses what is no logit of one label, `[batch, 1]`, or has no `label` where one was chosen, `[batch, labels]`.
pub(super) fn head(shape: &[TDim], label: Option<usize>) -> Result<()> {
    // Each run is of one pair.
    let is_one = |dim: &TDim| dim.to_i64().is_ok_and(|dim| dim == 1);
    let labels = match shape {
        [batch, labels] if is_one(batch) => labels.to_i64().ok().and_then(|labels| usize::try_from(labels).ok()),
        _ => None,
    };
    let why = match (shape, labels, label) {
        (_, Some(1), None) => return Ok(()),
        (_, Some(labels), Some(label)) if label < labels => return Ok(()),
        (_, Some(labels), Some(label)) => {
            let most = labels.saturating_sub(1);
            return Err(Error::invalid(format!(
                "label: expected 0 to {most}, as the model has {labels} labels, found {label}"
            )));
        }
        ([batch, _], ..) if is_one(batch) => {
            "to rank by one label of a classifier of several, such as entailment, pass its number in config.json's \
             id2label as the option label; an embedding model is no reranker"
        }
        _ => {
            "one vector or number a token is a model without a classifier of pairs; export a reranker with `--task \
             text-classification`"
        }
    };
    let found: Vec<String> = shape.iter().map(ToString::to_string).collect();
    Err(Error::bad_model(format!("expected logits of shape [batch, 1], found [{}]; {why}", found.join(", "))))
}

/// Which output holds the logits, which a node has to write.
pub(super) fn output(graph: &GraphProto) -> Result<usize> {
    let at = logits(graph)?;
    let name = graph.output.get(at).map_or("", |output| output.name.as_str());
    if graph.node.iter().flat_map(|node| &node.output).any(|written| written == name && !name.is_empty()) {
        return Ok(at);
    }
    Err(Error::bad_model(format!(
        "expected nodes that make the output, found that no node writes \"{name}\"; {GOOD_EXPORT}"
    )))
}

/// The output named so, or the only one unless its name says that it is an embedding.
fn logits(graph: &GraphProto) -> Result<usize> {
    const EMBEDDINGS: [&str; 5] =
        ["last_hidden_state", "token_embeddings", "sentence_embedding", "pooler_output", "hidden_states"];
    let names: Vec<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    if let Some(at) = names.iter().position(|&name| name == "logits") {
        return Ok(at);
    }
    let why = match names.as_slice() {
        [only] if !EMBEDDINGS.contains(only) => return Ok(0),
        _ if names.iter().any(|name| EMBEDDINGS.contains(name)) => "this is an embedding model without a classifier",
        _ => "nothing says which of them is the score",
    };
    Err(Error::bad_model(format!("expected an output \"logits\", found {}: {why}; {GOOD_EXPORT}", names.join(", "))))
}

fn has_values(tensor: &TensorProto) -> bool {
    let counts = [
        tensor.raw_data.len(),
        tensor.float_data.len(),
        tensor.int32_data.len(),
        tensor.int64_data.len(),
        tensor.double_data.len(),
        tensor.uint64_data.len(),
        tensor.string_data.len(),
    ];
    counts.iter().any(|&count| count > 0)
}
