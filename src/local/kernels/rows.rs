//! Activations in eight bits, each row with its own scale: ONNX's DynamicQuantizeLinear, a row.

use crate::local::kernels::dot::Dot;
use crate::local::kernels::lanes::{F32x4, fold, largest, quantize_bytes, quantize_within, rest, rest_mut, smallest};
use crate::local::kernels::tile::{QUAD, ROWS, ROWS_OF_QUADS, interleave_pairs};

/// Rows of activations: `value ≈ (quantized − zero point) × scale`, quantized in 0..=255.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    dot: Dot,
    /// Inputs of a row, filled up to whole steps.
    width: usize,
    values: Values,
    /// `[rows]`
    scales: Vec<f32>,
    /// `[rows]`, what the stored numbers are above the meant ones; empty: nothing.
    shifts: Vec<i32>,
}

/// `[rows, width]`, missing inputs meaning zero; a few rows interleaved, so that a kernel reads them all with one pointer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    /// Zero point taken off: -255..=255. `[groups, width / 2, up to ROWS, 2]`
    Pairs(Vec<i16>),
    /// Bytes as quantized, signed ones 128 less; four in one number, the first one lowest. `[groups, width / 4, up to
    /// ROWS_OF_QUADS]`
    Quads(Vec<i32>),
}

impl Rows {
    /// Quantizes `rows`, row-major `[rows, inputs]`, for panels of the same `dot`. Infinities and what is no number spoil
    /// their own row and no other.
    pub fn new(dot: Dot, rows: &[f32], inputs: usize) -> Self {
        let width = inputs.next_multiple_of(dot.step());
        let ranges: Vec<Range> = rows.chunks_exact(inputs.max(1)).map(Range::of).collect();
        let (values, shifts) = match dot {
            Dot::Pairs => (Values::Pairs(pairs(rows, &ranges, inputs, width)), vec![]),
            Dot::UnsignedQuads | Dot::SignedQuads => {
                // 128 less is the highest bit turned.
                let (least, turned) =
                    if dot == Dot::SignedQuads { (-128, i32::from_le_bytes([128; QUAD])) } else { (0, 0) };
                let mut quads = quads(rows, &ranges, inputs, width / QUAD);
                if turned != 0 {
                    quads.iter_mut().for_each(|quad| *quad ^= turned);
                }
                let shifts = ranges.iter().map(|range| range.zero_point as i32 + least).collect();
                (Values::Quads(quads), shifts)
            }
        };
        Self { dot, width, values, scales: ranges.iter().map(|range| range.scale).collect(), shifts }
    }

    pub(super) fn dot(&self) -> Dot {
        self.dot
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn values(&self) -> &Values {
        &self.values
    }

    pub(super) fn scales(&self) -> &[f32] {
        &self.scales
    }

    pub(super) fn shifts(&self) -> &[i32] {
        &self.shifts
    }

    /// The sum of each row's meant numbers, `[rows]`.
    pub(super) fn totals(&self) -> Vec<i32> {
        match &self.values {
            Values::Pairs(values) => {
                let (pairs, _) = values.as_chunks();
                totals(pairs, self.width / 2, ROWS, |&[first, second]| i32::from(first) + i32::from(second)).collect()
            }
            Values::Quads(values) => {
                let is_signed = self.dot == Dot::SignedQuads;
                let number = |byte: u8| if is_signed { i32::from(byte as i8) } else { i32::from(byte) };
                let of_quad = |quad: &i32| quad.to_le_bytes().map(number).iter().sum::<i32>();
                let stored = totals(values, self.width / QUAD, ROWS_OF_QUADS, of_quad);
                stored.zip(&self.shifts).map(|(stored, shift)| stored - shift * self.width as i32).collect()
            }
        }
    }
}

/// Rows of whole numbers, `[rows, width]`, up to four interleaved.
fn pairs(rows: &[f32], ranges: &[Range], inputs: usize, width: usize) -> Vec<i16> {
    let mut values = vec![0; ranges.len() * width];
    let mut whole = vec![0; width * ROWS];
    let groups =
        rows.chunks(inputs.max(1) * ROWS).zip(ranges.chunks(ROWS)).zip(values.chunks_mut((width * ROWS).max(1)));
    for ((rows, ranges), group) in groups {
        let places = whole.chunks_exact_mut(width.max(1));
        for ((row, range), place) in rows.chunks_exact(inputs.max(1)).zip(ranges).zip(places) {
            quantize_within(row, range.inverse, range.within(), place);
        }
        let whole = whole.get(..ranges.len() * width).unwrap_or_default();
        interleave_pairs(whole, width, ranges.len(), group);
    }
    values
}

/// Rows of quads, `[rows, width]`, up to six interleaved.
fn quads(rows: &[f32], ranges: &[Range], inputs: usize, width: usize) -> Vec<i32> {
    let mut values = vec![0; ranges.len() * width];
    let groups = rows
        .chunks(inputs.max(1) * ROWS_OF_QUADS)
        .zip(ranges.chunks(ROWS_OF_QUADS))
        .zip(values.chunks_mut((width * ROWS_OF_QUADS).max(1)));
    for ((rows, ranges), group) in groups {
        for ((row, range), place) in rows.chunks_exact(inputs.max(1)).zip(ranges).zip(0..) {
            quantize_bytes(row, range.inverse, range.zero_point, rest_mut(group, place), ranges.len());
        }
    }
    values
}

/// What each row's `width` pairs or quads come to, up to `most` rows being interleaved.
fn totals<T>(values: &[T], width: usize, most: usize, of: impl Fn(&T) -> i32 + Copy) -> impl Iterator<Item = i32> {
    let groups = values.chunks((width * most).max(1)).map(move |group| (group, group.len() / width));
    groups.flat_map(move |(group, rows)| {
        (0..rows).map(move |place| rest(group, place).iter().step_by(rows).map(of).sum())
    })
}

/// What eight bits have to cover.
struct Range {
    scale: f32,
    /// 1 / scale, or 0.
    inverse: f32,
    /// A whole number in 0..=255.
    zero_point: f32,
}

impl Range {
    /// From the least to the most of `row`, zero included.
    fn of(row: &[f32]) -> Self {
        let zero = F32x4::splat(0.0);
        let least = smallest(fold(row, 0.0, zero, |it| it, |least, it| it.min(least)));
        let most = largest(fold(row, 0.0, zero, |it| it, |most, it| it.max(most)));
        let scale = (most - least) / 255.0;
        let inverse = if scale > 0.0 { scale.recip() } else { 0.0 };
        Self { scale, inverse, zero_point: (-least * inverse).round_ties_even().clamp(0.0, 255.0) }
    }

    /// The least and the most that a quantized number may be, the zero point taken off.
    fn within(&self) -> [f32; 2] {
        [-self.zero_point, 255.0 - self.zero_point]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::kernels::noise::noise;

    /// The meant whole numbers of a lone row.
    fn numbers(rows: &Rows) -> Vec<i32> {
        match (&rows.values, &rows.shifts[..]) {
            (Values::Pairs(values), []) => values.iter().map(|&it| i32::from(it)).collect(),
            (Values::Quads(values), [shift]) => {
                let byte = |[quad, place]: [usize; 2]| values[quad].to_le_bytes()[place];
                let number = |byte: u8| if rows.dot == Dot::SignedQuads { i32::from(byte as i8) } else { byte.into() };
                (0..rows.width).map(|input| number(byte(rows.dot.place(input))) - shift).collect()
            }
            _ => panic!("a row"),
        }
    }

    #[test]
    fn a_row_is_quantized_by_itself_to_half_a_step() {
        let (quiet, loud) = (noise(64, 1), noise(64, 2).iter().map(|it| it * 100.0).collect::<Vec<_>>());
        let both = Rows::new(Dot::Pairs, &[quiet.clone(), loud].concat(), 64);
        let rows = Rows::new(Dot::Pairs, &quiet, 64);
        assert_eq!((both.scales[0], both.totals()[0]), (rows.scales[0], rows.totals()[0]));
        for (value, quantized) in quiet.iter().zip(numbers(&rows)) {
            assert!((value - quantized as f32 * rows.scales[0]).abs() <= rows.scales[0] * 0.501);
        }
    }

    #[test]
    fn each_layout_means_the_same_numbers() {
        for inputs in [1, 3, 8, 16, 20, 30, 37] {
            let row: Vec<f32> = noise(inputs, 5).iter().map(|it| it * 3.0 + 0.5).collect();
            let expected = numbers(&Rows::new(Dot::Pairs, &row, inputs));
            for dot in [Dot::UnsignedQuads, Dot::SignedQuads] {
                assert_eq!(numbers(&Rows::new(dot, &row, inputs))[..inputs], expected[..inputs], "{dot:?} {inputs}");
            }
        }
    }

    #[test]
    fn a_row_of_zeros_or_of_one_sign_has_a_scale_that_covers_it() {
        let zeros = Rows::new(Dot::Pairs, &[0.0; 3], 3);
        assert_eq!((numbers(&zeros), zeros.scales), (vec![0; Dot::Pairs.step()], vec![0.0]));
        let signs = Rows::new(Dot::Pairs, &[1.0, 255.0], 2);
        assert_eq!((numbers(&signs)[..2].to_vec(), signs.scales), (vec![1, 255], vec![1.0]));
        let negative = Rows::new(Dot::Pairs, &[-255.0, 0.0], 2);
        assert_eq!((numbers(&negative)[..2].to_vec(), negative.scales), (vec![-255, 0], vec![1.0]));
    }

    #[test]
    fn what_is_no_number_becomes_zero() {
        let rows = Rows::new(Dot::Pairs, &[f32::NAN, 255.0], 2);
        assert_eq!(numbers(&rows)[1], 255);
    }
}
