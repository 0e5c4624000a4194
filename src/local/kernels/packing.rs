//! Weights on their way into panels.
//!
//! Of a large model that is most of what loading takes, so no byte is touched more often than it must be: a file's bytes go
//! from where they arrive to their panel, whose memory was not cleared before.

use std::array::from_fn;
use std::mem::{ManuallyDrop, MaybeUninit, take};

use crate::local::kernels::dot::Dot;
use crate::local::kernels::lanes::{BYTES, I32x4, LANES, rest, rest_mut};
use crate::local::kernels::panels::{Panels, panel_size};
use crate::local::kernels::quads::quads;
use crate::local::kernels::tile::{COLUMNS, VECTORS};

/// Inputs that are put into panels at once: whole groups of them. Eight inputs of a panel are a cache line or two, and the same
/// columns of the next panel are too far away to come back to for each input.
const BLOCK: usize = BYTES;

/// What makes signed bytes of unsigned ones, which become 128 less.
const LOWERED: u8 = 0x80;

/// Panels being filled.
pub struct Packing {
    dot: Dot,
    inputs: usize,
    outputs: usize,
    /// What each byte is combined with to be signed.
    flip: u8,
    /// All are written once all weights came.
    bytes: Vec<MaybeUninit<i8>>,
    sums: Vec<i32>,
    /// Inputs that are in their panels.
    placed: usize,
    /// The next inputs' weights, row-major, until there are [`BLOCK`] of them; as they came.
    block: Vec<u8>,
}

impl Packing {
    /// Empty panels for `[inputs, outputs]`; `None` where they are too many to count or there is no room for them. `is_unsigned`:
    /// weights come as u8, and are packed 128 less.
    pub fn new(dot: Dot, inputs: usize, outputs: usize, is_unsigned: bool) -> Option<Self> {
        let size = panel_size(dot, inputs).checked_mul(outputs.div_ceil(COLUMNS)).filter(|&size| size > 0)?;
        let (mut bytes, mut sums, mut block) = (Vec::new(), Vec::new(), Vec::new());
        bytes.try_reserve_exact(size).ok()?;
        sums.try_reserve_exact(outputs).ok()?;
        block.try_reserve_exact(outputs.checked_mul(BLOCK)?).ok()?;
        bytes.resize_with(size, MaybeUninit::uninit);
        sums.resize(outputs, 0);
        let flip = if is_unsigned { LOWERED } else { 0 };
        Some(Self { dot, inputs, outputs, flip, bytes, sums, placed: 0, block })
    }

    /// Whether weights are packed 128 less than they are.
    pub fn is_lowered(&self) -> bool {
        self.flip == LOWERED
    }

    /// The next weights' bytes, row-major, any number of them; how many of them still belonged here.
    pub fn push(&mut self, weights: &[u8]) -> usize {
        let mut taken = 0;
        while self.placed < self.inputs
            && let Some(rest) = weights.get(taken..).filter(|rest| !rest.is_empty())
        {
            let size = BLOCK.min(self.inputs - self.placed) * self.outputs;
            if let Some(block) =
                rest.get(..BLOCK * self.outputs).filter(|_| self.block.is_empty() && size == BLOCK * self.outputs)
            {
                self.place(block);
                taken += size;
                continue;
            }
            let count = rest.len().min(size - self.block.len());
            self.block.extend_from_slice(rest.get(..count).unwrap_or_default());
            taken += count;
            if self.block.len() == size {
                let mut block = take(&mut self.block);
                let inputs = size / self.outputs;
                // Missing inputs are zero.
                block.resize(inputs.next_multiple_of(self.dot.step()) * self.outputs, self.flip);
                self.place(&block);
                block.clear();
                self.block = block;
            }
        }
        taken
    }

    /// Whether all weights came.
    pub fn is_whole(&self) -> bool {
        self.placed >= self.inputs
    }

    /// The panels; `None` while weights are missing.
    #[expect(unsafe_code, reason = "what was written byte by byte is a vector of bytes")]
    pub fn finish(self) -> Option<Panels> {
        if !self.is_whole() {
            return None;
        }
        let mut bytes = ManuallyDrop::new(self.bytes);
        let (at, count, capacity) = (bytes.as_mut_ptr(), bytes.len(), bytes.capacity());
        // SAFETY: of each panel the inputs of all blocks were written, which are all of it, in each of its columns.
        let bytes = unsafe { Vec::from_raw_parts(at.cast::<i8>(), count, capacity) };
        Some(Panels::packed(self.dot, [self.inputs, self.outputs], bytes, self.sums))
    }

    /// Puts some inputs' weights into their panels, a multiple of the dot's step.
    fn place(&mut self, block: &[u8]) {
        match self.dot.group() {
            2 => self.place_pairs(block),
            _ => self.place_quads(block),
        }
        self.placed += block.len() / self.outputs;
    }

    /// Each two inputs of a column side by side.
    fn place_pairs(&mut self, block: &[u8]) {
        let Self { dot, inputs, outputs, flip, bytes, sums, placed, .. } = self;
        let signed = |it: u8| (it ^ *flip) as i8;
        for row in block.chunks_exact(*outputs) {
            sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += i32::from(signed(*weight)));
        }
        for (panel, from) in bytes.chunks_exact_mut(panel_size(*dot, *inputs)).zip((0..).step_by(COLUMNS)) {
            let places = rest_mut(panel, *placed * COLUMNS).as_chunks_mut::<2>().0.as_chunks_mut::<COLUMNS>().0;
            for (pair, rows) in places.iter_mut().zip(block.chunks_exact(2 * *outputs)) {
                let (first, second) = rows.split_at(*outputs);
                let columns: [[u8; COLUMNS]; 2] =
                    [first, second].map(|row| from_fn(|column| row.get(from + column).map_or(*flip, |&it| it)));
                *pair = from_fn(|column| {
                    columns.map(|row| MaybeUninit::new(signed(row.get(column).copied().unwrap_or_default())))
                });
            }
        }
    }

    /// Of sixteen inputs each fourth one side by side.
    fn place_quads(&mut self, block: &[u8]) {
        let Self { dot, inputs, outputs, flip, bytes, sums, placed, .. } = self;
        let panels = bytes.chunks_exact_mut(panel_size(*dot, *inputs)).zip(sums.chunks_mut(COLUMNS));
        for ((panel, sums), from) in panels.zip((0..).step_by(COLUMNS)) {
            let places = rest_mut(panel, *placed * COLUMNS).as_chunks_mut().0.as_chunks_mut().0;
            let is_whole = sums.len() == COLUMNS;
            let mut added = [I32x4::default(); VECTORS];
            for (quad, place) in places.iter_mut().take(LANES).enumerate() {
                let row = |number: usize| rest(block, (quad + LANES * number) * *outputs);
                let read = |row: &[u8]| match rest(row, from).first_chunk() {
                    Some(columns) if is_whole => *columns,
                    _ => last_columns(row.get(from..*outputs).unwrap_or_default(), *flip),
                };
                let rows = [read(row(0)), read(row(1)), read(row(2)), read(row(3))];
                let more = quads(&rows, *flip, place);
                added.iter_mut().zip(more).for_each(|(sum, more)| *sum = *sum + more);
            }
            let added = added.map(I32x4::to_array);
            sums.iter_mut().zip(added.as_flattened()).for_each(|(sum, added)| *sum += added);
        }
    }
}

/// A row's last columns, filled up with what becomes zero.
#[inline(never)]
fn last_columns<const N: usize>(row: &[u8], zero: u8) -> [u8; N] {
    let mut columns = [zero; N];
    columns.iter_mut().zip(row).for_each(|(place, it)| *place = *it);
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many as asked for, of every value.
    fn weights(count: usize) -> Vec<u8> {
        (0..count).map(|at| (at * 37 % 256) as u8).collect()
    }

    #[test]
    fn weights_may_come_in_any_pieces() {
        for (inputs, outputs) in [(21, 9), (32, 24), (37, 30)] {
            let weights = weights(inputs * outputs);
            let signed: Vec<i8> = weights.iter().map(|&it| it as i8).collect();
            let lowered: Vec<i8> = weights.iter().map(|&it| (i16::from(it) - 128) as i8).collect();
            for (dot, is_unsigned) in
                [Dot::Pairs, Dot::SignedQuads].into_iter().flat_map(|dot| [(dot, false), (dot, true)])
            {
                let expected = if is_unsigned { &lowered } else { &signed };
                let whole = Panels::new(dot, expected, inputs, outputs).expect("whole");
                for piece in [1, 2, 7, 44, 100, 16 * outputs, 17 * outputs, weights.len()] {
                    let mut packing = Packing::new(dot, inputs, outputs, is_unsigned).expect("room");
                    assert_eq!(packing.is_lowered(), is_unsigned);
                    for piece in weights.chunks(piece) {
                        assert!(!packing.is_whole());
                        assert_eq!(packing.push(piece), piece.len());
                    }
                    assert_eq!(packing.push(&[1]), 0, "more than was announced");
                    assert_eq!(packing.finish().as_ref(), Some(&whole), "pieces of {piece}");
                }
            }
        }
    }

    #[test]
    fn missing_columns_and_inputs_are_zero() {
        for dot in [Dot::Pairs, Dot::SignedQuads] {
            let mut packing = Packing::new(dot, 3, 5, true).expect("room");
            packing.push(&[LOWERED + 1; 15]);
            let panels = packing.finish().expect("whole");
            assert_eq!(panels.bytes().iter().map(|&it| i32::from(it)).sum::<i32>(), 15);
            assert_eq!(panels.sums(), [3; 5]);
        }
    }
}
