//! Numbers of axes, as far as the graph tells, and what axes are meant.

use tract_onnx::pb::NodeProto;

use crate::local::onnx::check::INPUTS;
use crate::local::onnx::rewrite::constants::Constants;
use crate::local::onnx::rewrite::sizes::{Sizes, int, ints};

/// Operators whose first output is of their first input's shape.
pub(super) const KEEPING: [&str; 26] = [
    "Abs",
    "Cast",
    "Clip",
    "Cos",
    "CumSum",
    "DequantizeLinear",
    "Dropout",
    "DynamicQuantizeLinear",
    "Erf",
    "Exp",
    "Gelu",
    "Identity",
    "IsNaN",
    "LayerNormalization",
    "Log",
    "Neg",
    "Not",
    "QuantizeLinear",
    "Reciprocal",
    "Relu",
    "Sigmoid",
    "Sin",
    "Softmax",
    "Sqrt",
    "Tanh",
    "Trilu",
];

impl Sizes<'_> {
    /// Number of axes of `name`.
    pub(in crate::local::onnx) fn rank(&self, name: &str) -> Option<usize> {
        if let Some(rank) = self.ranks.borrow().get(name) {
            return *rank;
        }
        let rank = self.deeper(|| self.rank_behind(name));
        self.ranks.borrow_mut().insert(name.to_owned(), rank);
        rank
    }

    fn rank_behind(&self, name: &str) -> Option<usize> {
        if let Some(dims) = self.constants().dims(name) {
            return Some(dims.len());
        }
        let Some(node) = self.writer(name) else {
            // `[batch, length]`
            return INPUTS.iter().any(|(input, _)| *input == name).then_some(2);
        };
        let first = node.input.first()?;
        if node.op_type != "Split" && node.output.first().is_none_or(|output| output != name) {
            // Its scale and its zero point.
            return (node.op_type == "DynamicQuantizeLinear").then_some(0);
        }
        match node.op_type.as_str() {
            "Reshape" => {
                let shape = node.input.get(1)?;
                let numbers = self.constants().numbers(shape).map(<[f64]>::len);
                numbers.or_else(|| {
                    let list = self.writer(shape).filter(|node| node.op_type == "Concat")?;
                    list.input.iter().map(|part| self.count(part)).sum()
                })
            }
            "Transpose" => ints(node, "perm").map(<[i64]>::len),
            "Squeeze" => self.rank(first)?.checked_sub(self.dropped(node)?.len()),
            "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Max" | "Min" | "Sum" | "Equal" | "Where" => self.largest(node),
            "MatMul" | "MatMulInteger" => {
                let (left, right) = (self.rank(first)?, self.rank(node.input.get(1)?)?);
                (left.min(right) > 1).then_some(left.max(right))
            }
            "Expand" => Some(self.rank(first)?.max(self.count(node.input.get(1)?)?)),
            "Gemm" | "Flatten" => Some(2),
            "GatherElements" => self.rank(node.input.get(1)?),
            "Shape" => Some(1),
            "ConstantOfShape" => self.count(first),
            "Gather" => (self.rank(first)? + self.rank(node.input.get(1)?)?).checked_sub(1),
            "Unsqueeze" => Some(self.rank(first)? + axes(self.constants(), node)?.len()),
            "Split" | "Slice" | "Concat" => self.rank(first),
            reduction if reduction.starts_with("Reduce") && int(node, "keepdims") != Some(0) => self.rank(first),
            operator if KEEPING.contains(&operator) => self.rank(first),
            _ => None,
        }
    }

    /// Of what operands of any rank are broadcast to.
    fn largest(&self, node: &NodeProto) -> Option<usize> {
        node.input.iter().map(|operand| self.rank(operand)).try_fold(0, |most, rank| Some(most.max(rank?)))
    }

    /// `axis` of `name`, from its end where negative.
    pub(super) fn resolved(&self, name: &str, axis: i64) -> Option<usize> {
        usize::try_from(if axis < 0 { axis + self.rank(name)? as i64 } else { axis }).ok()
    }

    /// The axes a Squeeze drops, in order.
    pub(super) fn dropped(&self, node: &NodeProto) -> Option<Vec<usize>> {
        let axes = axes(self.constants(), node)?;
        let mut axes: Vec<usize> =
            axes.into_iter().map(|axis| self.resolved(node.input.first()?, axis)).collect::<Option<_>>()?;
        axes.sort_unstable();
        Some(axes)
    }

    /// Elements of a part of a list of sizes, which is a list too.
    pub(super) fn count(&self, part: &str) -> Option<usize> {
        if let Some(numbers) = self.constants().numbers(part) {
            return Some(numbers.len());
        }
        let node = self.writer(part)?;
        match node.op_type.as_str() {
            // A list of what was no list.
            "Unsqueeze" => Some(1),
            "Reshape" => match self.constants().numbers(node.input.get(1)?)? {
                [-1.0] => self.deeper(|| self.count(node.input.first()?)),
                &[count] if count >= 1.0 => Some(count as usize),
                _ => None,
            },
            "Cast" | "Identity" => self.deeper(|| self.count(node.input.first()?)),
            "Shape" => {
                let shaped = node.input.first()?;
                let at = |bound: &str| int(node, bound).map(|axis| self.resolved(shaped, axis));
                let end = at("end").unwrap_or_else(|| self.rank(shaped))?;
                end.checked_sub(at("start").unwrap_or(Some(0))?)
            }
            "Concat" => self.deeper(|| node.input.iter().map(|part| self.count(part)).sum()),
            // One list or another of as many.
            "Where" => self.deeper(|| node.input.iter().rev().find_map(|list| self.count(list))),
            _ => self.held(part).map(|_| 1),
        }
    }
}

/// The axes that a Squeeze or Unsqueeze names, in an attribute where the opset is old.
fn axes(constants: &Constants, node: &NodeProto) -> Option<Vec<i64>> {
    let of_input = || Some(constants.numbers(node.input.get(1)?)?.iter().map(|&axis| axis as i64).collect());
    ints(node, "axes").map(<[i64]>::to_vec).or_else(of_input)
}
