//! A linear layer in int8: exact sums, scaled back, with its bias and what follows it.

use std::array::from_fn;
use std::sync::Arc;

use crate::local::kernels::activation::Activation;
use crate::local::kernels::lanes::{F32x4, I32x4, LANES, padded, rest, rest_mut, store_all};
use crate::local::kernels::panels::Panels;
use crate::local::kernels::rows::Rows;
use crate::local::kernels::tile::{COLUMNS, Take, VECTORS, products};

/// `activation(x × weights + bias)`, the weights in eight bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// One copy for all layers that share them.
    panels: Arc<Panels>,
    /// `[outputs]`
    scales: Vec<f32>,
    /// `[outputs]`
    bias: Vec<f32>,
    /// `[outputs]`, what the packed weights are above the meant ones; empty: nothing.
    zero_points: Vec<i32>,
    activation: Activation,
}

impl Linear {
    /// `scales` and `bias` are `[outputs]`, `zero_points` too or empty; `None` where one of them is not.
    pub fn new(
        panels: impl Into<Arc<Panels>>,
        scales: Vec<f32>,
        bias: Vec<f32>,
        zero_points: Vec<i32>,
        activation: Activation,
    ) -> Option<Self> {
        let panels = panels.into();
        let outputs = panels.outputs();
        let fits = scales.len() == outputs && bias.len() == outputs;
        let zero_points = if zero_points.iter().all(|&it| it == 0) { vec![] } else { zero_points };
        let fits = fits && (zero_points.is_empty() || zero_points.len() == outputs);
        fits.then_some(Self { panels, scales, bias, zero_points, activation })
    }

    /// The weights.
    pub fn panels(&self) -> &Panels {
        &self.panels
    }

    /// `out` is `[rows, outputs]`; `rows` were quantized for the same dot product.
    ///
    /// Sums are exact: 255 × 128 × inputs stays below 2³¹ up to 65,000 inputs.
    pub fn apply(&self, rows: &Rows, out: &mut [f32]) {
        let totals = if self.zero_points.is_empty() { vec![] } else { rows.totals() };
        let panels = &*self.panels;
        products(rows, panels, &mut Scaled { linear: self, panels, rows, totals: &totals, out });
        self.activation.apply(out);
    }
}

/// Sums, scaled back, with their bias.
struct Scaled<'a> {
    linear: &'a Linear,
    panels: &'a Panels,
    rows: &'a Rows,
    /// `[rows]`, of the meant numbers, where weights have zero points.
    totals: &'a [i32],
    /// `[rows, outputs]`
    out: &'a mut [f32],
}

/// Of the columns of a panel, missing ones zero.
struct Columns {
    scales: [F32x4; VECTORS],
    bias: [F32x4; VECTORS],
    /// What a shift of all activations adds, a step.
    sums: [I32x4; VECTORS],
    zero_points: [I32x4; VECTORS],
}

impl Take for Scaled<'_> {
    type Columns = Columns;

    #[inline(always)]
    fn columns(&self, first: usize) -> Columns {
        let Linear { scales, bias, zero_points, .. } = self.linear;
        let at = |vector| first + vector * LANES;
        let numbers = |all: &[f32]| from_fn(|vector| F32x4::load(rest(all, at(vector)), 0.0));
        let whole = |all: &[i32]| from_fn(|vector| I32x4::from_array(padded(all, at(vector))));
        Columns {
            scales: numbers(scales),
            bias: numbers(bias),
            sums: whole(self.panels.sums()),
            zero_points: whole(zero_points),
        }
    }

    #[inline(always)]
    fn take<const N: usize>(&mut self, row: usize, first: usize, columns: &Columns, mut sums: [[I32x4; VECTORS]; N]) {
        if !self.totals.is_empty() {
            less(&mut sums, padded(self.totals, row), columns.zero_points);
        }
        let shifts = self.rows.shifts();
        if !shifts.is_empty() {
            less(&mut sums, padded(shifts, row), columns.sums);
        }
        let factors = padded::<f32, N>(self.rows.scales(), row);
        let outputs = self.panels.outputs();
        let rows = rest_mut(self.out, row * outputs + first).chunks_mut(outputs);
        let count = COLUMNS.min(outputs.saturating_sub(first));
        for ((sums, factor), places) in sums.into_iter().zip(factors).zip(rows) {
            let factor = F32x4::splat(factor);
            let mut scaled = [factor; VECTORS];
            for (place, (sum, (scale, bias))) in
                scaled.iter_mut().zip(sums.into_iter().zip(columns.scales.into_iter().zip(columns.bias)))
            {
                *place = bias.plus(sum.to_f32(), factor * scale);
            }
            match places.first_chunk_mut::<COLUMNS>() {
                Some(places) if count == COLUMNS => store_all(scaled, places),
                _ => store_last(scaled, places.get_mut(..count).unwrap_or_default()),
            }
        }
    }
}

/// Takes each row's factor times the columns' numbers off its sums.
#[inline(always)]
fn less<const N: usize>(sums: &mut [[I32x4; VECTORS]; N], factors: [i32; N], numbers: [I32x4; VECTORS]) {
    for (sums, factor) in sums.iter_mut().zip(factors) {
        sums.iter_mut().zip(numbers).for_each(|(sum, number)| *sum = sum.plus(-factor, number));
    }
}

/// Of the last panel, which has columns that are missing; out of the way of all others.
#[inline(never)]
fn store_last(vectors: [F32x4; VECTORS], places: &mut [f32]) {
    store_all(vectors, places);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::kernels::dot::Dot;
    use crate::local::kernels::noise::noise;

    /// Each, but with relaxed SIMD only what the engine below does.
    fn dots() -> Vec<Dot> {
        let every = [Dot::Pairs, Dot::UnsignedQuads, Dot::SignedQuads];
        let is_relaxed = cfg!(all(feature = "relaxed", target_arch = "wasm32"));
        every.into_iter().filter(|dot| !is_relaxed || [Dot::Pairs, Dot::of_this_engine()].contains(dot)).collect()
    }

    fn extremes(count: usize) -> Vec<i8> {
        (0..count).map(|at| [-128, 127, 0, -1, 1][at * 7 % 5]).collect()
    }

    /// What the layer means, in numbers wide enough for everything; the factors rounded as ours are.
    fn slow(x: &[f32], weights: &[i8], zero_points: &[i32], inputs: usize, outputs: usize) -> Vec<f32> {
        let mut out = vec![];
        for row in x.chunks(inputs) {
            let (least, most) = row.iter().fold((0f32, 0f32), |(least, most), &it| (least.min(it), most.max(it)));
            let scale = (most - least) / 255.0;
            let inverse = if scale > 0.0 { scale.recip() } else { 0.0 };
            let zero_point = (-least * inverse).round_ties_even().clamp(0.0, 255.0);
            let quantized =
                row.iter().map(|it| (it * inverse).round_ties_even().clamp(-zero_point, 255.0 - zero_point));
            let quantized: Vec<i64> = quantized.map(|it| it as i64).collect();
            for column in 0..outputs {
                let weight =
                    |input: usize| i64::from(weights[input * outputs + column]) - i64::from(zero_points[column]);
                let sum: i64 = quantized.iter().enumerate().map(|(input, it)| it * weight(input)).sum();
                out.push(sum as f32 * (scale * 0.5) + 0.25);
            }
        }
        out
    }

    #[test]
    fn products_are_exact_for_odd_shapes_and_extreme_values_in_each_layout() {
        for (rows, inputs, outputs) in
            [(1, 1, 1), (1, 2, 8), (3, 5, 9), (4, 16, 16), (5, 17, 7), (9, 384, 33), (77, 1037, 30)]
        {
            let x = noise(rows * inputs, 7);
            let weights = extremes(inputs * outputs);
            for zero_points in [vec![0; outputs], (0..outputs as i32).map(|it| it % 5 - 2).collect()] {
                let expected = slow(&x, &weights, &zero_points, inputs, outputs);
                for dot in dots() {
                    let panels = Panels::new(dot, &weights, inputs, outputs).expect("a size that fits");
                    let (scales, bias) = (vec![0.5; outputs], vec![0.25; outputs]);
                    let linear =
                        Linear::new(panels, scales, bias, zero_points.clone(), Activation::None).expect("sizes");
                    let mut found = vec![f32::NAN; rows * outputs];
                    linear.apply(&Rows::new(dot, &x, inputs), &mut found);
                    assert_eq!(found, expected, "{rows} {inputs} {outputs} {dot:?}");
                }
            }
        }
    }

    #[test]
    fn other_sizes_are_refused() {
        let panels = || Panels::new(Dot::Pairs, &[1, 2, 3, 4], 2, 2).expect("whole");
        let linear = |scales, bias, zero_points| Linear::new(panels(), scales, bias, zero_points, Activation::None);
        assert_eq!(linear(vec![1.0], vec![0.0; 2], vec![]), None);
        assert_eq!(linear(vec![1.0; 2], vec![], vec![]), None);
        assert_eq!(linear(vec![1.0; 2], vec![0.0; 2], vec![1]), None);
    }
}
