//! What a row takes while it is computed, told before it is: a wasm instance that runs out of memory is lost.

use std::collections::HashSet;

use tract_onnx::prelude::{Symbol, SymbolValues, TDim, TypedModel};

use crate::local::onnx::chain::Chain;

/// Values as large as the largest that are there at once: what an operator reads and what it writes, and as much again for the
/// residual beside them and for rows quantized or turned around.
const AT_ONCE: u64 = 3;

/// The sizes of a graph's values.
pub(super) struct Memory {
    /// In bytes, by the row's length; each once.
    sizes: HashSet<TDim>,
    length: Symbol,
}

impl Memory {
    /// Of what `model` computes; its constants are there already.
    pub(super) fn of(model: &TypedModel, length: Symbol) -> Self {
        let facts = model.nodes.iter().flat_map(|node| &node.outputs).map(|output| &output.fact);
        let computed = facts.filter(|fact| fact.konst.is_none());
        let mut sizes: HashSet<TDim> = computed.map(|fact| fact.shape.volume() * fact.datum_type.size_of()).collect();
        for node in &model.nodes {
            let Some(chain) = node.op_as::<Chain>() else { continue };
            let inputs = model.node_input_facts(node.id);
            sizes.extend(inputs.and_then(|inputs| chain.sizes(&inputs)).into_iter().flatten());
        }
        Self { sizes, length }
    }

    /// For a row of `length` tokens, about.
    pub(super) fn bytes(&self, length: usize) -> u64 {
        let values = SymbolValues::default().with(&self.length, i64::try_from(length).unwrap_or(i64::MAX));
        let sizes = self.sizes.iter().filter_map(|size| size.eval_to_i64(&values).ok()?.try_into().ok());
        sizes.max().unwrap_or(0u64).saturating_mul(AT_ONCE)
    }
}
