//! Weights as the dot products want them, packed while they arrive.

use crate::local::kernels::dot::Dot;
use crate::local::kernels::tile::{COLUMNS, STEP};

/// Weights `[inputs, outputs]` in panels of eight columns: for each pair or quad of inputs the eight columns' weights side by
/// side. Missing columns and inputs are zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panels {
    dot: Dot,
    inputs: usize,
    outputs: usize,
    bytes: Vec<i8>,
    /// Sum of each column's weights, `[outputs]`: what a shift of all activations adds, a step.
    sums: Vec<i32>,
}

impl Panels {
    /// Packs row-major `[inputs, outputs]`; `None` where `weights` has another size.
    pub fn new(dot: Dot, weights: &[i8], inputs: usize, outputs: usize) -> Option<Self> {
        let mut packing = Packing::new(dot, inputs, outputs)?;
        packing.push(weights.iter().copied());
        packing.finish()
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Bytes of memory.
    pub fn size(&self) -> usize {
        self.bytes.len() + self.sums.len() * size_of::<i32>()
    }

    /// The dot product they were packed for.
    pub fn dot(&self) -> Dot {
        self.dot
    }

    pub(super) fn bytes(&self) -> &[i8] {
        &self.bytes
    }

    pub(super) fn sums(&self) -> &[i32] {
        &self.sums
    }
}

/// Panels being filled.
pub struct Packing {
    panels: Panels,
    /// The input and the output the next weight belongs to.
    next: (usize, usize),
}

impl Packing {
    /// Empty panels for `[inputs, outputs]`; `None` where they are too many to count or there is no room for them.
    pub fn new(dot: Dot, inputs: usize, outputs: usize) -> Option<Self> {
        let size = panel_size(inputs).checked_mul(outputs.div_ceil(COLUMNS)).filter(|&size| size > 0)?;
        let (mut bytes, mut sums) = (Vec::new(), Vec::new());
        bytes.try_reserve_exact(size).ok()?;
        sums.try_reserve_exact(outputs).ok()?;
        bytes.resize(size, 0);
        sums.resize(outputs, 0);
        Some(Self { panels: Panels { dot, inputs, outputs, bytes, sums }, next: (0, 0) })
    }

    /// The next weights, row-major; any number of them. More than were announced are left out.
    pub fn push(&mut self, weights: impl IntoIterator<Item = i8>) {
        let Panels { dot, inputs, outputs, bytes, sums } = &mut self.panels;
        let group = dot.group();
        let panel = panel_size(*inputs);
        let (input, output) = &mut self.next;
        for weight in weights {
            if *input == *inputs {
                return;
            }
            let at = *output / COLUMNS * panel
                + *input / group * group * COLUMNS
                + *output % COLUMNS * group
                + *input % group;
            if let (Some(place), Some(sum)) = (bytes.get_mut(at), sums.get_mut(*output)) {
                *place = weight;
                *sum += i32::from(weight);
            }
            *output += 1;
            if *output == *outputs {
                (*input, *output) = (*input + 1, 0);
            }
        }
    }

    /// The panels; `None` while weights are missing.
    pub fn finish(self) -> Option<Panels> {
        (self.next == (self.panels.inputs, 0)).then_some(self.panels)
    }
}

/// Weights of a panel, missing inputs included.
pub(super) fn panel_size(inputs: usize) -> usize {
    inputs.next_multiple_of(STEP) * COLUMNS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_may_come_in_any_pieces() {
        let weights: Vec<i8> = (0..5 * 9).map(|it| it as i8 - 20).collect();
        for dot in [Dot::Pairs, Dot::SignedQuads] {
            let whole = Panels::new(dot, &weights, 5, 9).expect("whole");
            for piece in [1, 2, 7, 44] {
                let mut packing = Packing::new(dot, 5, 9).expect("room");
                weights.chunks(piece).for_each(|piece| packing.push(piece.iter().copied()));
                assert_eq!(packing.finish().as_ref(), Some(&whole), "pieces of {piece}");
            }
        }
    }

    #[test]
    fn too_few_weights_or_none_are_refused() {
        assert_eq!(Panels::new(Dot::Pairs, &[1, 2, 3], 2, 2), None);
        assert_eq!(Panels::new(Dot::Pairs, &[], 0, 2), None);
        assert_eq!(Panels::new(Dot::Pairs, &[], 2, 0), None);
    }

    #[test]
    fn sums_are_those_of_the_columns() {
        let panels = Panels::new(Dot::Pairs, &[1, -2, 3, -4, 5, -6], 3, 2).expect("whole");
        assert_eq!(panels.sums(), [9, -12]);
    }
}
