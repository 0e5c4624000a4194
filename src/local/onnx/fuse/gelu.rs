//! GELU by the error function: one node, or the five that exporters before opset 20 write.

use std::f32::consts::{FRAC_1_SQRT_2, SQRT_2};

use tract_onnx::pb::NodeProto;

use crate::local::onnx::fuse::index::{Index, attribute, other, output};

/// What `x` becomes by GELU, where nobody reads `x` for anything else:
///
/// ```text
/// x ─┬─ Div(√2) ─ Erf ─ Add(1) ─┐
///    └──────────────────────────┴─ Mul, Mul(0.5) in any order
/// ```
pub(super) fn gelu<'a>(index: &Index<'a>, x: &str) -> Option<&'a str> {
    if let Some(node) = index.only_reader(x, "Gelu") {
        let is_exact = attribute(node, "approximate").is_none_or(|it| it.s == b"none");
        return is_exact.then(|| output(node));
    }
    let divided = index.readers(x).find(|node| divides_by_root(index, node, x))?;
    let erf = index.only_reader(output(divided), "Erf")?;
    let adding = index.only_reader(output(erf), "Add")?;
    let is_whole = index.readers(x).count() == 2 && index.is_scalar(other(adding, output(erf))?, 1.0);
    // The three factors left: one plus the error function, x and a half.
    let first = index.only_reader(output(adding), "Mul").filter(|_| is_whole)?;
    let factor = other(first, output(adding))?;
    if is_half_of(index, factor, x) {
        return Some(output(first));
    }
    let second = index.only_reader(output(first), "Mul")?;
    let last = other(second, output(first))?;
    let is_x_and_half = factor == x && index.is_scalar(last, 0.5) || last == x && index.is_scalar(factor, 0.5);
    is_x_and_half.then(|| output(second))
}

fn divides_by_root(index: &Index<'_>, node: &NodeProto, x: &str) -> bool {
    let by = |root: f32| other(node, x).is_some_and(|name| index.is_scalar(name, root));
    match node.op_type.as_str() {
        "Div" => node.input.first().is_some_and(|first| first == x) && by(SQRT_2),
        "Mul" => by(FRAC_1_SQRT_2),
        _ => false,
    }
}

fn is_half_of(index: &Index<'_>, name: &str, x: &str) -> bool {
    let halving = index.written_by(name, "Mul").and_then(|node| other(node, x));
    halving.is_some_and(|half| index.is_scalar(half, 0.5))
}
