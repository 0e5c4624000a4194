//! Positions counted in int64: counted in int32 instead.
//!
//! RoBERTa's positions are a CumSum over what is no padding. tract 0.23.9 makes every cast to int64 one to its symbolic
//! sizes (tract-onnx, ops/cast.rs), and its CumSum cannot add those: "TDim is not a number".

use std::collections::HashSet;

use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto};

/// `TensorProto.DataType` of ONNX.
const INT32: i64 = 6;
const INT64: i64 = 7;
/// `AttributeProto.AttributeType` of ONNX.
const INT: i32 = 2;

/// `Cast(int64) → CumSum` gets a cast to int32 before and one to int64 behind.
pub(super) fn count_in_int32(graph: &mut GraphProto) {
    let is_wide =
        |node: &&NodeProto| node.op_type == "Cast" && node.attribute.iter().any(|it| it.name == "to" && it.i == INT64);
    let wide: HashSet<String> = graph.node.iter().filter(is_wide).flat_map(|node| node.output.clone()).collect();
    let mut nodes = Vec::with_capacity(graph.node.len());
    for mut node in graph.node.drain(..) {
        let counted = match (node.op_type.as_str(), node.input.first(), node.output.first()) {
            ("CumSum", Some(counted), Some(sum)) if wide.contains(counted) => Some((counted.clone(), sum.clone())),
            _ => None,
        };
        let Some((counted, sum)) = counted else {
            nodes.push(node);
            continue;
        };
        let (narrow, narrow_sum) = (format!("{sum}_int32_input"), format!("{sum}_int32"));
        nodes.push(cast(&counted, &narrow, INT32));
        node.input.splice(..1, [narrow]);
        node.output = vec![narrow_sum.clone()];
        nodes.push(node);
        nodes.push(cast(&narrow_sum, &sum, INT64));
    }
    graph.node = nodes;
}

fn cast(from: &str, to: &str, data_type: i64) -> NodeProto {
    let attribute = AttributeProto { name: "to".into(), r#type: INT, i: data_type, ..AttributeProto::default() };
    NodeProto {
        op_type: "Cast".into(),
        name: to.into(),
        input: vec![from.into()],
        output: vec![to.into()],
        attribute: vec![attribute],
        ..NodeProto::default()
    }
}
