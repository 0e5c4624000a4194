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
    /// Heads of queries, of keys and of values, as shapes say them: −1, what is left.
    heads: [i64; 3],
    /// Numbers of a row of the output, likewise.
    width: i64,
    /// What scores are multiplied with.
    pub(super) scale: f32,
}

impl Attention<'_> {
    /// Whether heads side by side are the rows of queries, keys and values, `width` numbers each.
    pub(super) fn fits(&self, width: i64) -> bool {
        let Some(heads) = width.checked_div(self.head as i64) else { return false };
        let is = |said: i64, meant: i64| said == -1 || said == meant;
        heads * self.head as i64 == width && self.heads.iter().all(|&it| is(it, heads)) && is(self.width, width)
    }
}

/// The attention whose softmax `node` is.
pub(super) fn attention<'a>(index: &Index<'a>, node: &'a NodeProto) -> Option<Attention<'a>> {
    // Without an axis it goes over more than the last one before opset 13; exporters write it.
    let is_softmax = node.op_type == "Softmax" && matches!(whole(node, "axis"), Some(-1 | 3));
    let masked = node.input.first().filter(|_| is_softmax)?;
    let (product, factor, mask) = scores(index, masked)?;
    let [left, right] = index.written_by(product, "MatMul")?.input.as_slice() else { return None };
    let (queries, query_factor) = scaled(index, left);
    let (keys, key_factor) = scaled(index, right);
    let (queries, [query_heads, head]) = heads_of(index, queries)?;
    let (keys, [key_heads, key_head]) = keys_of(index, keys)?;
    let weighted = index.only_reader(not_a_number_guard(index, output(node)).unwrap_or(output(node)), "MatMul")?;
    let (values, [value_heads, value_head]) = heads_of(index, weighted.input.get(1)?)?;
    let joined = index.only_reader(output(weighted), "Transpose").filter(|node| permutes(node, &[0, 2, 1, 3]))?;
    let reshaped = index.only_reader(output(joined), "Reshape")?;
    let &[_, _, Some(width)] = index.dimensions(reshaped.input.get(1)?)?.as_slice() else { return None };
    let scale = factor * query_factor * key_factor;
    let heads = [query_heads, key_heads, value_heads];
    let is_whole = head == key_head && head == value_head;
    let head = usize::try_from(head).ok().filter(|&it| it > 0 && is_whole)?;
    Some(Attention { queries, keys, values, mask, output: output(reshaped), head, heads, width, scale })
}

/// The product below the scores, what it is multiplied with, and the mask added to it.
fn scores<'a>(index: &Index<'a>, name: &'a str) -> Option<(&'a str, f32, Option<&'a str>)> {
    let bare = |name: &'a str| {
        let (product, factor) = scaled(index, name);
        index.written_by(product, "MatMul").map(|_| (product, factor))
    };
    let Some(adding) = index.written_by(name, "Add") else { return bare(name).map(|(it, factor)| (it, factor, None)) };
    let [one, two] = adding.input.as_slice() else { return None };
    let with = |scores: &'a str, mask: &'a str| bare(scores).map(|(it, factor)| (it, factor, Some(mask)));
    with(one, two).or_else(|| with(two, one))
}

/// What stands before a multiplication with, or a division by, a number; one that is computed of the size of a head, as torch's
/// old exporter leaves scaled_dot_product_attention, is a constant by now.
fn scaled<'a>(index: &Index<'a>, name: &'a str) -> (&'a str, f32) {
    let divided = index.written_by(name, "Div").and_then(|node| match node.input.as_slice() {
        [one, two] => index.scalar(two).map(|number| (one.as_str(), number.recip())),
        _ => None,
    });
    let multiplied = || {
        let [one, two] = index.written_by(name, "Mul")?.input.as_slice() else { return None };
        let times = |name: &str, rest: &'a str| index.scalar(name).map(|factor| (rest, factor));
        times(two, one).or_else(|| times(one, two))
    };
    divided.or_else(multiplied).unwrap_or((name, 1.0))
}

/// `[1, length, width]` that was split into heads, `[1, heads, length, head]`, and how many of what size.
fn heads_of<'a>(index: &Index<'a>, name: &str) -> Option<(&'a str, [i64; 2])> {
    let transposed = index.written_by(name, "Transpose").filter(|node| permutes(node, &[0, 2, 1, 3]))?;
    split(index, transposed)
}

/// As [`heads_of`], and transposed, `[1, heads, head, length]`: at once, or flattened between two reshapes.
fn keys_of<'a>(index: &Index<'a>, name: &str) -> Option<(&'a str, [i64; 2])> {
    if let Some(transposed) = index.written_by(name, "Transpose").filter(|node| permutes(node, &[0, 2, 3, 1])) {
        return split(index, transposed);
    }
    let turned = index.written_by(name, "Reshape")?.input.first()?;
    let turned = index.written_by(turned, "Transpose").filter(|node| permutes(node, &[0, 2, 1]))?;
    let flat = index.written_by(turned.input.first()?, "Reshape")?;
    heads_of(index, flat.input.first()?)
}

fn split<'a>(index: &Index<'a>, transposed: &NodeProto) -> Option<(&'a str, [i64; 2])> {
    let reshape = index.written_by(transposed.input.first()?, "Reshape")?;
    let [whole, shape] = reshape.input.as_slice() else { return None };
    let &[_, _, Some(heads), Some(head)] = index.dimensions(shape)?.as_slice() else { return None };
    Some((whole, [heads, head]))
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
