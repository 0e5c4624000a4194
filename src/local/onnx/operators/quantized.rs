//! Operators on eight-bit numbers, for layers that no fused operator takes.

use tract_onnx::tract_core::ops::cast::cast;
use tract_onnx::tract_core::ops::change_axes::wire_rank_broadcast;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_hir::internal::{
    AxesMapping, Datum, DatumExt, EvalContext, EvalOp, InOut, Op, OutletId, SpecialOps, StaticName, TValue, TVec,
    Tensor, TractError, TractResult, TypedFact, TypedModel, TypedOp, as_op, op_as_typed_op, op_out_of_plan, tensor0,
    tvec,
};

use crate::local::onnx::operators::elementwise::pair;
use crate::local::onnx::operators::reduction::summed;
use crate::local::onnx::operators::wired::{Node, first};

/// tract's quantized product: of two matrices, a bias, and zero point and scale of each matrix and of the result.
pub(super) fn matmul_integer(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    let mut inputs = wire_rank_broadcast(node.name, model, &[node.input(0)?, node.input(1)?])?;
    let zero = model.add_const(node.part("zero"), tensor0(0i32))?;
    let full = model.add_const(node.part("one"), tensor0(1f32))?;
    let (left, right) = (node.optional(2).unwrap_or(zero), node.optional(3).unwrap_or(zero));
    inputs.extend([zero, left, full, right, full, zero, full]);
    let ranks = inputs.iter().map(|it| Ok(model.outlet_fact(*it)?.rank())).collect::<TractResult<Vec<_>>>()?;
    let rank = ranks.first().copied().unwrap_or_default();
    let (Some(rows), Some(columns)) = (rank.checked_sub(2), rank.checked_sub(1)) else {
        return Err(node.unexpected("expected matrices"));
    };
    let mut axes = AxesMapping::disconnected_for_ranks(&ranks, &[rank])?
        .renaming((InOut::In(0), rows), 'm')?
        .linking('m', (InOut::Out(0), rows))?
        .renaming((InOut::In(1), columns), 'n')?
        .linking('n', (InOut::Out(0), columns))?
        .renaming((InOut::In(0), columns), 'k')?
        .linking('k', (InOut::In(1), rows))?;
    for axis in 0..rows {
        axes = axes
            .linking((InOut::In(0), axis), (InOut::In(1), axis))?
            .linking((InOut::In(0), axis), (InOut::Out(0), axis))?;
    }
    for (input, axis) in [(3, 'm'), (5, 'n')] {
        if ranks.get(input) == Some(&1) {
            axes = axes.linking(axis, (InOut::In(input), 0))?;
        }
    }
    let int32 = i32::datum_type();
    let product = EinSum { axes, operating_dt: int32, q_params: Some(int32) };
    summed(node, model, node.name.to_owned(), product, &inputs)
}

/// `(x - zero point) × scale`
pub(super) fn dequantize(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    let x = first(&model.wire_node(node.part("cast"), cast(f32::datum_type()), &[node.input(0)?])?)?;
    let mut wire = x;
    if node.optional(2).is_some() {
        let zero_point = along_axis(node, model, 2)?;
        wire = pair(&node.part("centred"), model, math::Sub, x, zero_point)?;
    }
    let scale = along_axis(node, model, 1)?;
    pair(node.name, model, math::Mul, wire, scale).map(|it| tvec!(it))
}

/// `x ÷ scale + zero point`, rounded to even and saturated.
pub(super) fn quantize(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    let to = node.optional(2).map_or(Ok(u8::datum_type()), |it| model.outlet_fact(it).map(|fact| fact.datum_type))?;
    let (low, high) = if to == i8::datum_type() { (-128f32, 127f32) } else { (0.0, 255.0) };
    let mut number = |name: &str, value: f32| model.add_const(node.part(name), tensor0(value));
    let (low, high) = (number("low", low)?, number("high", high)?);
    let scale = along_axis(node, model, 1)?;
    let scaled = pair(&node.part("scaled"), model, math::Div, node.input(0)?, scale)?;
    let mut wire = first(&model.wire_node(node.part("rounded"), math::round_half_to_even(), &[scaled])?)?;
    if node.optional(2).is_some() {
        let zero_point = along_axis(node, model, 2)?;
        wire = pair(&node.part("shifted"), model, math::Add, wire, zero_point)?;
    }
    wire = pair(&node.part("above"), model, math::Max, wire, low)?;
    wire = pair(&node.part("within"), model, math::Min, wire, high)?;
    model.wire_node(node.name, cast(to), &[wire])
}

/// Scale or zero point at input `at` as f32, shaped so that it goes along the node's axis.
fn along_axis(node: &Node, model: &mut TypedModel, at: usize) -> TractResult<OutletId> {
    if node.int("block_size")?.unwrap_or(0) != 0 {
        return Err(node.unexpected("blocked quantization is not supported"));
    }
    let value = node.constant(model, at)?.cast_to::<f32>()?.into_owned();
    let rank = node.rank(model, 0)?;
    let mut shape: TVec<usize> = tvec!(1; rank);
    if value.len() > 1 {
        let axis = node.axis(1, rank)?;
        let place = shape.get_mut(axis).ok_or_else(|| node.unexpected("an axis beyond the last"))?;
        *place = value.len();
    }
    model.add_const(node.part(&format!("parameter-{at}")), value.into_shape(&shape)?)
}

pub(super) fn dynamic(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    model.wire_node(node.name, DynamicQuantize, &[node.input(0)?])
}

/// ONNX's DynamicQuantizeLinear: uint8 values, one scale and one zero point for the whole tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
struct DynamicQuantize;

impl Op for DynamicQuantize {
    fn name(&self) -> StaticName {
        "DynamicQuantize".into()
    }

    op_as_typed_op!();
}

impl EvalOp for DynamicQuantize {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let x = inputs.first().ok_or_else(|| TractError::msg("DynamicQuantize: no input"))?;
        let view = x.try_as_plain_ram()?;
        let values = view.as_slice::<f32>()?;
        let (least, most) = values.iter().fold((0f32, 0f32), |(least, most), &it| (least.min(it), most.max(it)));
        let scale = (most - least) / 255.0;
        let zero_point = (-least / scale).round_ties_even().clamp(0.0, 255.0);
        let quantized: Vec<u8> =
            values.iter().map(|it| ((it / scale).round_ties_even() + zero_point).clamp(0.0, 255.0) as u8).collect();
        let quantized = Tensor::from_shape(x.shape(), &quantized)?;
        Ok(tvec!(quantized.into(), tensor0(scale).into(), tensor0(zero_point as u8).into()))
    }
}

impl TypedOp for DynamicQuantize {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let x = inputs.first().ok_or_else(|| TractError::msg("DynamicQuantize: no input"))?;
        let scalar: [usize; 0] = [];
        Ok(tvec!(u8::fact(x.shape.clone()), f32::fact(scalar), u8::fact(scalar)))
    }

    as_op!();
}
