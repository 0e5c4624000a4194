//! Weights as the dot products want them.

use crate::local::kernels::dot::Dot;
use crate::local::kernels::packing::Packing;
use crate::local::kernels::tile::COLUMNS;

/// Weights `[inputs, outputs]` in panels of eight columns: for each pair or quad of inputs the columns' weights side by side. Missing columns and
/// inputs are zero.
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
        let mut packing = Packing::new(dot, inputs, outputs, false)?;
        packing.push(&weights.iter().map(|&it| it as u8).collect::<Vec<u8>>());
        packing.finish()
    }

    /// Of panels as [`Packing`] fills them, and the sum of each column.
    pub(super) fn packed(dot: Dot, [inputs, outputs]: [usize; 2], bytes: Vec<i8>, sums: Vec<i32>) -> Self {
        Self { dot, inputs, outputs, bytes, sums }
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The weights as they were, row-major `[inputs, outputs]`.
    pub fn unpacked(&self) -> Vec<i8> {
        let group = self.dot.group();
        let panel = panel_size(self.dot, self.inputs);
        let place = |input: usize, output: usize| {
            let [number, place] = self.dot.place(input);
            output / COLUMNS * panel + (number * COLUMNS + output % COLUMNS) * group + place
        };
        let weights = (0..self.inputs).flat_map(|input| (0..self.outputs).map(move |output| place(input, output)));
        weights.map(|at| self.bytes.get(at).copied().unwrap_or_default()).collect()
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

/// Weights of a panel, missing inputs included.
pub(super) fn panel_size(dot: Dot, inputs: usize) -> usize {
    inputs.next_multiple_of(dot.step()) * COLUMNS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many as asked for, of every value.
    fn weights(count: usize) -> Vec<i8> {
        (0..count).map(|at| (at * 37 % 256) as u8 as i8).collect()
    }

    #[test]
    fn unpacking_gives_the_weights_back() {
        for (inputs, outputs) in [(1, 1), (2, 8), (3, 5), (8, 8), (9, 17), (16, 16), (31, 7)] {
            let weights = weights(inputs * outputs);
            for dot in [Dot::Pairs, Dot::UnsignedQuads, Dot::SignedQuads] {
                let panels = Panels::new(dot, &weights, inputs, outputs).expect("whole");
                assert_eq!(panels.unpacked(), weights, "{inputs} {outputs} {dot:?}");
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
