//! Scales computed from a size, as √(1 / √(head size)) by torch's older exporter: constants.

use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};

use crate::local::onnx::rewrite::constants::FLOAT;
use crate::local::onnx::rewrite::sizes::{Size, Sizes};

/// Operators in a row of such a computation; torch writes seven.
const LONGEST: usize = 16;

/// Where a product or quotient has a scale that is known, it reads a constant.
pub(super) fn fold(graph: &mut GraphProto) {
    let sizes = Sizes::of(graph);
    let mut found = Vec::new();
    for (at, node) in graph.node.iter().enumerate().filter(|(_, node)| matches!(node.op_type.as_str(), "Mul" | "Div")) {
        for (operand, name) in node.input.iter().enumerate() {
            let is_scale = sizes.writer(name).is_some_and(is_float);
            if let Some(scale) = is_scale.then(|| number(&sizes, name, LONGEST)).flatten() {
                found.push((at, operand, format!("{name}_number"), scale));
            }
        }
    }
    for (at, operand, name, scale) in found {
        if let Some(input) = graph.node.get_mut(at).and_then(|node| node.input.get_mut(operand)) {
            input.clone_from(&name);
        }
        if graph.initializer.iter().all(|it| it.name != name) {
            graph.initializer.push(TensorProto {
                name,
                data_type: FLOAT,
                float_data: vec![scale],
                ..TensorProto::default()
            });
        }
    }
}

/// Whether `node` writes the end of such a computation, in f32.
fn is_float(node: &NodeProto) -> bool {
    let is_to_float = |attribute: &AttributeProto| attribute.name == "to" && attribute.i == i64::from(FLOAT);
    node.op_type == "Sqrt" || (node.op_type == "Cast" && node.attribute.iter().any(is_to_float))
}

/// The number that a chain of operators makes of constants and sizes, each step rounded to f32 as the engine would.
fn number(sizes: &Sizes<'_>, name: &str, longest: usize) -> Option<f32> {
    let longest = longest.checked_sub(1)?;
    if let Some(number) = sizes.constants().number(name) {
        return Some(number as f32);
    }
    let node = sizes.writer(name)?;
    let operand = |at: usize| node.input.get(at).and_then(|name| number(sizes, name, longest));
    match node.op_type.as_str() {
        "Sqrt" => operand(0).map(f32::sqrt),
        "Div" => Some(operand(0)? / operand(1)?),
        "Mul" => Some(operand(0)? * operand(1)?),
        "Cast"
            if node
                .input
                .first()
                .and_then(|name| sizes.writer(name))
                .is_some_and(|writer| is_float(writer) || writer.op_type == "Div") =>
        {
            operand(0)
        }
        _ => match sizes.held(name)? {
            Size::Is(size) => Some(size as f32),
            Size::Of(..) => None,
        },
    }
}
