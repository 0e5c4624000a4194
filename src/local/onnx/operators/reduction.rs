//! Operators that sum over an axis: products of matrices, means, softmax.

use tract_onnx::tract_core::ops::cast::cast;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::{array, math, nn};
use tract_onnx::tract_hir::internal::{
    AxesMapping, AxisOp, OutletId, SpecialOps, TDim, TVec, TractResult, TypedModel, tensor0, tvec,
};

use crate::local::onnx::operators::elementwise::pair;
use crate::local::onnx::operators::guards;
use crate::local::onnx::operators::wired::{Node, first};

pub(super) fn gemm(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    let is_set = |name: &str| TractResult::Ok(node.int(name)? == Some(1));
    let axes = AxesMapping::for_numpy_matmul(2, is_set("transA")?, is_set("transB")?, false)?;
    let operating_dt = model.outlet_fact(node.input(0)?)?.datum_type;
    let product = EinSum { axes, operating_dt, q_params: None };
    let mut wire = first(&summed(node, model, node.part("product"), product, &[node.input(0)?, node.input(1)?])?)?;
    let alpha = node.proto.get_attr_opt::<f32>("alpha")?.unwrap_or(1.0);
    if alpha != 1.0 {
        let alpha = model.add_const(node.part("alpha"), tensor0(alpha))?;
        wire = pair(&node.part("scaled"), model, math::Mul, wire, alpha)?;
    }
    let beta = node.proto.get_attr_opt::<f32>("beta")?.unwrap_or(1.0);
    let Some(mut bias) = node.optional(2).filter(|_| beta != 0.0) else { return Ok(tvec!(wire)) };
    if beta != 1.0 {
        let beta = model.add_const(node.part("beta"), tensor0(beta))?;
        bias = pair(&node.part("bias"), model, math::Mul, bias, beta)?;
    }
    pair(node.name, model, math::Add, wire, bias).map(|it| tvec!(it))
}

pub(super) fn einsum(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    let equation = node.proto.get_attr_opt::<&str>("equation")?.filter(|it| !it.contains("..."));
    let axes = equation.ok_or_else(|| node.unexpected("expected an equation without an ellipsis"))?.parse()?;
    let operating_dt = model.outlet_fact(node.input(0)?)?.datum_type;
    let product = EinSum { axes, operating_dt, q_params: None };
    let inputs: TVec<OutletId> = node.inputs.iter().copied().flatten().collect();
    if product.axes.input_count() != inputs.len() {
        return Err(node.unexpected(&format!("an equation of other than {} inputs", inputs.len())));
    }
    summed(node, model, node.name.to_owned(), product, &inputs)
}

/// Wires `product` where what is summed over is of one length in all inputs.
pub(super) fn summed(
    node: &Node,
    model: &mut TypedModel,
    name: String,
    product: EinSum,
    inputs: &[OutletId],
) -> TractResult<TVec<OutletId>> {
    for axis in product.axes.iter_all_axes().filter(|axis| axis.outputs.iter().all(|it| it.is_empty())) {
        let mut lengths: TVec<TDim> = tvec!();
        for (places, &input) in axis.inputs.iter().zip(inputs) {
            let shape = &model.outlet_fact(input)?.shape;
            lengths.extend(places.iter().filter_map(|&at| shape.get(at).cloned()));
        }
        if let [first, rest @ ..] = lengths.as_slice()
            && let Some(other) = rest.iter().find(|other| guards::differ(first, other))
        {
            return Err(node.unexpected(&format!("sums over {first} and {other} numbers")));
        }
    }
    model.wire_node(name, product, inputs)
}

/// The axes a reduction goes over: all of them unless it says otherwise.
fn reduced_axes(node: &Node, model: &TypedModel) -> TractResult<TVec<usize>> {
    let rank = node.rank(model, 0)?;
    let axes = node.ints(model, 1, "axes")?.unwrap_or_default();
    if axes.is_empty() {
        let keeps_all = node.int("noop_with_empty_axes")? == Some(1);
        return Ok(if keeps_all { tvec!() } else { (0..rank).collect() });
    }
    let mut axes: TVec<usize> = axes.iter().map(|&axis| node.resolve(axis, rank)).collect::<TractResult<_>>()?;
    axes.sort_unstable();
    let shape = &model.outlet_fact(node.input(0)?)?.shape;
    if axes.iter().any(|&axis| shape.get(axis).is_some_and(|dim| *dim == TDim::Val(0))) {
        return Err(node.unexpected("an axis without elements"));
    }
    Ok(axes)
}

pub(super) fn sum(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    reduce(node, model, nn::Reducer::Sum)
}

pub(super) fn max(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    reduce(node, model, nn::Reducer::Max)
}

pub(super) fn min(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    reduce(node, model, nn::Reducer::Min)
}

/// The root of the sum of squares.
pub(super) fn l2(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    let axes = reduced_axes(node, model)?;
    let squared = model.wire_node(node.part("squared"), math::square(), &[node.input(0)?])?;
    let sum = model.wire_node(node.part("sum"), nn::Reduce::new(axes.clone(), nn::Reducer::Sum), &squared)?;
    let root = model.wire_node(node.part("root"), math::sqrt(), &sum)?;
    without_axes(node, model, root, axes)
}

fn reduce(node: &Node, model: &mut TypedModel, reducer: nn::Reducer) -> TractResult<TVec<OutletId>> {
    let axes = reduced_axes(node, model)?;
    let wire = model.wire_node(node.part("reduced"), nn::Reduce::new(axes.clone(), reducer), &[node.input(0)?])?;
    without_axes(node, model, wire, axes)
}

pub(super) fn mean(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    let axes = reduced_axes(node, model)?;
    let wire = mean_over(node, model, "mean", node.input(0)?, axes.clone())?;
    without_axes(node, model, tvec!(wire), axes)
}

/// The mean of `x` over `axes`, which stay with length 1.
fn mean_over(node: &Node, model: &mut TypedModel, name: &str, x: OutletId, axes: TVec<usize>) -> TractResult<OutletId> {
    let fact = model.outlet_fact(x)?.clone();
    let count: TDim = axes.iter().filter_map(|&axis| fact.shape.get(axis)).product();
    let count = model.add_const(node.part(&format!("{name}.count")), tensor0(count))?;
    let count = first(&model.wire_node(node.part(&format!("{name}.cast")), cast(fact.datum_type), &[count])?)?;
    let sum = nn::Reduce::new(axes, nn::Reducer::Sum);
    let sum = first(&model.wire_node(node.part(&format!("{name}.sum")), sum, &[x])?)?;
    pair(&node.part(name), model, math::Div, sum, count)
}

fn without_axes(
    node: &Node,
    model: &mut TypedModel,
    mut wire: TVec<OutletId>,
    axes: TVec<usize>,
) -> TractResult<TVec<OutletId>> {
    if node.int("keepdims")? == Some(0) {
        for axis in axes.into_iter().rev() {
            wire = model.wire_node(node.part(&format!("axis-{axis}")), AxisOp::Rm(axis), &wire)?;
        }
    }
    Ok(wire)
}

pub(super) fn layer_norm(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    let (x, rank) = (node.input(0)?, node.rank(model, 0)?);
    let axes: TVec<usize> = (node.axis(-1, rank)?..rank).collect();
    let epsilon = tensor0(node.proto.get_attr_opt::<f32>("epsilon")?.unwrap_or(1e-5));
    let epsilon = model.add_const(node.part("epsilon"), epsilon)?;
    let mean = mean_over(node, model, "mean", x, axes.clone())?;
    let centred = pair(&node.part("centred"), model, math::Sub, x, mean)?;
    let squared = first(&model.wire_node(node.part("squared"), math::square(), &[centred])?)?;
    let variance = mean_over(node, model, "variance", squared, axes)?;
    let raised = pair(&node.part("raised"), model, math::Add, variance, epsilon)?;
    let inverse = first(&model.wire_node(node.part("inverse"), math::rsqrt(), &[raised])?)?;
    let normal = pair(&node.part("normal"), model, math::Mul, centred, inverse)?;
    let scaled = pair(&node.part("scaled"), model, math::Mul, normal, node.input(1)?)?;
    let Some(bias) = node.optional(2) else { return Ok(tvec!(scaled)) };
    pair(node.name, model, math::Add, scaled, bias).map(|it| tvec!(it))
}

/// The axis is a number by the specification, and a vector of one from torch.
pub(super) fn cumulative_sum(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    let axes = node.ints(model, 1, "axis")?.unwrap_or_default();
    let &[axis] = axes.as_slice() else { return Err(node.unexpected("expected one axis")) };
    let axis = node.resolve(axis, node.rank(model, 0)?)?;
    let (exclusive, reverse) = (node.int("exclusive")? == Some(1), node.int("reverse")? == Some(1));
    model.wire_node(node.name, array::CumSum { axis, exclusive, reverse }, &[node.input(0)?])
}
