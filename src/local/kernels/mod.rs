//! Numbers in, numbers out: the arithmetic that decides how fast a model runs. No tract, no JavaScript.
//!
//! A linear layer in int8: each row of activations is quantized by itself to eight bits, multiplied with packed int8
//! weights in exact integers, and scaled back. Exact integers are the same in every engine, and a row's result does not
//! depend on the rows beside it.

// The obvious version, the oracle of the other.
mod scalar;
// 128-bit vectors, which every supported browser has.
#[cfg(target_arch = "wasm32")]
mod simd128;
// What only some engines have.
#[cfg(all(feature = "relaxed", target_arch = "wasm32"))]
mod relaxed;

#[cfg(not(target_arch = "wasm32"))]
use scalar::{quantize, tile};
#[cfg(target_arch = "wasm32")]
use simd128::{quantize, tile};

/// Columns that a kernel computes at once.
const COLUMNS: usize = 8;

/// Rows that a kernel computes at once: with eight columns, as many sums as fit into the sixteen registers of x86.
const ROWS: usize = 4;

/// Weights of a linear layer, `[inputs, outputs]`, in panels of eight columns: for each pair of inputs the eight columns'
/// two weights side by side, as the dot product of pairs wants them. Missing columns and inputs are zero.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PackedWeights {
    panels: Vec<i8>,
    inputs: usize,
    outputs: usize,
}

impl PackedWeights {
    /// Packs row-major `[inputs, outputs]`; `None` where `weights` has another size.
    pub fn new(weights: &[i8], inputs: usize, outputs: usize) -> Option<Self> {
        if weights.len() != inputs.checked_mul(outputs)? || weights.is_empty() {
            return None;
        }
        let panel = panel_size(inputs);
        let mut panels = vec![0; panel * outputs.div_ceil(COLUMNS)];
        for (input, row) in weights.chunks_exact(outputs).enumerate() {
            for (panel, columns) in panels.chunks_exact_mut(panel).zip(row.chunks(COLUMNS)) {
                let pairs = panel.iter_mut().skip((input / 2) * 2 * COLUMNS + input % 2).step_by(2);
                for (place, &weight) in pairs.zip(columns) {
                    *place = weight;
                }
            }
        }
        Some(Self { panels, inputs, outputs })
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.outputs
    }
}

/// Rows of activations in eight bits, zero point taken off: `value ≈ quantized × scale`, quantized in -255..=255.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QuantizedRows {
    /// `[rows, inputs]`, inputs padded with a zero to an even number.
    values: Vec<i16>,
    /// `[rows]`
    scales: Vec<f32>,
}

impl QuantizedRows {
    /// Quantizes `rows`, row-major `[rows, inputs]`, each row with its own scale: ONNX's DynamicQuantizeLinear, a row.
    pub fn new(rows: &[f32], inputs: usize) -> Self {
        let mut quantized = Self::default();
        let width = inputs.next_multiple_of(2);
        quantized.values.reserve_exact(rows.len() / inputs.max(1) * width);
        for row in rows.chunks_exact(inputs.max(1)) {
            quantized.push(row);
            quantized.values.resize(quantized.scales.len() * width, 0);
        }
        quantized
    }

    fn push(&mut self, row: &[f32]) {
        let (mut least, mut most) = (0.0, 0.0);
        for &it in row {
            // Not min and max: wasm's own treat NaN otherwise, so Rust calls a function for each number.
            least = if it < least { it } else { least };
            most = if it > most { it } else { most };
        }
        let scale = (most - least) / 255.0;
        self.scales.push(scale);
        let inverse = if scale > 0.0 { scale.recip() } else { 0.0 };
        let zero_point = (-least * inverse).round_ties_even().clamp(0.0, 255.0);
        quantize(row, inverse, -zero_point..=255.0 - zero_point, &mut self.values);
    }
}

/// `rows × weights`, each sum times its row's scale and its column's, plus the column's bias.
///
/// `scales` and `bias` are `[outputs]`; `out` is `[rows, outputs]`. Sums are exact: 255 × 128 × inputs stays below 2³¹ up
/// to 65,000 inputs.
pub fn multiply(rows: &QuantizedRows, weights: &PackedWeights, scales: &[f32], bias: &[f32], out: &mut [f32]) {
    let width = weights.inputs.next_multiple_of(2);
    let outputs = weights.outputs;
    let panels = weights.panels.chunks_exact(panel_size(weights.inputs));
    // A panel stays in the first cache while all rows pass by.
    for (panel, first) in panels.zip((0..outputs).step_by(COLUMNS)) {
        let columns = first..outputs.min(first + COLUMNS);
        let scales = scales.get(columns.clone()).unwrap_or_default();
        let bias = bias.get(columns.clone()).unwrap_or_default();
        let tiles = rows.values.chunks(width * ROWS).zip(rows.scales.chunks(ROWS));
        for ((values, row_scales), out) in tiles.zip(out.chunks_mut(outputs * ROWS)) {
            let sums = tile(values, width, panel);
            for ((sums, row_scale), out) in sums.iter().zip(row_scales).zip(out.chunks_exact_mut(outputs)) {
                let out = out.get_mut(columns.clone()).unwrap_or_default();
                for (((place, &sum), scale), bias) in out.iter_mut().zip(sums).zip(scales).zip(bias) {
                    *place = sum as f32 * (row_scale * scale) + bias;
                }
            }
        }
    }
}

/// Bytes of a panel.
fn panel_size(inputs: usize) -> usize {
    inputs.next_multiple_of(2) * COLUMNS
}

/// What `i32x4.relaxed_dot_i8x16_i7x16_add` makes of a second operand above 127, which the specification leaves open.
///
/// Within 0..=127 every engine gives the same, exact sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelaxedDot {
    /// It is a negative number, as ARM's SDOT reads it.
    Signed,
    /// It is a number above 127, summed exactly, as AVX-VNNI's VPDPBUSD does.
    Unsigned,
    /// It is a number above 127, and pairs of products stick at 32,767, as SSSE3's PMADDUBSW does.
    Saturating,
}

/// Asks the engine; `None` in binaries without relaxed SIMD.
pub fn relaxed_dot() -> Option<RelaxedDot> {
    #[cfg(all(feature = "relaxed", target_arch = "wasm32"))]
    return relaxed::probe();
    #[cfg(not(all(feature = "relaxed", target_arch = "wasm32")))]
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that repeat only after long, from -1 to 1.
    fn noise(count: usize, seed: u32) -> Vec<f32> {
        let step = |state: &mut u32| {
            *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Some((*state >> 8) as f32 / 8_388_608.0 - 1.0)
        };
        std::iter::repeat_n((), count).scan(seed, |state, ()| step(state)).collect()
    }

    #[test]
    fn products_are_exact_for_odd_shapes_and_extreme_values() {
        for (rows, inputs, outputs) in [(1, 1, 1), (1, 2, 8), (3, 5, 9), (4, 16, 16), (5, 17, 7), (9, 384, 33)] {
            let activations = noise(rows * inputs, 7);
            let quantized = QuantizedRows::new(&activations, inputs);
            let extremes = [-128, 127, 0, -1, 1];
            let weights: Vec<i8> = (0..inputs * outputs).map(|at| extremes[at * 7 % 5]).collect();
            let packed = PackedWeights::new(&weights, inputs, outputs).expect("a size that fits");
            let mut found = vec![f32::NAN; rows * outputs];
            let (scales, bias) = (vec![0.5; outputs], vec![0.25; outputs]);
            multiply(&quantized, &packed, &scales, &bias, &mut found);
            let width = inputs.next_multiple_of(2);
            for row in 0..rows {
                for column in 0..outputs {
                    let term = |input: usize| {
                        i32::from(quantized.values[row * width + input]) * i32::from(weights[input * outputs + column])
                    };
                    let sum: i32 = (0..inputs).map(term).sum();
                    let expected = sum as f32 * (quantized.scales[row] * 0.5) + 0.25;
                    assert_eq!(found[row * outputs + column], expected, "{rows} {inputs} {outputs} at {row} {column}");
                }
            }
        }
    }

    #[test]
    fn a_row_is_quantized_by_itself_to_half_a_step() {
        let (quiet, loud) = (noise(64, 1), noise(64, 2).iter().map(|it| it * 100.0).collect::<Vec<_>>());
        let both = QuantizedRows::new(&[quiet.clone(), loud].concat(), 64);
        assert_eq!(both.values[..64], QuantizedRows::new(&quiet, 64).values[..]);
        for (value, quantized) in quiet.iter().zip(&both.values) {
            assert!((value - f32::from(*quantized) * both.scales[0]).abs() <= both.scales[0] * 0.501);
        }
    }

    #[test]
    fn a_row_of_zeros_or_of_one_sign_has_a_scale_that_covers_it() {
        assert_eq!(QuantizedRows::new(&[0.0; 3], 3), QuantizedRows { values: vec![0; 4], scales: vec![0.0] });
        let rows = QuantizedRows::new(&[1.0, 255.0, -255.0, 0.0], 2);
        assert_eq!((rows.values, rows.scales), (vec![1, 255, -255, 0], vec![1.0, 1.0]));
    }

    #[test]
    fn weights_of_another_size_are_refused() {
        assert_eq!(PackedWeights::new(&[1, 2, 3], 2, 2), None);
        assert_eq!(PackedWeights::new(&[], 0, 2), None);
    }
}
