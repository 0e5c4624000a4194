//! The default model's head: what a document's tokens say of a query's, weighed to one logit.
//!
//! What it computes is model/recipe/head.py's Head.forward, of one pair: five kinds of evidence and two sizes, and a small net
//! over them. What counts for nothing is left out: tokens of weight 0, and tokens that are not the document's where some are.

use crate::local::kernels::near::{Nearness, cosine, dot};
use crate::local::kernels::norm::add_scaled;

/// Numbers that the evidence comes to.
const KINDS: usize = 7;

/// What was trained.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters {
    /// By which numbers tokens are compared that say more in their context, `[numbers]`.
    pub context: Vec<f32>,
    /// The evidence's mean and standard deviation, and its weights, `[7]` each.
    pub middle: Vec<f32>,
    /// The same.
    pub spread: Vec<f32>,
    /// The same.
    pub direct: Vec<f32>,
    /// The net's first layer, `[7, units]`, and its bias, `[units]`.
    pub inner: Vec<f32>,
    /// The same.
    pub inner_bias: Vec<f32>,
    /// The net's second layer, `[units]`.
    pub outer: Vec<f32>,
    /// Added to the logit.
    pub bias: f32,
    /// How a document's length counts against how often a token is found in it: factor, then what is added.
    pub length: [f32; 2],
}

/// The head, with parameters whose sizes fit together.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence(Parameters);

/// One pair as the encoder read it; `length` tokens.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// `[length]`
    pub ids: &'a [i64],
    /// `[length, width]`
    pub hidden: &'a [f32],
    /// What tokens are compared by, `[length, numbers]`.
    pub compared: &'a [f32],
    /// What each token says by its id, the first of each row, `[length, any]`.
    pub by_id: &'a [f32],
    /// 1 for each token of the query, 0 elsewhere, `[length]`.
    pub query: &'a [f32],
    /// The same of the document.
    pub document: &'a [f32],
}

impl Evidence {
    /// `None` where sizes do not fit together.
    pub fn new(parameters: Parameters) -> Option<Self> {
        let Parameters { context, middle, spread, direct, inner, inner_bias, outer, .. } = &parameters;
        let fits = [middle, spread, direct].iter().all(|it| it.len() == KINDS)
            && !context.is_empty()
            && !outer.is_empty()
            && inner_bias.len() == outer.len()
            && inner.len() == KINDS * outer.len();
        fits.then_some(Self(parameters))
    }

    /// Numbers by which tokens are compared.
    pub fn numbers(&self) -> usize {
        self.0.context.len()
    }

    /// The logit; `None` where the sizes of `reading` do not fit together.
    pub fn logit(&self, reading: &Reading<'_>) -> Option<f32> {
        let Reading { ids, hidden, compared, by_id, query, document } = *reading;
        let length = ids.len();
        let is_whole = |it: &[f32]| !it.is_empty() && it.len().is_multiple_of(length);
        let fits = length > 0
            && [hidden, by_id].into_iter().all(is_whole)
            && [query, document].iter().all(|it| it.len() == length)
            && compared.len() == length * self.numbers();
        fits.then(|| self.weigh(self.found(reading)))
    }

    fn found(&self, reading: &Reading<'_>) -> [f32; KINDS] {
        let Reading { ids, hidden, document, query, .. } = *reading;
        let length: f32 = document.iter().sum();
        let cosine = cosine(hidden, [query, document]);
        let weights = self.token_weights(reading);
        let total: f32 = weights.iter().sum();
        let shares: Vec<f32> = weights.iter().map(|weight| weight / total).collect();
        let [factor, base] = self.0.length;
        let near = Nearness::of(reading.compared, document);
        let (mut meaning, mut presence, mut identity) = (0.0, 0.0, 0.0);
        let (mut order, mut pairs) = (0.0, 0.0);
        let next = shares.iter().skip(1).copied().map(Some).chain([None]);
        for (at, (&share, next)) in shares.iter().zip(next).enumerate() {
            if share != 0.0 {
                let count = count(ids, document, at);
                meaning += near.of_token(at) * share;
                presence += count.min(1.0) * share;
                identity += count / (count + (length * factor + base)) * share;
            }
            let pair = next.map_or(0.0, |next| share.min(next));
            if pair != 0.0 {
                order += neighbours(ids, document, at) * pair;
                pairs += pair;
            }
        }
        let alike = cosine * 0.0;
        let lengths = query.iter().sum::<f32>().ln() + alike;
        [cosine, meaning, presence, identity, order / (pairs + 1e-6), lengths, (1.0 + total).ln() + alike]
    }

    /// What each token of the query says; of the document's nothing.
    fn token_weights(&self, reading: &Reading<'_>) -> Vec<f32> {
        let Reading { ids, compared, by_id, query, .. } = *reading;
        let stride = by_id.len() / ids.len();
        let rows = by_id.chunks_exact(stride).zip(compared.chunks_exact(self.numbers()));
        let weight = |((by_id, compared), query): ((&[f32], &[f32]), &f32)| {
            if *query == 0.0 {
                return 0.0;
            }
            let sigmoid = (1.0 + (-dot(compared, &self.0.context)).exp()).recip();
            by_id.first().map_or(0.0, |it| it.abs()) * 2.0 * sigmoid * query
        };
        rows.zip(query).map(weight).collect()
    }

    fn weigh(&self, found: [f32; KINDS]) -> f32 {
        let Parameters { middle, spread, direct, inner, inner_bias, outer, bias, .. } = &self.0;
        let mut scaled = found;
        for ((it, middle), spread) in scaled.iter_mut().zip(middle).zip(spread) {
            *it = (*it - middle) / spread;
        }
        let mut units = inner_bias.clone();
        for (it, weights) in scaled.iter().zip(inner.chunks_exact(units.len())) {
            add_scaled(&mut units, weights, *it);
        }
        let bent: f32 = units.iter().zip(outer).map(|(unit, outer)| unit.tanh() * outer).sum();
        scaled.iter().zip(direct).map(|(it, direct)| it * direct).sum::<f32>() + bent + bias
    }
}

/// How often the token at `at` is in the document.
fn count(ids: &[i64], document: &[f32], at: usize) -> f32 {
    let id = ids.get(at);
    ids.iter().zip(document).filter(|(other, _)| Some(*other) == id).map(|(_, there)| there).sum()
}

/// 1 where the token at `at` and the one behind it stand side by side in the document too.
fn neighbours(ids: &[i64], document: &[f32], at: usize) -> f32 {
    let pair = ids.get(at..at + 2);
    let pairs = ids.windows(2).zip(document.windows(2)).filter(|(other, _)| Some(*other) == pair);
    pairs.map(|(_, there)| there.iter().product()).fold(0.0, f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::kernels::noise::noise;

    const UNITS: usize = 5;

    fn parameters(numbers: usize) -> Parameters {
        Parameters {
            context: noise(numbers, 1),
            middle: noise(KINDS, 2),
            spread: noise(KINDS, 3).iter().map(|it| 1.5 + it).collect(),
            direct: noise(KINDS, 4),
            inner: noise(KINDS * UNITS, 5),
            inner_bias: noise(UNITS, 6),
            outer: noise(UNITS, 7),
            bias: 0.25,
            length: [0.009, 0.3],
        }
    }

    /// head.py, line by line, in f64 and with every token against every other.
    fn slow(of: &Parameters, reading: &Reading<'_>) -> f64 {
        let wide = |row: &[f32]| -> Vec<f64> { row.iter().map(|&it| it.into()).collect() };
        let rows = |all: &[f32]| -> Vec<Vec<f64>> { all.chunks(all.len() / reading.ids.len()).map(wide).collect() };
        let product = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        let unit = |row: &Vec<f64>| -> Vec<f64> { row.iter().map(|it| it / product(row, row).sqrt()).collect() };
        let (query, document) = (wide(reading.query), wide(reading.document));
        let (hidden, compared, by_id) = (rows(reading.hidden), rows(reading.compared), rows(reading.by_id));
        let mean = |side: &[f64]| -> Vec<f64> {
            let sum = |at: usize| hidden.iter().zip(side).map(|(row, there)| row[at] * there).sum::<f64>();
            unit(&(0..hidden[0].len()).map(|at| sum(at) / side.iter().sum::<f64>()).collect())
        };
        let cosine = product(&mean(&query), &mean(&document));
        let tokens = 0..reading.ids.len();
        let weight = |at: usize| {
            by_id[at][0].abs() * 2.0 / (1.0 + (-product(&compared[at], &wide(&of.context))).exp()) * query[at]
        };
        let total: f64 = tokens.clone().map(weight).sum();
        let share = |at: usize| weight(at) / total;
        let equal = |a: usize, b: usize| f64::from(u8::from(reading.ids[a] == reading.ids[b])) * document[b];
        let count = |at: usize| tokens.clone().map(|other| equal(at, other)).sum::<f64>();
        let near = |at: usize| {
            let to =
                |other: usize| product(&unit(&compared[at]), &unit(&compared[other])) - (1.0 - document[other]) * 1e4;
            tokens.clone().map(to).fold(f64::MIN, f64::max)
        };
        let shared = |of: &dyn Fn(usize) -> f64| tokens.clone().map(|at| of(at) * share(at)).sum::<f64>();
        let more = f64::from(of.length[0]) * document.iter().sum::<f64>() + f64::from(of.length[1]);
        let pairs = 0..reading.ids.len() - 1;
        let both =
            |at: usize| pairs.clone().map(|other| equal(at, other) * equal(at + 1, other + 1)).fold(0.0, f64::max);
        let pair = |at: usize| share(at).min(share(at + 1));
        let order =
            pairs.clone().map(|at| both(at) * pair(at)).sum::<f64>() / (pairs.clone().map(pair).sum::<f64>() + 1e-6);
        let identity = |at: usize| count(at) / (count(at) + more);
        let found = [
            cosine,
            shared(&near),
            shared(&|at| count(at).min(1.0)),
            shared(&identity),
            order,
            query.iter().sum::<f64>().ln(),
            (1.0 + total).ln(),
        ];
        let scaled = |kind: usize| (found[kind] - f64::from(of.middle[kind])) / f64::from(of.spread[kind]);
        let inner = |unit: usize| {
            let sum: f64 = (0..KINDS).map(|kind| scaled(kind) * f64::from(of.inner[kind * UNITS + unit])).sum();
            (sum + f64::from(of.inner_bias[unit])).tanh() * f64::from(of.outer[unit])
        };
        let direct: f64 = (0..KINDS).map(|kind| scaled(kind) * f64::from(of.direct[kind])).sum();
        direct + (0..UNITS).map(inner).sum::<f64>() + f64::from(of.bias)
    }

    /// Query tokens, document tokens, width, numbers.
    const SIZES: [[usize; 4]; 5] = [[1, 1, 1, 1], [3, 5, 8, 4], [4, 30, 21, 19], [40, 9, 384, 128], [6, 0, 5, 3]];

    #[test]
    fn the_logit_is_the_slow_version_s_to_float_precision() {
        for [asked, found, width, numbers] in SIZES {
            let length = asked + found;
            let side = |from: usize, to: usize| -> Vec<f32> {
                (0..length).map(|at| f32::from(u8::from((from..to).contains(&at)))).collect()
            };
            // Few ids, so that tokens and neighbours are found again.
            let ids: Vec<i64> = noise(length, 8).iter().map(|it| (it * 2.0) as i64).collect();
            let (query, document) = (side(0, asked), side(asked, length));
            let (hidden, compared, by_id) =
                (noise(length * width, 9), noise(length * numbers, 10), noise(length * 2, 11));
            let reading = Reading {
                ids: &ids,
                hidden: &hidden,
                compared: &compared,
                by_id: &by_id,
                query: &query,
                document: &document,
            };
            let parameters = parameters(numbers);
            let expected = slow(&parameters, &reading);
            let logit = Evidence::new(parameters).expect("sizes").logit(&reading).expect("sizes");
            let is_close = (f64::from(logit) - expected).abs() < 1e-4 * expected.abs().max(1.0);
            assert!(is_close || (logit.is_nan() && expected.is_nan()), "{asked} {found}: {logit} {expected}");
        }
    }

    #[test]
    fn sizes_that_do_not_belong_together_are_refused() {
        let changes: [fn(&mut Parameters); 5] = [
            |it| it.middle.truncate(6),
            |it| it.inner.truncate(4),
            |it| it.inner_bias.truncate(4),
            |it| it.outer.clear(),
            |it| it.context.clear(),
        ];
        for change in changes {
            let mut parameters = parameters(3);
            change(&mut parameters);
            assert_eq!(Evidence::new(parameters), None);
        }
        let evidence = Evidence::new(parameters(3)).expect("sizes");
        let numbers = [1.0; 6];
        let reading = Reading {
            ids: &[1, 2],
            hidden: &numbers,
            compared: &numbers,
            by_id: &numbers[..2],
            query: &[1.0, 0.0],
            document: &[0.0, 1.0],
        };
        assert!(evidence.logit(&reading).is_some());
        assert_eq!(evidence.logit(&Reading { ids: &[], ..reading }), None);
        assert_eq!(evidence.logit(&Reading { compared: &numbers[..5], ..reading }), None);
        assert_eq!(evidence.logit(&Reading { hidden: &numbers[..5], ..reading }), None);
        assert_eq!(evidence.logit(&Reading { by_id: &[], ..reading }), None);
        assert_eq!(evidence.logit(&Reading { query: &numbers[..1], ..reading }), None);
    }
}
