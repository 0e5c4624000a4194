//! The attention of one layer, as exporters write it: eager or by scaled_dot_product_attention, of torch's old exporter or of
//! the newer one.
//!
//! ```text
//! q ─ Reshape ─ Transpose ──────┐
//! k ─ Reshape ─ Transpose ─ MatMul ─ Mul(scale) ─ Add(mask) ─ Softmax ─┐
//! v ─ Reshape ─ Transpose ────────────────────────────────────────── MatMul ─ Transpose ─ Reshape ─ y
//! ```

use tract_onnx::pb::NodeProto;

use crate::local::onnx::fuse::index::{Index, output, permutes, whole};

/// An attention that was recognised.
#[derive(Clone, Debug)]
pub(super) struct Attention<'a> {
    /// `[1, queries, width]`
    pub(super) queries: &'a str,
    /// `[1, keys, width]`
    pub(super) keys: &'a str,
    /// `[1, keys, width]`
    pub(super) values: &'a str,
    /// Added to the scores; whatever broadcasts to `[1, heads, queries, keys]`.
    pub(super) mask: Option<&'a str>,
    /// What its last node writes, `[1, queries, width]`.
    pub(super) output: &'a str,
    /// Numbers of a head.
    pub(super) head: usize,
    /// What scores are multiplied with.
    pub(super) scale: f32,
}

/// The attention whose softmax `node` is.
pub(super) fn attention<'a>(index: &Index<'a>, node: &'a NodeProto) -> Option<Attention<'a>> {
    let is_softmax = node.op_type == "Softmax" && matches!(whole(node, "axis").unwrap_or(-1), -1 | 3);
    let masked = node.input.first().filter(|_| is_softmax)?;
    let (product, factor, mask) = scores(index, masked)?;
    let [left, right] = index.written_by(product, "MatMul")?.input.as_slice() else { return None };
    let (queries, query_factor) = scaled(index, left);
    let (keys, key_factor) = scaled(index, right);
    let (queries, head) = head_of(index, queries)?;
    let (keys, key_head) = keys_of(index, keys)?;
    let weighted = index.only_reader(not_a_number_guard(index, output(node)).unwrap_or(output(node)), "MatMul")?;
    let (values, value_head) = head_of(index, weighted.input.get(1)?)?;
    let joined = index.only_reader(output(weighted), "Transpose").filter(|node| permutes(node, &[0, 2, 1, 3]))?;
    let reshaped = index.only_reader(output(joined), "Reshape")?;
    let factors = [factor, query_factor, key_factor].map(|factor| factor.of(head)).into_iter().product();
    let is_whole = head == key_head && head == value_head;
    is_whole.then(|| Attention { queries, keys, values, mask, output: output(reshaped), head, scale: factors })
}

/// What multiplies a product.
#[derive(Clone, Copy)]
enum Factor {
    Number(f32),
    /// The fourth root of 1 / head, which is computed from a shape at run time.
    RootOfRoot,
}

impl Factor {
    fn of(self, head: usize) -> f32 {
        match self {
            Self::Number(number) => number,
            Self::RootOfRoot => (head as f32).sqrt().recip().sqrt(),
        }
    }
}

/// The product below the scores, what it is multiplied with, and the mask added to it.
fn scores<'a>(index: &Index<'a>, name: &'a str) -> Option<(&'a str, Factor, Option<&'a str>)> {
    let bare = |name: &'a str| {
        let (product, factor) = scaled(index, name);
        index.written_by(product, "MatMul").map(|_| (product, factor))
    };
    let Some(adding) = index.written_by(name, "Add") else { return bare(name).map(|(it, factor)| (it, factor, None)) };
    let [one, two] = adding.input.as_slice() else { return None };
    let with = |scores: &'a str, mask: &'a str| bare(scores).map(|(it, factor)| (it, factor, Some(mask)));
    with(one, two).or_else(|| with(two, one))
}

/// What stands before a multiplication with, or a division by, a number.
fn scaled<'a>(index: &Index<'a>, name: &'a str) -> (&'a str, Factor) {
    let divided = index.written_by(name, "Div").and_then(|node| match node.input.as_slice() {
        [one, two] => index.scalar(two).map(|number| (one.as_str(), Factor::Number(number.recip()))),
        _ => None,
    });
    let multiplied = || {
        let [one, two] = index.written_by(name, "Mul")?.input.as_slice() else { return None };
        let factor = |name: &str| index.scalar(name).map(Factor::Number).or_else(|| root_of_root(index, name));
        factor(two).map(|factor| (one.as_str(), factor)).or_else(|| factor(one).map(|factor| (two.as_str(), factor)))
    };
    divided.or_else(multiplied).unwrap_or((name, Factor::Number(1.0)))
}

/// `Sqrt(1 / Sqrt(last dimension))`, as torch's old exporter leaves scaled_dot_product_attention.
fn root_of_root(index: &Index<'_>, name: &str) -> Option<Factor> {
    let quotient = index.before(index.written_by(name, "Sqrt")?.input.first()?, "Cast");
    let [one, root] = index.written_by(quotient, "Div")?.input.as_slice() else { return None };
    let cast = index.written_by(index.written_by(root, "Sqrt")?.input.first()?, "Cast")?;
    let dimension = index.written_by(cast.input.first()?, "Slice")?;
    index.written_by(dimension.input.first()?, "Shape")?;
    let from_the_last = dimension.input.get(1).is_some_and(|start| index.is_scalar(start, -1.0));
    (from_the_last && index.is_scalar(one, 1.0)).then_some(Factor::RootOfRoot)
}

/// `[1, length, width]` that was split into heads, `[1, heads, length, head]`, and the last dimension.
fn head_of<'a>(index: &Index<'a>, name: &str) -> Option<(&'a str, usize)> {
    let transposed = index.written_by(name, "Transpose").filter(|node| permutes(node, &[0, 2, 1, 3]))?;
    split(index, transposed)
}

/// As [`head_of`], and transposed, `[1, heads, head, length]`: at once, or flattened between two reshapes.
fn keys_of<'a>(index: &Index<'a>, name: &str) -> Option<(&'a str, usize)> {
    if let Some(transposed) = index.written_by(name, "Transpose").filter(|node| permutes(node, &[0, 2, 3, 1])) {
        return split(index, transposed);
    }
    let turned = index.written_by(name, "Reshape")?.input.first()?;
    let turned = index.written_by(turned, "Transpose").filter(|node| permutes(node, &[0, 2, 1]))?;
    let flat = index.written_by(turned.input.first()?, "Reshape")?;
    head_of(index, flat.input.first()?)
}

fn split<'a>(index: &Index<'a>, transposed: &NodeProto) -> Option<(&'a str, usize)> {
    let reshape = index.written_by(transposed.input.first()?, "Reshape")?;
    let [whole, shape] = reshape.input.as_slice() else { return None };
    Some((whole, index.last_dimension(shape)?))
}

/// What the newer exporter puts behind a softmax: `Where(IsNaN(p), 0, p)`, for rows of which everything is masked.
fn not_a_number_guard<'a>(index: &Index<'a>, weights: &str) -> Option<&'a str> {
    let guard = index.readers(weights).find(|node| node.op_type == "Where")?;
    let [is_none, zero, otherwise] = guard.input.as_slice() else { return None };
    let asks = index.written_by(is_none, "IsNaN")?.input.first()? == weights;
    let is_whole =
        asks && otherwise == weights && index.scalar(zero) == Some(0.0) && index.readers(weights).count() == 2;
    is_whole.then(|| output(guard))
}
