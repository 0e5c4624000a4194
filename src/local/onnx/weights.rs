//! Large initializers by name, outside the graph that tract parses: the graph keeps their name, type and shape alone.
//!
//! A fuse rule takes an initializer out, packed already where only products read it; what no rule has taken is given to
//! tract as constants, without a copy. So each weight is in memory once, however many layers share it, but for the one being
//! packed and for what is read both packed and as it stands.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tract_onnx::data_resolver::MmapDataResolver;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};
use tract_onnx::prelude::{Datum, DatumType, InferenceFact, Tensor, TractResult};
use tract_onnx::tract_hir::infer::InferenceModel;
use tract_onnx::tract_hir::ops::konst::Const;

use crate::local::onnx::home::{Home, Packed};
use crate::local::onnx::rewrite::reads;
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
    /// Packed for products, where something else takes it as it stands.
    packed: Option<Packed>,
    /// Products that have not taken it yet.
    products: usize,
    /// What else has not taken it yet, nodes of tract's among it.
    readers: usize,
}

/// What a layer takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Taken<'a> {
    /// The weights of a product.
    Packed(&'a TensorProto),
    /// Anything as it stands.
    Plain(&'a TensorProto),
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
        self.large.insert(name, Large { home, packed: None, products: 0, readers: 0 });
    }

    /// Notes what reads each tensor, so that the last one to take it frees it: `nodes`, and what the layers among them take.
    /// What nothing reads goes.
    pub(super) fn count<'a>(
        &mut self,
        nodes: impl Iterator<Item = &'a NodeProto>,
        taken: impl Iterator<Item = Taken<'a>>,
    ) {
        for name in nodes.flat_map(reads) {
            if let Some(large) = self.large.get_mut(name) {
                large.readers += 1;
            }
        }
        for it in taken {
            let (Taken::Packed(tensor) | Taken::Plain(tensor)) = it;
            let Some(large) = self.large.get_mut(&tensor.name) else { continue };
            let is_packed = matches!(it, Taken::Packed(_));
            *if is_packed { &mut large.products } else { &mut large.readers } += 1;
        }
        self.large.retain(|_, large| !large.is_done());
    }

    /// The values of an initializer, small or large, for one of its readers, which will not read it from the graph.
    ///
    /// # Errors
    /// Where the file's data does not fit its type and dims, or every reader has had it.
    pub(super) fn take(&mut self, initializer: &TensorProto) -> TractResult<Arc<Tensor>> {
        let Some(large) = self.large.get_mut(&initializer.name) else { return loaded(initializer).map(Arc::new) };
        large.readers = large.readers.saturating_sub(1);
        let tensor = large.home.tensor()?;
        self.free(&initializer.name);
        Ok(tensor)
    }

    /// As [`Weights::take`], packed for a product.
    ///
    /// # Errors
    /// As [`Weights::take`], and where it is no matrix.
    pub(super) fn take_packed(&mut self, initializer: &TensorProto) -> TractResult<Packed> {
        let Some(large) = self.large.get_mut(&initializer.name) else {
            return Home::Tensor(Arc::new(loaded(initializer)?)).packed();
        };
        large.products = large.products.saturating_sub(1);
        let packed = large.packed.take().map_or_else(|| large.home.packed(), Ok)?;
        // The next product takes the same panels.
        if large.readers == 0 {
            large.home = Home::Panels(packed.clone());
        } else {
            large.packed = Some(packed.clone());
        }
        self.free(&initializer.name);
        Ok(packed)
    }

    /// Drops a tensor that everything has taken.
    fn free(&mut self, name: &str) {
        if self.large.get(name).is_some_and(Large::is_done) {
            self.large.remove(name);
        }
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

impl Large {
    fn is_done(&self) -> bool {
        self.products + self.readers == 0
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the tensor `w`, in eight bits or in f32, that as many products take, and a node where `is_read`.
    fn counted(datum_type: DatumType, products: usize, is_read: bool) -> (Weights, TensorProto) {
        let tensor = Tensor::from_shape(&[4, 8], &(0..32_i8).collect::<Vec<_>>()).expect("a tensor");
        let tensor = tensor.cast_to_dt(datum_type).expect("numbers").into_owned();
        let mut weights = Weights::default();
        weights.insert("w".into(), Home::Tensor(Arc::new(tensor)));
        let initializer = TensorProto { name: "w".into(), ..TensorProto::default() };
        let node = NodeProto { input: vec!["w".into()], ..NodeProto::default() };
        let nodes = is_read.then_some(&node);
        weights.count(nodes.into_iter(), std::iter::repeat_n(Taken::Packed(&initializer), products));
        (weights, initializer)
    }

    #[test]
    fn products_share_one_copy_that_the_last_one_takes_along() {
        for datum_type in [i8::datum_type(), f32::datum_type()] {
            for is_read in [false, true] {
                let (mut weights, w) = counted(datum_type, 3, is_read);
                let packed = [(); 3].map(|()| weights.take_packed(&w).expect("a matrix"));
                assert!(packed.iter().all(|it| Arc::ptr_eq(&it.panels, &packed[0].panels)));
                assert_eq!(packed[2], packed[0], "scales too");
                assert_eq!(weights.has("w"), is_read);
                if is_read {
                    assert_eq!(weights.take(&w).expect("as it stands").datum_type(), datum_type);
                    assert!(!weights.has("w"));
                }
            }
        }
    }

    #[test]
    fn what_nothing_reads_goes() {
        assert!(!counted(i8::datum_type(), 0, false).0.has("w"));
    }

    /// A file in f32 would else be there beside its panels, a third of it too much.
    #[test]
    fn what_products_alone_take_is_kept_packed() {
        let (mut weights, w) = counted(f32::datum_type(), 2, false);
        weights.take_packed(&w).expect("a matrix");
        assert!(matches!(weights.large["w"].home, Home::Panels(_)));
    }
}
