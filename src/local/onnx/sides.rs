//! A pair's two sides, each read alone: the query once for all documents.

use std::cell::Cell;

use tract_onnx::prelude::TractResult;

use crate::local::onnx::graph::Graph;
use crate::local::pair::Row;

/// Readings that are kept: documents of two requests may come by turns.
const MOST: usize = 2;

/// The queries that were read last, the last one first.
///
/// A query's hidden states are the same beside every document, and the next request may ask the same query.
#[derive(Default)]
pub(super) struct Sides {
    queries: Cell<Vec<Reading>>,
}

/// A side's hidden states `[length × width]`.
struct Reading {
    ids: Vec<i64>,
    states: Vec<f32>,
}

impl Sides {
    /// The hidden states of `row`, `[length × width]`, that `graph` makes of each side; `hidden`: what the part of the model
    /// before made of it, none for the first.
    ///
    /// # Errors
    /// Those of the graph.
    pub(super) fn read(&self, graph: &Graph, row: &Row, hidden: &[f32]) -> TractResult<Vec<f32>> {
        // The graph has the mask that keeps them apart too.
        let Some([query, document]) = sides(row) else { return graph.run(row, hidden) };
        let width = hidden.len() / row.ids.len();
        let (of_query, of_document) = hidden.split_at(width * query.ids.len());
        let mut queries = self.queries.take();
        let reading = match queries.iter().position(|reading| reading.ids == query.ids) {
            Some(at) => queries.remove(at),
            None => Reading { states: graph.run(&query, of_query)?, ids: query.ids },
        };
        let of_document = graph.run(&document, of_document)?;
        let states = [&*reading.states, &of_document].concat();
        queries.insert(0, reading);
        queries.truncate(MOST);
        self.queries.set(queries);
        Ok(states)
    }
}

/// The tokens of type 0 and those of type 1 behind them; `None` where they do not stand so.
fn sides(row: &Row) -> Option<[Row; 2]> {
    let border = row.segments.iter().position(|&it| it == 1).filter(|&border| border > 0)?;
    let (query, document) = row.segments.split_at(border);
    let is_pair = query.iter().all(|&it| it == 0) && document.iter().all(|&it| it == 1);
    let (ids_of_query, ids_of_document) = row.ids.split_at_checked(border)?;
    let side = |ids: &[i64], segments: &[i64]| Row { ids: ids.to_vec(), segments: segments.to_vec() };
    is_pair.then(|| [side(ids_of_query, query), side(ids_of_document, document)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_s_sides_are_its_token_types() {
        let row = |segments: &[i64]| Row { ids: (5..).take(segments.len()).collect(), segments: segments.to_vec() };
        let expected = [Row { ids: vec![5, 6], segments: vec![0, 0] }, Row { ids: vec![7], segments: vec![1] }];
        assert_eq!(sides(&row(&[0, 0, 1])), Some(expected));
        for other in [&[0, 0][..], &[1, 1], &[0, 1, 0], &[0, 1, 2], &[2, 1], &[]] {
            assert_eq!(sides(&row(other)), None, "{other:?}");
        }
    }
}
