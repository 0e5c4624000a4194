//! Linear layers, as exporters write them quantized.
//!
//! `onnxruntime.quantization.quantize_dynamic` writes six nodes a layer:
//!
//! ```text
//! x ─ DynamicQuantizeLinear ─┬─ MatMulInteger(weights) ─ Cast ─ Mul ─ Add(bias) ─ y
//!                            └─ scale ─ Mul(weight scale) ───────┘
//! ```
//!
//! `quantize_static` leaves the product in f32 between quantizers:
//!
//! ```text
//! x ─ QuantizeLinear ─ DequantizeLinear ─ MatMul(DequantizeLinear(weights)) ─ Add(bias) ─ y
//! ```
//!
//! Of both only the weights are taken over; rows are quantized one by one, to what each needs.

use tract_onnx::pb::{NodeProto, TensorProto};

use crate::local::kernels::Activation;
use crate::local::onnx::fuse::gelu::gelu;
use crate::local::onnx::fuse::index::{Index, other, output, whole};

/// `TensorProto.DataType` of ONNX.
const FLOAT: i32 = 1;
/// The same.
const UINT8: i32 = 2;
/// The same.
const INT8: i32 = 3;

/// A layer that was recognised.
#[derive(Clone, Debug)]
pub(super) struct Linear<'a> {
    /// What it reads, f32 `[..., inputs]`.
    pub(super) input: &'a str,
    /// What its last node writes.
    pub(super) output: &'a str,
    /// i8, u8 or f32 `[inputs, outputs]`
    pub(super) weights: &'a TensorProto,
    /// One or `[outputs]`; none with f32 weights.
    pub(super) scale: Option<&'a TensorProto>,
    /// As `scale`; none: zero.
    pub(super) zero_point: Option<&'a TensorProto>,
    /// `[outputs]`
    pub(super) bias: Option<&'a TensorProto>,
    /// What follows.
    pub(super) activation: Activation,
}

/// The linear layer whose product `node` is; f32 ones where `with_floats` asks for them.
pub(super) fn linear<'a>(index: &Index<'a>, node: &'a NodeProto, with_floats: bool) -> Option<Linear<'a>> {
    let product = match node.op_type.as_str() {
        "MatMulInteger" => dynamic(index, node)?,
        "MatMul" => dequantized(index, node).or_else(|| floats(index, node).filter(|_| with_floats))?,
        _ => return None,
    };
    let outputs = *product.weights.dims.get(1)?;
    let bias = bias(index, product.output, outputs);
    let (bias, output) = bias.map_or((None, product.output), |(bias, output)| (Some(bias), output));
    let (activation, output) =
        gelu(index, output).map_or((Activation::None, output), |output| (Activation::Gelu, output));
    Some(Linear { bias, output, activation, ..product })
}

/// Whether the node is a product with constant weights that [`linear`] could know.
pub(super) fn is_quantized_product(index: &Index<'_>, node: &NodeProto) -> bool {
    node.op_type == "MatMulInteger" || (node.op_type == "MatMul" && dequantizer(index, node).is_some())
}

fn dynamic<'a>(index: &Index<'a>, node: &'a NodeProto) -> Option<Linear<'a>> {
    let quantizer = index.written_by(node.input.first()?, "DynamicQuantizeLinear")?;
    let is_byte = |it: &&TensorProto| matches!(it.data_type, INT8 | UINT8) && it.dims.len() == 2;
    let weights = index.constant(node.input.get(1)?).filter(is_byte)?;
    let zero_point = match node.input.get(3) {
        Some(name) => Some(index.constant(name)?),
        None => None,
    };
    let cast = index.only_reader(output(node), "Cast")?;
    let scaling = index.only_reader(output(cast), "Mul")?;
    let factor = other(scaling, output(cast))?;
    let scale = index.constant(other(index.written_by(factor, "Mul")?, quantizer.output.get(1)?)?)?;
    let is_whole = node.input.get(2) == quantizer.output.get(2) && index.readers(factor).count() == 1;
    is_whole.then_some(Linear {
        input: quantizer.input.first()?,
        output: output(scaling),
        weights,
        scale: Some(scale),
        zero_point,
        bias: None,
        activation: Activation::None,
    })
}

fn dequantized<'a>(index: &Index<'a>, node: &'a NodeProto) -> Option<Linear<'a>> {
    let dequantizer = dequantizer(index, node)?;
    let [weights, scale, rest @ ..] = dequantizer.input.as_slice() else { return None };
    let (weights, scale) = (index.constant(weights)?, index.constant(scale)?);
    // Counted from the front, as both exporters write it; one scale for all has no axis.
    let is_by_column = scale.dims.iter().product::<i64>() == 1 || whole(dequantizer, "axis").unwrap_or(1) == 1;
    let zero_point = match rest {
        [name, ..] => Some(index.constant(name)?),
        [] => None,
    };
    is_by_column.then_some(Linear {
        input: node.input.first()?,
        output: output(node),
        weights,
        scale: Some(scale),
        zero_point,
        bias: None,
        activation: Activation::None,
    })
}

/// What makes f32 of the constant int8 weights of a product.
fn dequantizer<'a>(index: &Index<'a>, product: &NodeProto) -> Option<&'a NodeProto> {
    let dequantizer = index.written_by(product.input.get(1)?, "DequantizeLinear")?;
    let weights = index.constant(dequantizer.input.first()?)?;
    (matches!(weights.data_type, INT8 | UINT8) && weights.dims.len() == 2).then_some(dequantizer)
}

fn floats<'a>(index: &Index<'a>, node: &'a NodeProto) -> Option<Linear<'a>> {
    let weights = index.constant(node.input.get(1)?).filter(|it| it.data_type == FLOAT && it.dims.len() == 2)?;
    Some(Linear {
        input: node.input.first()?,
        output: output(node),
        weights,
        scale: None,
        zero_point: None,
        bias: None,
        activation: Activation::None,
    })
}

/// The bias added to `product` and to nothing else, and the sum. Static quantization may round the product first.
fn bias<'a>(index: &Index<'a>, product: &str, outputs: i64) -> Option<(&'a TensorProto, &'a str)> {
    let adding = index.only_reader(product, "Add")?;
    let bias = index.constant(other(adding, product)?).filter(|bias| bias.dims == [outputs])?;
    Some((bias, output(adding)))
}
