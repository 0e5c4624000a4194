//! Weights as the dot products want them, packed while they arrive.

use std::array::from_fn;

use crate::local::kernels::dot::Dot;
use crate::local::kernels::lanes::{BYTES, LANES, padded};
use crate::local::kernels::tile::{COLUMNS, COLUMNS_OF_QUADS};

/// Inputs that are put into panels at once: whole groups of them.
const BLOCK: usize = BYTES;

/// Weights `[inputs, outputs]` in panels of some columns: for each pair or quad of inputs the columns' weights side by side. Missing columns and inputs are zero.
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
        packing.push(weights, |it| it);
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

    /// The weights as they were, row-major `[inputs, outputs]`.
    pub fn unpacked(&self) -> Vec<i8> {
        let (group, columns) = (self.dot.group(), self.dot.columns());
        let panel = panel_size(self.dot, self.inputs);
        let place = |input: usize, output: usize| {
            let [number, place] = self.dot.place(input);
            output / columns * panel + (number * columns + output % columns) * group + place
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

/// Panels being filled.
pub struct Packing {
    panels: Panels,
    /// Inputs that are in their panels.
    placed: usize,
    /// The next inputs' weights, row-major, until there are [`BLOCK`] of them: eight inputs of a panel are a cache line
    /// or two, and the same columns of the next panel are too far away to come back to for each input.
    block: Vec<i8>,
}

impl Packing {
    /// Empty panels for `[inputs, outputs]`; `None` where they are too many to count or there is no room for them.
    pub fn new(dot: Dot, inputs: usize, outputs: usize) -> Option<Self> {
        let size = panel_size(dot, inputs).checked_mul(outputs.div_ceil(dot.columns())).filter(|&size| size > 0)?;
        let (mut bytes, mut sums, mut block) = (Vec::new(), Vec::new(), Vec::new());
        bytes.try_reserve_exact(size).ok()?;
        sums.try_reserve_exact(outputs).ok()?;
        block.try_reserve_exact(outputs.checked_mul(BLOCK)?).ok()?;
        bytes.resize(size, 0);
        sums.resize(outputs, 0);
        Some(Self { panels: Panels { dot, inputs, outputs, bytes, sums }, placed: 0, block })
    }

    /// The next weights, row-major, any number of them, each as `to_i8` makes it; how many of them still belonged here.
    pub fn push<W: Copy>(&mut self, weights: &[W], to_i8: impl Fn(W) -> i8) -> usize {
        let mut taken = 0;
        while self.placed < self.panels.inputs
            && let Some(rest) = weights.get(taken..).filter(|rest| !rest.is_empty())
        {
            let block = BLOCK.min(self.panels.inputs - self.placed) * self.panels.outputs;
            let count = rest.len().min(block - self.block.len());
            self.block.extend(rest.iter().take(count).map(|&weight| to_i8(weight)));
            taken += count;
            if self.block.len() == block {
                self.place();
            }
        }
        taken
    }

    /// Whether all weights came.
    pub fn is_whole(&self) -> bool {
        self.placed == self.panels.inputs
    }

    /// The panels; `None` while weights are missing.
    pub fn finish(self) -> Option<Panels> {
        self.is_whole().then_some(self.panels)
    }

    /// Puts the block's weights into their panels.
    fn place(&mut self) {
        let outputs = self.panels.outputs;
        for row in self.block.chunks_exact(outputs) {
            self.panels.sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += i32::from(*weight));
        }
        let inputs = self.block.len() / outputs;
        // Missing inputs are zero.
        self.block.resize(inputs.next_multiple_of(self.panels.dot.step()) * outputs, 0);
        match self.panels.dot.group() {
            2 => self.interleave::<2, COLUMNS>(|pair, place| 2 * pair + place),
            _ => self.interleave::<4, COLUMNS_OF_QUADS>(|quad, place| quad + LANES * place),
        }
        self.placed += inputs;
        self.block.clear();
    }

    /// `GROUP` inputs of each column side by side, those that `input(group, place)` says.
    fn interleave<const GROUP: usize, const COLUMNS: usize>(&mut self, input: impl Fn(usize, usize) -> usize) {
        let Self { panels: Panels { dot, inputs, outputs, bytes, .. }, placed, block } = self;
        let row = |input: usize| block.get(input * *outputs..(input + 1) * *outputs).unwrap_or_default();
        let count = block.len() / (*outputs * GROUP);
        for (panel, from) in bytes.chunks_exact_mut(panel_size(*dot, *inputs)).zip((0..).step_by(COLUMNS)) {
            let places = panel.get_mut(*placed * COLUMNS..).unwrap_or_default();
            let groups = places.as_chunks_mut::<GROUP>().0.as_chunks_mut::<COLUMNS>().0;
            for (group, number) in groups.iter_mut().zip(0..count) {
                let columns: [[_; COLUMNS]; GROUP] = from_fn(|place| padded(row(input(number, place)), from));
                *group = from_fn(|column| columns.map(|row| row.get(column).copied().unwrap_or_default()));
            }
        }
    }
}

/// Weights of a panel, missing inputs included.
pub(super) fn panel_size(dot: Dot, inputs: usize) -> usize {
    inputs.next_multiple_of(dot.step()) * dot.columns()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many as asked for, of every value.
    fn weights(count: usize) -> Vec<i8> {
        (0..count).map(|at| (at * 37 % 256) as u8 as i8).collect()
    }

    #[test]
    fn weights_may_come_in_any_pieces() {
        let weights = weights(21 * 9);
        for dot in [Dot::Pairs, Dot::SignedQuads] {
            let whole = Panels::new(dot, &weights, 21, 9).expect("whole");
            for piece in [1, 2, 7, 44, 100] {
                let mut packing = Packing::new(dot, 21, 9).expect("room");
                for piece in weights.chunks(piece) {
                    assert!(!packing.is_whole());
                    assert_eq!(packing.push(piece, |it| it), piece.len());
                }
                assert_eq!(packing.push(&[1], |it| it), 0, "more than was announced");
                assert_eq!(packing.finish().as_ref(), Some(&whole), "pieces of {piece}");
            }
        }
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
