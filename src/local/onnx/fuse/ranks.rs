//! How many axes values have at least: more only where something of unknown rank is added, or expanded to. What must be right,
//! as a size a scale is made of, asks rewrite/ranks.rs, which knows for certain or not at all.

use std::collections::HashMap;

use tract_onnx::pb::{GraphProto, NodeProto};

use crate::local::onnx::fuse::index::{Index, attribute, whole};

/// Operators that write as many axes as their first input has.
const LIKE_FIRST: &str = "Abs Cast Clip Concat CumSum DequantizeLinear Dropout DynamicQuantizeLinear Erf Exp Expand Gelu \
     Identity IsNaN LayerNormalization Log Neg Not QuantizeLinear Reciprocal Relu Sigmoid Slice Softmax Split Sqrt Tanh \
     Transpose Trilu";

/// Those that write as many as the input has that has most.
const LIKE_LARGEST: &str = "Add Div Equal Max Min Mul Pow Sub Sum Where";

/// Those that write as many as their first input has, unless they drop some.
const REDUCTIONS: &str = "ReduceL2 ReduceMax ReduceMean ReduceMin ReduceSum";

/// Ranks by name.
pub(super) struct Ranks<'a>(HashMap<&'a str, usize>);

impl<'a> Ranks<'a> {
    /// Of all values in `graph` that nodes tell.
    pub(super) fn of(graph: &'a GraphProto, index: &Index<'a>) -> Self {
        // A pair at a time, `[1, length]`.
        let mut ranks = Self(graph.input.iter().map(|input| (input.name.as_str(), 2)).collect());
        // Files of old list them as inputs too.
        ranks.0.extend(graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor.dims.len())));
        for node in &graph.node {
            let Some(rank) = ranks.written(index, node) else { continue };
            // Behind its first output are one scale and one zero point.
            let rest = if node.op_type == "DynamicQuantizeLinear" { 0 } else { rank };
            let all = std::iter::once(rank).chain(std::iter::repeat(rest));
            ranks.0.extend(node.output.iter().map(String::as_str).zip(all));
        }
        ranks
    }

    /// The rank of `name`.
    pub(super) fn get(&self, name: &str) -> Option<usize> {
        self.0.get(name).copied()
    }

    /// Of what `node` writes.
    fn written(&self, index: &Index<'_>, node: &NodeProto) -> Option<usize> {
        let is = |operators: &str| operators.split(' ').any(|it| it == node.op_type);
        let of = |at: usize| self.get(node.input.get(at)?);
        match node.op_type.as_str() {
            _ if is(LIKE_FIRST) => of(0),
            _ if is(LIKE_LARGEST) => node.input.iter().filter_map(|name| self.get(name)).max(),
            _ if is(REDUCTIONS) => of(0).filter(|_| whole(node, "keepdims") != Some(0)),
            "Constant" => index.constant(node.output.first()?).map(|tensor| tensor.dims.len()),
            "Shape" => Some(1),
            "Flatten" | "Gemm" => Some(2),
            "MatMul" | "MatMulInteger" => Some(of(0)?.max(of(1)?)).filter(|_| of(0) > Some(1) && of(1) > Some(1)),
            "Gather" => (of(0)? + of(1)?).checked_sub(1),
            "Reshape" => index.dimensions(node.input.get(1)?).map(|dimensions| dimensions.len()),
            "Unsqueeze" => Some(of(0)? + axes(index, node)?),
            "Squeeze" => of(0)?.checked_sub(axes(index, node)?),
            _ => None,
        }
    }
}

/// How many axes come or go: an attribute until opset 13, then an input.
fn axes(index: &Index<'_>, node: &NodeProto) -> Option<usize> {
    match node.input.get(1) {
        Some(axes) => index.whole_numbers(axes).map(|axes| axes.len()),
        None => attribute(node, "axes").map(|axes| axes.ints.len()),
    }
}
