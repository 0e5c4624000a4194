//! Subgraph → fused operator, on the file's own nodes before tract sees them.
//!
//! What is recognised is drafted first: a node with the right inputs and outputs and a number behind which the layer stands.
//! Then drafts are moved about, the nodes nobody reads any more are dropped, and the operators are made, each taking its
//! weights.

// Who writes and reads what.
mod index;
// Whether a value is computed as it is written down.
mod template;
// What is recognised.
mod attention;
mod evidence;
mod gelu;
mod linear;
mod norm;
// Drafts on their way.
mod draft;
// Drafts that become one operator.
mod chains;
// The last layer, of which one token is read.
mod first_token;

use tract_onnx::pb::{GraphProto, NodeProto};
use tract_onnx::prelude::TractResult;

use crate::local::onnx::places::Places;
use crate::local::onnx::rewrite::drop_unread;
use crate::local::onnx::rewrite::sizes::Sizes;
use crate::local::onnx::weights::Weights;
pub(super) use draft::Role;
use draft::{Drafts, Layer};
use index::Index;

/// What is to be fused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fusing {
    /// Layers with int8 weights, and what stands between them.
    #[default]
    Quantized,
    /// Those with f32 weights too, which become int8: `quantize: "int8"`.
    Everything,
    /// Nothing: every node runs on tract's operators. Slow, and what the others are held against.
    Nothing,
}

/// How much was recognised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fused {
    /// Products with constant weights that could be int8.
    pub(super) products: usize,
    /// Those of them that were fused.
    pub(super) linears: usize,
    /// Attentions that were fused.
    pub(super) attentions: usize,
    /// LayerNorms that were fused.
    pub(super) norms: usize,
    /// Whether the last layer computes the classifier's token alone.
    pub(super) first_token: bool,
    /// Whether the head was, which compares token by token.
    pub(super) evidence: bool,
}

/// A graph with drafts in place of what was recognised. It may be cut before they are built: a part of it then runs the very
/// operators of the whole.
pub(super) struct Drafted {
    drafts: Drafts,
    pub(super) fused: Fused,
}

impl Drafted {
    /// Tells `weights` what `graphs`, all that are left of the graph, will take of them.
    pub(super) fn count(&self, graphs: &[&GraphProto], weights: &mut Weights) {
        let nodes = || graphs.iter().flat_map(|graph| &graph.node);
        weights.count(nodes(), self.drafts.takes(nodes()));
    }

    /// Makes operators of the drafts that are left in `graph`, each of which takes its weights, which [`Drafted::count`] counted.
    ///
    /// # Errors
    /// Where weights, scales and biases are of sizes that do not fit together.
    pub(super) fn build(&self, graph: &mut GraphProto, weights: &mut Weights, places: &mut Places) -> TractResult<()> {
        self.drafts.build(graph, weights, places)
    }

    /// What the layer does that `node` stands for; `None` where it stands for none.
    pub(super) fn role(&self, node: &NodeProto) -> Option<Role> {
        self.drafts.of(node).map(Layer::role)
    }
}

/// Replaces what is recognised by drafts of operators of ours.
pub(super) fn draft(graph: &mut GraphProto, fusing: Fusing) -> Drafted {
    if fusing == Fusing::Nothing {
        return Drafted { drafts: Drafts::default(), fused: Fused::default() };
    }
    let (mut drafts, mut fused) = recognised(graph, fusing);
    drafts.stand_in(graph);
    drop_unread(graph);
    fused.first_token = first_token::first_token(graph, &mut drafts);
    drafts.join_siblings(graph);
    Drafted { drafts, fused }
}

/// Attentions are fused between linear layers alone, whose outputs have a known shape; residuals likewise.
fn recognised(graph: &GraphProto, fusing: Fusing) -> (Drafts, Fused) {
    let index = Index::new(graph);
    let (mut drafts, mut fused) = (Drafts::default(), Fused::default());
    let with_floats = fusing == Fusing::Everything;
    for node in index.nodes() {
        fused.products += usize::from(linear::is_quantized_product(&index, node));
        if let Some(it) = linear::linear(&index, node, with_floats) {
            drafts.push(&index, vec![it.input], it.output, Layer::linear(&it));
            fused.linears += 1;
        }
    }
    for it in index.nodes().filter_map(|node| evidence::evidence(&index, node)) {
        drafts.push(&index, it.inputs, it.output, Layer::evidence(&it.parameters));
        fused.evidence = true;
    }
    if fused.linears == 0 {
        return (drafts, fused);
    }
    for it in index.nodes().filter_map(|node| norm::norm(&index, node)) {
        let input = residual(&index, &drafts, it.input).unwrap_or_else(|| vec![it.input]);
        drafts.push(&index, input, it.output, Layer::norm(&it));
        fused.norms += 1;
    }
    let sizes = Sizes::of(graph);
    for it in index.nodes().filter_map(|node| attention::attention(&index, node)) {
        let rows = [it.queries, it.keys, it.values];
        let fits = |name: &str| sizes.rank(name) == Some(3) && drafts.width(name).is_some_and(|width| it.fits(width));
        if rows.into_iter().all(fits) && drafts.width(it.keys) == drafts.width(it.queries) {
            let input = rows.into_iter().chain(it.mask).collect();
            drafts.push(&index, input, it.output, Layer::Attention { head: it.head, scale: it.scale });
            fused.attentions += 1;
        }
    }
    fused.products = fused.products.max(fused.linears);
    (drafts, fused)
}

/// The two values whose sum `name` is, the linear layer's first, where a norm alone reads it.
fn residual<'a>(index: &Index<'a>, drafts: &Drafts, name: &str) -> Option<Vec<&'a str>> {
    let [one, two] = index.written_by(name, "Add")?.input.as_slice() else { return None };
    let only_norm =
        index.readers(name).all(|node| matches!(node.op_type.as_str(), "Sub" | "ReduceMean" | "LayerNormalization"));
    let pair =
        |layer: &'a str, rest: &'a str| (drafts.is_linear(layer) && drafts.knows(rest)).then(|| vec![layer, rest]);
    pair(one, two).or_else(|| pair(two, one)).filter(|_| only_norm)
}
