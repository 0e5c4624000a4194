//! Operators that compute each value by itself.

use tract_onnx::tract_core::ops::binary::{BinMiniOp, TypedBinOp};
use tract_onnx::tract_core::ops::cast::{cast, wire_cast};
use tract_onnx::tract_core::ops::change_axes::wire_rank_broadcast;
use tract_onnx::tract_core::ops::{math, nn};
use tract_onnx::tract_hir::internal::{
    Datum, DatumType, OutletId, SpecialOps, TDim, TVec, TractResult, TypedModel, tensor0, tvec,
};

use crate::local::onnx::operators::wired::{Node, first};

/// `left op right`, broadcast and of a common type.
pub(super) fn pair(
    name: &str,
    model: &mut TypedModel,
    op: impl BinMiniOp,
    left: OutletId,
    right: OutletId,
) -> TractResult<OutletId> {
    let types = (model.outlet_fact(left)?.datum_type, model.outlet_fact(right)?.datum_type);
    let common = op.operating_datum_type(types.0, types.1)?;
    let wires = wire_rank_broadcast(name, model, &[left, right])?;
    let wires = wire_cast(name, model, &wires, common)?;
    first(&model.wire_node(name, TypedBinOp(Box::new(op), None), &wires)?)
}

/// The exponent is often a float where the base is one, and an integer elsewhere.
pub(super) fn pow(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    let base = model.outlet_fact(node.input(0)?)?.datum_type;
    let exponent = wire_cast(node.name, model, &[node.input(1)?], base)?;
    pair(node.name, model, math::Pow, node.input(0)?, first(&exponent)?).map(|it| tvec!(it))
}

/// By its definition; tract puts the parts together where it has them as one.
pub(super) fn gelu(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    let x = node.input(0)?;
    if node.proto.get_attr_opt::<&str>("approximate")? == Some("tanh") {
        return model.wire_node(node.name, nn::gelu_approximate::gelu_approximate(false), &[x]);
    }
    let mut number = |name: &str, value: f32| model.add_const(node.part(name), tensor0(value));
    let (root, full, half) = (number("root", 2f32.sqrt())?, number("one", 1.0)?, number("half", 0.5)?);
    let scaled = pair(&node.part("scaled"), model, math::Div, x, root)?;
    let erf = first(&model.wire_node(node.part("erf"), math::erf(), &[scaled])?)?;
    let raised = pair(&node.part("raised"), model, math::Add, erf, full)?;
    let product = pair(&node.part("product"), model, math::Mul, x, raised)?;
    pair(node.name, model, math::Mul, product, half).map(|it| tvec!(it))
}

pub(super) fn clip(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    let mut wire = node.input(0)?;
    let of = model.outlet_fact(wire)?.datum_type;
    for (at, name) in [(1, "min"), (2, "max")] {
        let bound = match (node.optional(at), node.proto.get_attr_opt::<f32>(name)?) {
            (Some(bound), _) => bound,
            (None, Some(bound)) => model.add_const(node.part(name), tensor0(bound))?,
            (None, None) => continue,
        };
        let bound = first(&wire_cast(node.part(name), model, &[bound], of)?)?;
        wire = match at {
            1 => pair(&node.part("low"), model, math::Max, wire, bound)?,
            _ => pair(&node.part("high"), model, math::Min, wire, bound)?,
        };
    }
    Ok(tvec!(wire))
}

pub(super) fn to_type(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    let to = node.proto.get_attr::<DatumType>("to")?;
    // What is computed of shapes stays a symbol where ONNX has an int64.
    let is_shape = model.outlet_fact(node.input(0)?)?.datum_type == TDim::datum_type();
    let to = if to == DatumType::I64 && is_shape { TDim::datum_type() } else { to };
    model.wire_node(node.name, cast(to), &[node.input(0)?])
}
