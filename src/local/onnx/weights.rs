//! Large initializers by name, outside the graph that tract parses: the graph keeps their name, type and shape alone.
//!
//! A fuse rule takes an initializer out, packed already where only products read it; what no rule has taken is given to
//! tract as constants, without a copy. So each weight is in memory once, but for the one being packed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tract_onnx::data_resolver::MmapDataResolver;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, TensorProto};
use tract_onnx::prelude::{Datum, DatumType, InferenceFact, Tensor, TractError, TractResult};
use tract_onnx::tract_hir::infer::InferenceModel;
use tract_onnx::tract_hir::ops::konst::Const;

use crate::local::onnx::home::Home;
use crate::local::onnx::rows::Table;

/// Initializers of as many bytes and more leave the graph. Biases, norms and scales are below, so that rules can read them.
pub(super) const LARGE: usize = 64 << 10;

/// Large initializers by name.
#[derive(Default)]
pub(super) struct Weights {
    large: HashMap<String, Large>,
    /// The stubs in the graph, of tensors taken already too.
    stubs: HashSet<String>,
    /// Those whose bytes were let go by: another part of the model has them.
    skipped: HashSet<String>,
    /// Those that are left in the file.
    left: HashMap<String, Table>,
    /// Whether they came before the nodes, so that nobody knew what they were for.
    pub(super) came_first: bool,
}

struct Large {
    home: Home,
    /// Nodes that have not taken it yet.
    readers: usize,
}

impl Weights {
    /// Whether the data of `name` came and nobody has taken it.
    pub(super) fn has(&self, name: &str) -> bool {
        self.large.contains_key(name)
    }

    /// Whether the data of `name` was let go by.
    pub(super) fn is_skipped(&self, name: &str) -> bool {
        self.skipped.contains(name)
    }

    /// Notes that the data of `name`, whose stub stands in the graph, was let go by.
    pub(super) fn skip(&mut self, name: String) {
        self.stubs.insert(name.clone());
        self.skipped.insert(name);
    }

    /// Notes that the data of `name`, whose stub stands in the graph, stays in the file.
    pub(super) fn leave(&mut self, name: String, table: Table) {
        self.stubs.insert(name.clone());
        self.left.insert(name, table);
    }

    /// Whether a table was left in the file and nobody has taken it.
    pub(super) fn is_left(&self, name: &str) -> bool {
        self.left.contains_key(name)
    }

    /// Rows of all such tables; none where there is none.
    pub(super) fn rows_left(&self) -> Option<usize> {
        (!self.left.is_empty()).then(|| self.left.values().map(Table::rows).sum())
    }

    /// As [`Weights::take`], of a table, wherever it is.
    ///
    /// # Errors
    /// As [`Weights::take`], and where it is no table.
    pub(super) fn take_table(&mut self, initializer: &TensorProto) -> TractResult<Table> {
        match self.left.remove(&initializer.name) {
            Some(table) => Ok(table),
            None => Table::in_memory(self.take(initializer)?),
        }
    }

    /// Adds an initializer whose stub stands in the graph.
    pub(super) fn insert(&mut self, name: String, home: Home) {
        self.stubs.insert(name.clone());
        self.large.insert(name, Large { home, readers: 1 });
    }

    /// Notes how many nodes of `graph` read each tensor, so that the last one to take it frees it.
    pub(super) fn count_readers(&mut self, graph: &GraphProto) {
        for (name, large) in &mut self.large {
            large.readers = graph.node.iter().flat_map(|node| &node.input).filter(|input| *input == name).count();
        }
    }

    /// The values of an initializer, small or large, for one of its readers, which will not read it from the graph.
    ///
    /// # Errors
    /// Where the file's data does not fit its type and dims, or every reader has had it.
    pub(super) fn take(&mut self, initializer: &TensorProto) -> TractResult<Arc<Tensor>> {
        self.take_home(initializer)?.tensor()
    }

    /// As [`Weights::take`], packed where it is so.
    ///
    /// # Errors
    /// As [`Weights::take`].
    pub(super) fn take_home(&mut self, initializer: &TensorProto) -> TractResult<Home> {
        let Some(large) = self.large.get_mut(&initializer.name) else {
            return loaded(initializer).map(|tensor| Home::Tensor(Arc::new(tensor)));
        };
        large.readers = large.readers.saturating_sub(1);
        if large.readers > 0 {
            return Ok(large.home.clone());
        }
        self.large.remove(&initializer.name).map(|large| large.home).ok_or_else(|| TractError::msg("no such weights"))
    }

    /// Takes the stubs of the large tensors out of `graph`, so that tract leaves places for them.
    pub(super) fn clear_stubs(&self, graph: &mut GraphProto) {
        graph.initializer.retain(|it| !self.stubs.contains(&it.name));
        graph.input.retain(|it| !self.stubs.contains(&it.name));
    }

    /// Gives `model` those of its tensors that nobody took, as constants.
    pub(super) fn give_constants(&mut self, model: &mut InferenceModel) -> TractResult<()> {
        for outlet in model.inputs.clone() {
            let name = model.node(outlet.node).name.clone();
            let Some(Large { home, .. }) = self.large.remove(&name) else { continue };
            let tensor = home.tensor()?;
            let fact = InferenceFact::try_from(&tensor)?;
            let node = model.node_mut(outlet.node);
            node.op = Box::new(Const::new(tensor)?);
            model.set_outlet_fact(outlet, fact)?;
            model.inputs.retain(|input| *input != outlet);
        }
        Ok(())
    }
}

/// Types whose values are their bytes; others are decoded, being small in every export.
pub(super) fn plain_type(number: i32) -> Option<DatumType> {
    let types = [
        (DataType::Float, f32::datum_type()),
        (DataType::Uint8, u8::datum_type()),
        (DataType::Int8, i8::datum_type()),
        (DataType::Int32, i32::datum_type()),
        (DataType::Int64, i64::datum_type()),
    ];
    types.into_iter().find(|(known, _)| *known as i32 == number).map(|(_, datum_type)| datum_type)
}

fn loaded(initializer: &TensorProto) -> TractResult<Tensor> {
    tract_onnx::tensor::load_tensor(&MmapDataResolver, initializer, None)
}
