//! Gather and DequantizeLinear of an eight-bit table → [`Embedding`], in whichever order the exporter wrote them.
//!
//! ```text
//! dynamic: table ─ Gather(ids) ─ DequantizeLinear(scale, zero point) ─ rows
//! QDQ:     table ─ DequantizeLinear(scale, zero point) ─ Gather(ids) ─ rows
//! ```

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};
use tract_onnx::prelude::TractResult;

use crate::local::onnx::embedding::Embedding;
use crate::local::onnx::places::Places;
use crate::local::onnx::rows::is_eight_bits;
use crate::local::onnx::weights::{Weights, plain_type};

/// Replaces each pair by one node; how many there were.
///
/// # Errors
/// Where table, scale and zero point do not fit together.
pub(super) fn embeddings(graph: &mut GraphProto, weights: &mut Weights, places: &mut Places) -> TractResult<usize> {
    let found: Vec<Found> = (0..graph.node.len()).filter_map(|second| pair(graph, second)).collect();
    for Found { second, ids, table, scale, zero_point, .. } in &found {
        let zero_point = zero_point.as_ref().map(|it| weights.take(it)).transpose()?;
        let embedding = Embedding::new(weights.take_table(table)?, &*weights.take(scale)?, zero_point.as_deref())?;
        let Some(node) = graph.node.get_mut(*second) else { continue };
        *node = places.keep(embedding, node.name.clone(), vec![ids.clone()], node.output.clone());
    }
    let mut at = 0..;
    graph.node.retain(|_| at.next().is_none_or(|at: usize| found.iter().all(|found| found.first != at)));
    Ok(found.len())
}

/// Names of what [`embeddings`] may find to be tables, as far as nodes tell.
pub(super) fn likely(graph: &GraphProto) -> HashSet<String> {
    let only = |name: &str, op_type: &str| {
        let mut readers = graph.node.iter().filter(|node| node.input.iter().any(|input| input == name));
        matches!((readers.next(), readers.next()), (Some(reader), None) if reader.op_type == op_type)
    };
    let mut likely = HashSet::new();
    for node in &graph.node {
        let (Some(table), Some(rows)) = (node.input.first(), node.output.first()) else { continue };
        let is_read = match node.op_type.as_str() {
            "Gather" => only(table, "Gather") && only(rows, "DequantizeLinear"),
            "DequantizeLinear" => only(table, "DequantizeLinear") && only(rows, "Gather"),
            _ => false,
        };
        if is_read {
            likely.insert(table.clone());
        }
    }
    likely
}

/// Two nodes that read rows of a table.
struct Found {
    first: usize,
    second: usize,
    ids: String,
    table: TensorProto,
    scale: TensorProto,
    zero_point: Option<TensorProto>,
}

/// The pair whose second node stands at `second`.
fn pair(graph: &GraphProto, second: usize) -> Option<Found> {
    let after = graph.node.get(second)?;
    let link = after.input.first()?;
    let first = graph.node.iter().position(|node| node.output.first() == Some(link))?;
    let before = graph.node.get(first)?;
    let (gather, dequantize) = match (before.op_type.as_str(), after.op_type.as_str()) {
        ("Gather", "DequantizeLinear") => (before, after),
        ("DequantizeLinear", "Gather") => (after, before),
        _ => return None,
    };
    let is_read_once = graph.node.iter().flat_map(|node| &node.input).filter(|input| *input == link).count() == 1;
    let is_of_rows = gather.get_attr_opt::<i64>("axis").ok()?.unwrap_or(0) == 0;
    let constants: HashMap<&str, &TensorProto> = graph.initializer.iter().map(|it| (it.name.as_str(), it)).collect();
    let constant = |node: &NodeProto, at: usize| constants.get(node.input.get(at)?.as_str()).copied();
    let is_scalar = |tensor: &TensorProto| tensor.dims.iter().all(|&dim| dim == 1);
    let table = constant(before, 0)?;
    let is_table = table.dims.len() == 2 && plain_type(table.data_type).is_some_and(is_eight_bits);
    let scale = constant(dequantize, 1).filter(|scale| is_scalar(scale))?;
    let zero_point = constant(dequantize, 2);
    let has_other_zero = dequantize.input.len() > 2 && !zero_point.is_some_and(is_scalar);
    if !is_read_once || !is_of_rows || !is_table || has_other_zero {
        return None;
    }
    Some(Found {
        first,
        second,
        ids: gather.input.get(1)?.clone(),
        table: table.clone(),
        scale: scale.clone(),
        zero_point: zero_point.cloned(),
    })
}
