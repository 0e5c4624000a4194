//! What tract's operators are not asked to do, as they panic or read what is not there: by operator.

use tract_onnx::tract_hir::internal::TDim;

use crate::local::onnx::operators::guarded::Given;

/// Most elements of a value whose shape is written in the file: as many as an encoder's mask of 8192 tokens has.
const MOST: f64 = (1 << 26) as f64;

type Verdict = Result<(), String>;

pub(super) fn flatten(given: &Given) -> Verdict {
    given.has(1)?;
    let axis = int(given, "axis").unwrap_or(1);
    // Behind the last axis it may stand too.
    let is_there = given.rank(0).is_none_or(|rank| (-(rank as i64)..=rank as i64).contains(&axis));
    if is_there { Ok(()) } else { Err(format!("axis {axis} of {}", given.rank(0).unwrap_or_default())) }
}

pub(super) fn transpose(given: &Given) -> Verdict {
    given.has(1)?;
    let perm = given.proto.attribute.iter().find(|it| it.name == "perm");
    let perm = perm.map(|it| it.ints.as_slice()).unwrap_or_default();
    let mut sorted = perm.to_vec();
    sorted.sort_unstable();
    let is_one = sorted.iter().copied().eq(0..perm.len() as i64);
    if is_one { Ok(()) } else { Err(format!("expected each axis once, found perm {perm:?}")) }
}

/// Shapes that are asked for, at input 0.
pub(super) fn constant_of_shape(given: &Given) -> Verdict {
    shape(given, 0)
}

/// Shapes that are asked for, at input 1.
pub(super) fn expand(given: &Given) -> Verdict {
    shape(given, 1)
}

fn shape(given: &Given, at: usize) -> Verdict {
    let dims: Vec<f64> = given.numbers(at).into_iter().flatten().collect();
    if dims.iter().any(|&dim| dim < 0.0) {
        return Err(format!("expected lengths from 0, found {dims:?}"));
    }
    if dims.iter().product::<f64>() > MOST {
        return Err(format!("expected {MOST} numbers at most, found a shape of {dims:?}"));
    }
    Ok(())
}

pub(super) fn tile(given: &Given) -> Verdict {
    let repeats = given.numbers(1);
    let tiled = repeats.iter().enumerate().map(|(axis, &repeat)| {
        let length = given.dim(0, axis).and_then(|it| it.to_i64().ok()).unwrap_or(1);
        repeat.map(|repeat| repeat * length as f64)
    });
    let tiled: Vec<f64> = tiled.flatten().collect();
    let is_negative = repeats.iter().flatten().any(|&repeat| repeat < 0.0);
    if is_negative || tiled.iter().product::<f64>() > MOST {
        return Err(format!("expected {MOST} numbers at most and none negative, found a shape of {tiled:?}"));
    }
    Ok(())
}

pub(super) fn range(given: &Given) -> Verdict {
    given.has(3)?;
    let number = |at: usize| given.numbers(at).first().copied().flatten();
    match (number(0), number(1), number(2)) {
        // As a whole number, which tract makes of it.
        (.., Some(step)) if step as i64 == 0 => Err(format!("expected a whole step, found {step}")),
        (Some(first), Some(end), Some(step)) if (end - first) / step > MOST => {
            Err(format!("expected {MOST} numbers at most, found {first} to {end}"))
        }
        _ => Ok(()),
    }
}

pub(super) fn gather(given: &Given) -> Verdict {
    let Some(length) = length(given, int(given, "axis").unwrap_or(0)) else { return Ok(()) };
    let beyond = given.numbers(1).into_iter().flatten().find(|&at| at < -length || at >= length);
    beyond.map_or(Ok(()), |at| Err(format!("index {at} on an axis of {length}")))
}

pub(super) fn gather_nd(given: &Given) -> Verdict {
    tuples(given)?;
    let Some(width) = given.rank(1).and_then(|rank| given.dim(1, rank.checked_sub(1)?)?.to_i64().ok()) else {
        return Ok(());
    };
    let first = int(given, "batch_dims").unwrap_or(0);
    for (at, index) in given.numbers(1).into_iter().enumerate() {
        let axis = first + at as i64 % width.max(1);
        let length = length(given, axis);
        if let Some(index) = index
            && (index < 0.0 || length.is_some_and(|length| index >= length))
        {
            return Err(format!("expected indices from 0 that are there, found {index} on axis {axis}"));
        }
    }
    Ok(())
}

/// Indices are tuples, along the last of their axes.
pub(super) fn tuples(given: &Given) -> Verdict {
    given.has(2)?;
    if given.rank(1) == Some(0) { Err("expected indices in a list, found one number".to_owned()) } else { Ok(()) }
}

pub(super) fn div(given: &Given) -> Verdict {
    let by_zero = given.is_whole(1) && given.numbers(1).contains(&Some(0.0));
    if by_zero { Err("whole numbers divided by 0".to_owned()) } else { Ok(()) }
}

pub(super) fn matmul(given: &Given) -> Verdict {
    given.has(2)?;
    let (Some(left), Some(right)) = (given.rank(0), given.rank(1)) else { return Ok(()) };
    let Some(last) = left.checked_sub(1).filter(|_| right > 0) else {
        return Err("expected matrices, found one number".to_owned());
    };
    let summed = (given.dim(0, last), given.dim(1, right.saturating_sub(2)));
    match summed {
        (Some(left), Some(right)) if differ(&left, &right) => Err(format!("sums over {left} and {right} numbers")),
        _ => Ok(()),
    }
}

/// Whether two lengths of a summed axis are known to be two: tract takes one that is made of tokens for any number, and reads
/// beyond the end where it is another one.
pub(super) fn differ(left: &TDim, right: &TDim) -> bool {
    left != right && [left, right].iter().any(|it| matches!(it, TDim::Val(_)))
}

pub(super) fn softmax(given: &Given) -> Verdict {
    let axis = int(given, "axis").unwrap_or(-1);
    let is_there = given.rank(0).is_none_or(|rank| (-(rank as i64)..rank as i64).contains(&axis));
    if is_there { Ok(()) } else { Err(format!("axis {axis} of {}", given.rank(0).unwrap_or_default())) }
}

pub(super) fn slice(given: &Given) -> Verdict {
    let steps = given.numbers(4);
    if steps.contains(&Some(0.0)) {
        return Err("expected a step, found 0".to_owned());
    }
    let (starts, ends, axes) = (given.numbers(1), given.numbers(2), given.numbers(3));
    for (at, (start, end)) in starts.into_iter().zip(ends).enumerate() {
        let is_forwards = steps.get(at).is_none_or(|step| step.is_some_and(|step| step > 0.0));
        let (Some(start), Some(end)) = (start, end) else { continue };
        let axis = axes.get(at).copied().unwrap_or(Some(at as f64));
        let length = axis.and_then(|axis| length(given, axis as i64));
        let is_turned = match length {
            Some(length) => {
                let place = |at: f64| (if at < 0.0 { at + length } else { at }).clamp(0.0, length);
                place(start) > place(end)
            }
            None => (start < 0.0) == (end < 0.0) && start > end,
        };
        if is_forwards && is_turned {
            return Err(format!("expected a start before its end, found {start} to {end}"));
        }
    }
    Ok(())
}

/// The length of an axis of input 0, where it is a number.
fn length(given: &Given, axis: i64) -> Option<f64> {
    let axis = if axis < 0 { axis + given.rank(0)? as i64 } else { axis };
    given.dim(0, usize::try_from(axis).ok()?)?.to_i64().ok().map(|length| length as f64)
}

fn int(given: &Given, name: &str) -> Option<i64> {
    given.proto.attribute.iter().find(|it| it.name == name).map(|it| it.i)
}
