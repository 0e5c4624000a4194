//! Four numbers side by side: a vector of the target where it has them, an array elsewhere.
//!
//! Both do the same operations in the same order, rounding after each, so every runtime and the host compute the same bits.
//! What is written with these needs no second version.

use std::array::from_fn;

// Anywhere.
#[cfg(not(target_arch = "wasm32"))]
mod array;
// wasm32 with `simd128`.
#[cfg(target_arch = "wasm32")]
mod vector;

// Several vectors at once.
mod vectors;

#[cfg(not(target_arch = "wasm32"))]
pub(super) use array::{F32x4, I32x4};
#[cfg(target_arch = "wasm32")]
pub(super) use vector::{F32x4, I32x4};
pub(super) use vectors::Vectors;

/// Numbers of a vector.
pub(super) const LANES: usize = 4;

impl F32x4 {
    /// `self + a × b`, rounded twice.
    #[inline(always)]
    pub(super) fn plus(self, a: Self, b: Self) -> Self {
        self + a * b
    }

    /// The four numbers from `row`, or what is left of it, filled up with `filler`.
    #[inline(always)]
    pub(super) fn load(row: &[f32], filler: f32) -> Self {
        match row.first_chunk() {
            Some(four) => Self::from_array(*four),
            None => {
                let mut four = [filler; LANES];
                four.iter_mut().zip(row).for_each(|(place, &number)| *place = number);
                Self::from_array(four)
            }
        }
    }

    /// Into `row`, or as much of it as there is.
    #[inline(always)]
    pub(super) fn store(self, row: &mut [f32]) {
        match row.first_chunk_mut() {
            Some(four) => *four = self.to_array(),
            None => row.iter_mut().zip(self.to_array()).for_each(|(place, number)| *place = number),
        }
    }
}

/// `N` of `numbers` from `from` on; missing ones are zero.
#[inline(always)]
pub(super) fn padded<T: Copy + Default, const N: usize>(numbers: &[T], from: usize) -> [T; N] {
    let rest = rest(numbers, from);
    rest.first_chunk().copied().unwrap_or_else(|| {
        let mut padded = [T::default(); N];
        padded.iter_mut().zip(rest).for_each(|(place, number)| *place = *number);
        padded
    })
}

/// Into as many places as there are.
#[inline(always)]
pub(super) fn store_all<const VECTORS: usize>(vectors: [F32x4; VECTORS], places: &mut [f32]) {
    if places.len() >= VECTORS * LANES {
        let (places, _) = places.as_chunks_mut::<LANES>();
        places.iter_mut().zip(vectors).for_each(|(place, vector)| *place = vector.to_array());
    } else {
        places.chunks_mut(LANES).zip(vectors).for_each(|(places, vector)| vector.store(places));
    }
}

/// What of `numbers` stands from `from` on.
#[inline(always)]
pub(super) fn rest<T>(numbers: &[T], from: usize) -> &[T] {
    numbers.get(from..).unwrap_or_default()
}

/// As [`rest`].
#[inline(always)]
pub(super) fn rest_mut<T>(numbers: &mut [T], from: usize) -> &mut [T] {
    numbers.get_mut(from..).unwrap_or_default()
}

/// Folds what `each` makes of `row`'s vectors, several side by side since each waits for the one before; the lanes of the result
/// are still to be joined.
///
/// What is left over at the end is filled up with `filler`.
#[inline(always)]
pub(super) fn fold(
    row: &[f32],
    filler: f32,
    start: F32x4,
    each: impl Fn(F32x4) -> F32x4,
    join: impl Fn(F32x4, F32x4) -> F32x4,
) -> F32x4 {
    let (blocks, rest) = row.as_chunks::<{ Vectors::NUMBERS }>();
    let side_by_side = blocks
        .iter()
        .fold(Vectors::all(start), |folded, block| folded.join(Vectors::from_array(*block).each(&each), &join));
    let folded = side_by_side.fold(start, &join);
    rest.chunks(LANES).fold(folded, |folded, four| join(folded, each(F32x4::load(four, filler))))
}

/// Replaces `row` vector by vector, several at once. What is left over at the end is filled up with zeros.
#[inline(always)]
pub(super) fn map(row: &mut [f32], each: impl Fn(Vectors) -> Vectors) {
    let (blocks, rest) = row.as_chunks_mut::<{ Vectors::NUMBERS }>();
    for block in blocks {
        *block = each(Vectors::from_array(*block)).to_array();
    }
    if !rest.is_empty() {
        let mut block = [0.0; Vectors::NUMBERS];
        block.iter_mut().zip(rest.iter()).for_each(|(place, &number)| *place = number);
        rest.iter_mut().zip(each(Vectors::from_array(block)).to_array()).for_each(|(place, number)| *place = number);
    }
}

/// Replaces each number of `row` for which `other` has one at its place.
#[inline(always)]
pub(super) fn map_with(row: &mut [f32], other: &[f32], each: impl Fn(F32x4, F32x4) -> F32x4) {
    let row = row.split_at_mut(other.len().min(row.len())).0;
    let ((vectors, rest), (others, last)) = (row.as_chunks_mut::<LANES>(), other.as_chunks::<LANES>());
    for (vector, other) in vectors.iter_mut().zip(others) {
        *vector = each(F32x4::from_array(*vector), F32x4::from_array(*other)).to_array();
    }
    if !rest.is_empty() {
        each(F32x4::load(rest, 0.0), F32x4::load(last, 0.0)).store(rest);
    }
}

/// Each number of `row` times `factor`, to the nearest whole number, ties to even; beyond 16 bits the nearest within. `out` is
/// as long as `row` or longer, and then left alone behind it.
pub(super) fn quantize(row: &[f32], factor: f32, out: &mut [i16]) {
    quantize_within(row, factor, [f32::from(i16::MIN), f32::from(i16::MAX)], out);
}

/// As [`quantize`], within `[least, most]`, which are whole numbers of 16 bits; what is no number becomes one of them, and which is the compiler's choice.
pub(super) fn quantize_within(row: &[f32], factor: f32, [least, most]: [f32; 2], out: &mut [i16]) {
    let (factor, least, most) = (F32x4::splat(factor), F32x4::splat(least), F32x4::splat(most));
    let whole = |it: F32x4| (it * factor).max(least).min(most).rounded();
    let (vectors, rest) = row.as_chunks::<{ 2 * LANES }>();
    let (places, last) = out.get_mut(..row.len()).unwrap_or_default().as_chunks_mut::<{ 2 * LANES }>();
    for (places, [a, b, c, d, e, f, g, h]) in places.iter_mut().zip(vectors.iter().copied()) {
        let (low, high) = (F32x4::from_array([a, b, c, d]), F32x4::from_array([e, f, g, h]));
        *places = whole(low).narrow(whole(high)).to_pairs();
    }
    for (numbers, places) in rest.chunks(LANES).zip(last.chunks_mut(LANES)) {
        let whole = whole(F32x4::load(numbers, 0.0)).to_array();
        places.iter_mut().zip(whole).for_each(|(place, it)| *place = it as i16);
    }
}

/// Numbers that [`quantize_bytes`] makes four quads of.
pub(super) const BYTES: usize = 4 * LANES;

/// Each number of `row` times `factor`, to the nearest whole number, plus `zero_point`, within 0..=255. Of sixteen, each fourth
/// one goes into the same quad, the first one lowest; what is missing behind the end counts as zero. What is no number becomes 0
/// or 255, and which is the compiler's choice.
/// The quads go to every `stride`th place of `out`.
pub(super) fn quantize_bytes(row: &[f32], factor: f32, zero_point: f32, out: &mut [i32], stride: usize) {
    let [factor, least, most] = [factor, -zero_point, 255.0 - zero_point].map(F32x4::splat);
    let zero_point = I32x4::from_array([zero_point as i32; LANES]);
    let whole = |it: F32x4| (it * factor).max(least).min(most).rounded() + zero_point;
    let quads = |block: &[f32; BYTES]| {
        let mut fours = block.as_chunks::<LANES>().0.iter().map(|four| whole(F32x4::from_array(*four)));
        I32x4::bytes(from_fn(|_| fours.next().unwrap_or_default())).to_array()
    };
    let (blocks, rest) = row.as_chunks::<BYTES>();
    let mut all = out.chunks_mut(LANES * stride);
    let put = |places: &mut [i32], block: &[f32; BYTES]| {
        let [a, b, c, d] = quads(block);
        for (at, quad) in [(0, a), (stride, b), (2 * stride, c), (3 * stride, d)] {
            places.get_mut(at).into_iter().for_each(|place| *place = quad);
        }
    };
    blocks.iter().zip(&mut all).for_each(|(block, places)| put(places, block));
    all.for_each(|places| put(places, &padded(rest, 0)));
}

/// The sum of four lanes: the first and the third, the second and the fourth, then both.
pub(super) fn sum(lanes: F32x4) -> f32 {
    let [a, b, c, d] = lanes.to_array();
    (a + c) + (b + d)
}

/// The largest of four lanes, none of which is no number.
pub(super) fn largest(lanes: F32x4) -> f32 {
    across(lanes, F32x4::max)
}

/// The smallest of four lanes, none of which is no number.
pub(super) fn smallest(lanes: F32x4) -> f32 {
    across(lanes, F32x4::min)
}

/// Without a branch, of which none could tell before.
fn across(lanes: F32x4, join: impl Fn(F32x4, F32x4) -> F32x4) -> f32 {
    let pairs = join(lanes, lanes.halves_swapped());
    let [joined, ..] = join(pairs, pairs.neighbours_swapped()).to_array();
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_are_filled_up() {
        let row = [1.0, 2.0, 3.0, 4.0, 5.0];
        let product = fold(&row, 1.0, F32x4::splat(1.0), |it| it, |product, it| product * it);
        assert_eq!(product.to_array(), [5.0, 2.0, 3.0, 4.0]);
        assert_eq!((sum(product), largest(product), smallest(product)), (14.0, 5.0, 2.0));
        let mut out = [0.0; 2];
        product.store(&mut out);
        assert_eq!(out, [5.0, 2.0]);
    }

    #[test]
    fn numbers_become_whole_to_the_nearest_and_ties_to_even() {
        let rounded = |it| F32x4::from_array(it).rounded().to_array();
        assert_eq!(rounded([0.5, 1.5, -2.5, 2.4]), [0, 2, -2, 2]);
        assert_eq!(rounded([-0.5, -1.5, 4_000_000.5, -4_194_303.0]), [0, -2, 4_000_000, -4_194_303]);
        let mut out = [0; 10];
        let row = [0.5, 1.5, -2.5, 2.4, 1e9, -1e9, f32::INFINITY, f32::NEG_INFINITY, 3.0, -3.5];
        quantize(&row, 1.0, &mut out);
        assert_eq!(out, [0, 2, -2, 2, 32_767, -32_768, 32_767, -32_768, 3, -4]);
        let powers = I32x4::from_array([1, -126, 126, 0]);
        assert_eq!(
            F32x4::splat(1.5).times_power_of_two(powers).to_array(),
            [3.0, 1.5 * 2f32.powi(-126), 1.5 * 2f32.powi(126), 1.5]
        );
    }

    #[test]
    fn pairs_go_into_lanes_and_out_again() {
        let numbers = [1, -2, 3, -4, i16::MIN, i16::MAX, 0, -1];
        assert_eq!(I32x4::from_pairs(numbers).to_pairs(), numbers);
        let [even, odd] = [[-1, 2, -3, 4], [5, -6, 7, -8]].map(I32x4::from_array);
        assert_eq!(even.pairs(odd).to_pairs(), [-1, 5, 2, -6, -3, 7, 4, -8]);
        assert_eq!(
            I32x4::from_array([1, -1, 40_000, -40_000]).narrow(even).to_pairs(),
            [1, -1, 32_767, -32_768, -1, 2, -3, 4]
        );
        let rows = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]].map(I32x4::from_array);
        let columns = [[1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15], [4, 8, 12, 16]];
        assert_eq!(I32x4::transposed(rows).map(I32x4::to_array), columns);
    }
}
