//! LayerNorm: one node, or the nine that exporters before opset 17 write; with the residual added just before.

use tract_onnx::pb::{NodeProto, TensorProto};

use crate::local::onnx::fuse::index::{Index, attribute, other, output, whole};

/// A LayerNorm over the last axis that was recognised.
#[derive(Clone, Debug)]
pub(super) struct Norm<'a> {
    /// What it reads.
    pub(super) input: &'a str,
    /// What its last node writes.
    pub(super) output: &'a str,
    /// `[width]`
    pub(super) gamma: &'a TensorProto,
    /// `[width]`
    pub(super) beta: &'a TensorProto,
    pub(super) epsilon: f32,
}

/// The LayerNorm whose last node `node` is.
pub(super) fn norm<'a>(index: &Index<'a>, node: &'a NodeProto) -> Option<Norm<'a>> {
    let norm = match node.op_type.as_str() {
        "LayerNormalization" => single(index, node),
        "Add" => decomposed(index, node),
        _ => None,
    }?;
    // One number is the same for all of a row, of whatever width.
    let is_vector = |it: &TensorProto| it.dims.len() == 1 && it.dims != [1] && it.dims == norm.gamma.dims;
    (is_vector(norm.gamma) && is_vector(norm.beta)).then_some(norm)
}

fn single<'a>(index: &Index<'a>, node: &'a NodeProto) -> Option<Norm<'a>> {
    let [input, gamma, beta] = node.input.as_slice() else { return None };
    let is_last = whole(node, "axis").unwrap_or(-1) == -1 && node.output.len() == 1;
    let epsilon = attribute(node, "epsilon").map_or(1e-5, |epsilon| epsilon.f);
    let (gamma, beta) = (index.constant(gamma)?, index.constant(beta)?);
    is_last.then(|| Norm { input, output: output(node), gamma, beta, epsilon })
}

/// ```text
/// x ─┬─ ReduceMean ─┐                     ┌───────────────────────────────────────────┐
///    └───────────── Sub ─┬─ Pow(2) ─ ReduceMean ─ Add(ε) ─ Sqrt ─ Div ─ Mul(γ) ─ Add(β) ─ y
/// ```
fn decomposed<'a>(index: &Index<'a>, node: &'a NodeProto) -> Option<Norm<'a>> {
    let (scaled, beta) = with_constant(index, node)?;
    let (normal, gamma) = with_constant(index, index.written_by(scaled, "Mul")?)?;
    let [centered, root] = index.written_by(normal, "Div")?.input.as_slice() else { return None };
    let sum = index.written_by(index.written_by(root, "Sqrt")?.input.first()?, "Add")?;
    let variance = sum.input.iter().find(|name| mean_of_last(index, name).is_some())?;
    let squares = mean_of_last(index, variance)?;
    let is_square = match index.written_by(squares, "Pow") {
        Some(pow) => pow.input.first() == Some(centered) && index.is_scalar(pow.input.get(1)?, 2.0),
        None => index.written_by(squares, "Mul")?.input.iter().all(|it| it == centered),
    };
    let [input, mean] = index.written_by(centered, "Sub")?.input.as_slice() else { return None };
    let epsilon = index.scalar(other(sum, variance)?)?;
    let is_whole = is_square && mean_of_last(index, mean)? == input;
    is_whole.then(|| Norm { input, output: output(node), gamma, beta, epsilon })
}

/// The input of a node of two that is none, and the constant vector.
fn with_constant<'a>(index: &Index<'a>, node: &'a NodeProto) -> Option<(&'a str, &'a TensorProto)> {
    let [one, two] = node.input.as_slice() else { return None };
    match (index.constant(one), index.constant(two)) {
        (None, Some(constant)) => Some((one, constant)),
        (Some(constant), None) => Some((two, constant)),
        _ => None,
    }
}

/// What `name` is the mean of, over the last axis: an attribute until opset 18, then an input.
fn mean_of_last<'a>(index: &Index<'a>, name: &str) -> Option<&'a str> {
    let node = index.written_by(name, "ReduceMean")?;
    let axes = match node.input.get(1) {
        Some(axes) => index.whole_numbers(axes)?,
        None => attribute(node, "axes")?.ints.clone(),
    };
    let keeps = whole(node, "keepdims").unwrap_or(1) == 1;
    (axes == [-1] && keeps).then(|| node.input.first().map(String::as_str)).flatten()
}
