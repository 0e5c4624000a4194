//! Operators that make shapes, and that move values without computing.

use tract_onnx::tract_core::ops::array;
use tract_onnx::tract_hir::internal::{
    AxisOp, OutletId, SpecialOps, TDim, TVec, ToDim, TractResult, TypedModel, tensor0, tensor1, tvec,
};

use crate::local::onnx::operators::wired::{Node, first};

pub(super) fn shape(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    let shape = model.outlet_fact(node.input(0)?)?.shape.to_tvec();
    let rank = shape.len() as i64;
    let at = |axis: i64| (if axis < 0 { axis + rank } else { axis }).clamp(0, rank) as usize;
    let (start, end) = (at(node.int("start")?.unwrap_or(0)), at(node.int("end")?.unwrap_or(rank)));
    let dims = shape.get(start..end).unwrap_or_default();
    model.add_const(node.name, tensor1(dims)).map(|it| tvec!(it))
}

pub(super) fn unsqueeze(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    let axes = node.ints(model, 1, "axes")?.unwrap_or_default();
    let rank = node.rank(model, 0)? + axes.len();
    let mut axes = axes.iter().map(|&axis| node.resolve(axis, rank)).collect::<TractResult<Vec<_>>>()?;
    axes.sort_unstable();
    through(node, model, axes.into_iter().map(AxisOp::Add))
}

pub(super) fn squeeze(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    let shape = model.outlet_fact(node.input(0)?)?.shape.to_tvec();
    let mut axes: Vec<usize> = match node.ints(model, 1, "axes")? {
        Some(axes) => axes.iter().map(|&axis| node.resolve(axis, shape.len())).collect::<TractResult<_>>()?,
        None => (0..shape.len()).filter(|&axis| shape.get(axis) == Some(&1.to_dim())).collect(),
    };
    axes.sort_unstable();
    through(node, model, axes.into_iter().rev().map(AxisOp::Rm))
}

/// Input 0 through one step after the other.
fn through(
    node: &Node,
    model: &mut TypedModel,
    steps: impl IntoIterator<Item = AxisOp>,
) -> TractResult<TVec<OutletId>> {
    let mut wire = tvec!(node.input(0)?);
    for (at, step) in steps.into_iter().enumerate() {
        wire = model.wire_node(node.part(&at.to_string()), step, &wire)?;
    }
    Ok(wire)
}

pub(super) fn split(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    let shape = model.outlet_fact(node.input(0)?)?.shape.to_tvec();
    let axis = node.axis(0, shape.len())?;
    let parts = node.proto.output.len().max(1);
    let lengths: Vec<TDim> = match node.ints(model, 1, "split")? {
        Some(lengths) => lengths.iter().map(ToDim::to_dim).collect(),
        None => {
            let dim = shape.get(axis).cloned().unwrap_or_default();
            (0..parts).map(|at| dim.clone() * (at + 1) / parts - dim.clone() * at / parts).collect()
        }
    };
    let mut outputs = tvec!();
    let mut start = 0.to_dim();
    for (at, length) in lengths.into_iter().enumerate() {
        let end = start.clone() + length;
        let op = array::Slice::new(axis, start, end.clone());
        outputs.push(first(&model.wire_node(node.part(&at.to_string()), op, &[node.input(0)?])?)?);
        start = end;
    }
    Ok(outputs)
}

/// Before opset 10 its bounds are attributes.
pub(super) fn slice_by_attributes(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    let shape = model.outlet_fact(node.input(0)?)?.shape.to_tvec();
    let bounds = |name: &str| node.proto.get_attr_vec::<i64>(name);
    let (starts, ends) = (bounds("starts")?, bounds("ends")?);
    let axes = node.ints(model, 1, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let mut wire = tvec!(node.input(0)?);
    for ((&axis, start), end) in axes.iter().zip(starts).zip(ends) {
        let axis = node.resolve(axis, shape.len())?;
        let length = shape.get(axis).ok_or_else(|| node.unexpected("an axis beyond the last"))?;
        let at = |bound: i64| match length.as_i64() {
            Some(length) => (if bound < 0 { bound + length } else { bound }).clamp(0, length).to_dim(),
            None if bound < 0 => length.clone() + bound,
            None if bound >= i64::from(i32::MAX) => length.clone(),
            None => bound.to_dim(),
        };
        let (start, end) = (at(start), at(end));
        if start.to_i64().ok().zip(end.to_i64().ok()).is_some_and(|(start, end)| start > end) {
            return Err(node.unexpected(&format!("expected a start before its end, found {start} to {end}")));
        }
        let op = array::Slice::new(axis, start, end);
        wire = model.wire_node(node.part(&format!("axis-{axis}")), op, &wire)?;
    }
    Ok(wire)
}

/// Keeps a triangle of each matrix; the rest is zero.
pub(super) fn trilu(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    if node.rank(model, 0)? < 2 {
        return Err(node.unexpected("expected matrices"));
    }
    let upper = node.int("upper")?.unwrap_or(1) == 1;
    let diagonal = match node.optional(1) {
        Some(diagonal) => diagonal,
        None => model.add_const(node.part("diagonal"), tensor0(0i64))?,
    };
    model.wire_node(node.name, array::Trilu { upper }, &[node.input(0)?, diagonal])
}
