//! The ONNX operators we have: those that BERT, RoBERTa, XLM-R, DeBERTa, ModernBERT and their kin are exported with.
//!
//! tract's own register links each of its two hundred operators, for images, sound and trees too. What tract_hir has in
//! the open is used as it is; tract-onnx's own builders are private, so those are written here, as wirings.

// A wiring as an operator whose shapes are found by wiring it.
mod wired;
// An operator of tract's that does not get what it would panic of.
mod guarded;
mod guards;
// Shapes.
mod shape;
// Rows of a table.
mod gather;
// Values one by one.
mod elementwise;
// Sums over an axis.
mod reduction;
// Eight-bit numbers.
mod quantized;

use std::sync::Arc;

use tract_onnx::model::{OnnxOpRegister, ParsingContext, optional_inputs};
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_core::ops::math::is_nan;
use tract_onnx::tract_hir::internal::{
    BinIntoHir, ElementWiseIntoHir, InferenceOp, Tensor, TractError, TractResult, expand, tensor0, tensor1,
};
use tract_onnx::tract_hir::ops::activations::Clip;
use tract_onnx::tract_hir::ops::binary::Nary;
use tract_onnx::tract_hir::ops::identity::Identity;
use tract_onnx::tract_hir::ops::konst::Const;
use tract_onnx::tract_hir::ops::logic::{self, Iff};
use tract_onnx::tract_hir::ops::matmul::MatMulInference;
use tract_onnx::tract_hir::ops::{array, math, nn};

use guarded::guarded;

/// What makes an operator of a node, and the names it closes over.
type Built = TractResult<(Box<dyn InferenceOp>, Vec<String>)>;

/// Every operator, by its ONNX name.
pub(super) fn register() -> OnnxOpRegister {
    let mut register = OnnxOpRegister::default();
    for (name, builder) in BUILDERS {
        register.insert(name, *builder);
    }
    register
}

/// Whether [`register`] has it.
pub(super) fn is_known(op_type: &str) -> bool {
    BUILDERS.iter().any(|(name, _)| *name == op_type)
}

/// One line an operator.
type Builder = fn(&ParsingContext, &NodeProto) -> Built;

const BUILDERS: &[(&str, Builder)] = &[
    ("Constant", constant),
    ("Identity", |_, _| built(Box::<Identity>::default())),
    ("Dropout", |_, _| built(Box::<Identity>::default())),
    ("Shape", |_, node| wired::built(node, shape::shape, &[])),
    ("Reshape", |_, node| built(expand(array::Reshape::new(node.get_attr_opt::<i64>("allowzero")? == Some(1))))),
    ("Flatten", |_, node| {
        guarded(node, expand(array::Flatten::new(node.get_attr_opt("axis")?.unwrap_or(1))), guards::flatten)
    }),
    ("Transpose", |_, node| {
        guarded(node, expand(array::PermuteAxes::new(node.get_attr_opt_tvec("perm")?)), guards::transpose)
    }),
    ("Unsqueeze", |_, node| wired::built(node, shape::unsqueeze, &[1])),
    ("Squeeze", |_, node| wired::built(node, shape::squeeze, &[1])),
    ("Concat", |_, node| built(expand(array::Concat::new(node.get_attr("axis")?)))),
    ("Slice", slice),
    ("Split", |_, node| wired::built(node, shape::split, &[1])),
    ("Expand", |_, node| guarded(node, expand(array::MultiBroadcastTo), guards::expand)),
    ("Tile", |_, node| guarded(node, expand(array::Tile), guards::tile)),
    ("ConstantOfShape", constant_of_shape),
    ("Range", |_, node| guarded(node, expand(array::Range), guards::range)),
    ("Gather", |_, node| guarded(node, wired::built(node, gather::gather, &[])?.0, guards::gather)),
    ("GatherElements", |_, node| {
        guarded(node, expand(array::GatherElements::new(node.get_attr_opt("axis")?.unwrap_or(0))), guards::gather)
    }),
    ("GatherND", |_, node| {
        let operator = array::GatherNd::new(node.get_attr_opt("batch_dims")?.unwrap_or(0));
        guarded(node, Box::new(operator), guards::gather_nd)
    }),
    ("ScatterND", |_, node| {
        let reduction = array::ScatterReduction::parse(node.get_attr_opt("reduction")?.unwrap_or("none"))?;
        guarded(node, expand(array::ScatterNd::new(reduction)), guards::tuples)
    }),
    ("Trilu", |_, node| wired::built(node, shape::trilu, &[1])),
    ("Cast", |_, node| wired::built(node, elementwise::to_type, &[])),
    ("Where", |_, _| built(expand(Iff))),
    ("Add", |_, _| built(math::Add.into_hir())),
    ("Sub", |_, _| built(math::Sub.into_hir())),
    ("Mul", |_, _| built(math::Mul.into_hir())),
    ("Div", |_, node| guarded(node, math::Div.into_hir(), guards::div)),
    ("Sum", |_, _| built(Box::new(Nary(Box::new(math::Add), false)))),
    ("Max", |_, _| built(Box::new(Nary(Box::new(math::Max), false)))),
    ("Min", |_, _| built(Box::new(Nary(Box::new(math::Min), false)))),
    ("Pow", |_, node| wired::built(node, elementwise::pow, &[])),
    ("And", |_, _| built(logic::And.into_hir())),
    ("Or", |_, _| built(logic::Or.into_hir())),
    ("Equal", |_, _| built(logic::CompEq.into_hir())),
    ("Less", |_, _| built(logic::CompLT.into_hir())),
    ("LessOrEqual", |_, _| built(logic::CompLTE.into_hir())),
    ("Greater", |_, _| built(logic::CompGT.into_hir())),
    ("GreaterOrEqual", |_, _| built(logic::CompGTE.into_hir())),
    ("Not", |_, _| built(logic::not().into_hir())),
    ("IsNaN", |_, _| built(is_nan().into_hir())),
    ("Abs", |_, _| built(math::abs().into_hir())),
    ("Neg", |_, _| built(math::neg().into_hir())),
    ("Sign", |_, _| built(math::sign().into_hir())),
    ("Ceil", |_, _| built(math::ceil().into_hir())),
    ("Floor", |_, _| built(math::floor().into_hir())),
    ("Sqrt", |_, _| built(math::sqrt().into_hir())),
    ("Reciprocal", |_, _| built(math::recip().into_hir())),
    ("Exp", |_, _| built(math::exp().into_hir())),
    ("Log", |_, _| built(math::ln().into_hir())),
    ("Sin", |_, _| built(math::sin().into_hir())),
    ("Cos", |_, _| built(math::cos().into_hir())),
    ("Erf", |_, _| built(math::erf().into_hir())),
    ("Tanh", |_, _| built(math::tanh().into_hir())),
    ("Sigmoid", |_, _| built(nn::sigmoid().into_hir())),
    ("Relu", |_, _| built(expand(Clip::new(Some(0.0), None)))),
    ("Gelu", |_, node| wired::built(node, elementwise::gelu, &[])),
    ("Clip", |_, node| wired::built(node, elementwise::clip, &[])),
    ("MatMul", |_, node| guarded(node, expand(MatMulInference::default()), guards::matmul)),
    ("Gemm", |_, node| wired::built(node, reduction::gemm, &[])),
    ("Einsum", |_, node| wired::built(node, reduction::einsum, &[])),
    ("Softmax", softmax),
    ("ReduceMean", |_, node| wired::built(node, reduction::mean, &[1])),
    ("ReduceSum", |_, node| wired::built(node, reduction::sum, &[1])),
    ("ReduceMax", |_, node| wired::built(node, reduction::max, &[1])),
    ("ReduceMin", |_, node| wired::built(node, reduction::min, &[1])),
    ("ReduceL2", |_, node| wired::built(node, reduction::l2, &[1])),
    ("CumSum", |_, node| wired::built(node, reduction::cumulative_sum, &[1])),
    ("LayerNormalization", |_, node| wired::built(node, reduction::layer_norm, &[])),
    ("MatMulInteger", |_, node| wired::built(node, quantized::matmul_integer, &[])),
    ("DynamicQuantizeLinear", |_, node| wired::built(node, quantized::dynamic, &[])),
    ("DequantizeLinear", |_, node| wired::built(node, quantized::dequantize, &[1, 2])),
    ("QuantizeLinear", |_, node| wired::built(node, quantized::quantize, &[1, 2])),
];

fn built(operator: Box<dyn InferenceOp>) -> Built {
    Ok((operator, vec![]))
}

fn constant(context: &ParsingContext, node: &NodeProto) -> Built {
    let value: Tensor = if let Some(tensor) = node.get_attr_opt("value")? {
        context.load_tensor(tensor)?
    } else if let Some(int) = node.get_attr_opt::<i64>("value_int")? {
        tensor0(int)
    } else if let Some(float) = node.get_attr_opt::<f32>("value_float")? {
        tensor0(float)
    } else if let Some(ints) = node.get_attr_opt_slice::<i64>("value_ints")? {
        tensor1(ints)
    } else if let Some(floats) = node.get_attr_opt_slice::<f32>("value_floats")? {
        tensor1(floats)
    } else {
        return Err(TractError::msg(format!("Constant \"{}\": expected a tensor or numbers", node.name)));
    };
    built(Box::new(Const::new(Arc::new(value))?))
}

fn constant_of_shape(context: &ParsingContext, node: &NodeProto) -> Built {
    let value = node.get_attr_opt("value")?.map_or_else(|| Ok(tensor0(0f32)), |tensor| context.load_tensor(tensor))?;
    let operator = array::ConstantOfShape::new(Arc::new(value.into_shape(&[])?));
    guarded(node, expand(operator), guards::constant_of_shape)
}

fn slice(context: &ParsingContext, node: &NodeProto) -> Built {
    if context.onnx_operator_set_version < 10 {
        return wired::built(node, shape::slice_by_attributes, &[]);
    }
    let mut inputs = optional_inputs(node).skip(3);
    let operator = array::StridedSlice {
        optional_axes_input: inputs.next().flatten(),
        optional_steps_input: inputs.next().flatten(),
        begin_mask: 0,
        end_mask: 0,
        shrink_axis_mask: 0,
    };
    guarded(node, Box::new(operator), guards::slice)
}

fn softmax(context: &ParsingContext, node: &NodeProto) -> Built {
    let axis = node.get_attr_opt("axis")?;
    // Before opset 13 it goes over every axis from this one on.
    if context.onnx_operator_set_version < 13 {
        return guarded(node, expand(nn::LayerSoftmax::new(axis.unwrap_or(1), true)), guards::softmax);
    }
    guarded(node, expand(nn::Softmax::new(axis.unwrap_or(-1))), guards::softmax)
}
