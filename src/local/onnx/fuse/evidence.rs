//! The default model's head: what a document's tokens say of a query's, compared token by token and weighed to one logit.
//!
//! Written as model/recipe/export.py writes it of model/recipe/head.py: a head that is trained anew matches, one that computes
//! anything else does not.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{NodeProto, TensorProto};

use crate::local::onnx::fuse::index::{Index, output};
use crate::local::onnx::fuse::template;

/// head.py's Head.forward, in the order of the exporter.
const HEAD: &str = "
    compared = Add(compared_bias, compared_product)
    equal_rows = Unsqueeze(ids, [2])
    equal_columns = Unsqueeze(ids, [1])
    same = Equal(equal_rows, equal_columns)
    by_id = Gather(weight_rows, 0) axis=2
    document_rows = Unsqueeze(document, [2])
    document_there = ReduceSum(document, [1]) keepdims=1
    document_columns = Unsqueeze(document, [1])
    elsewhere = Sub(1.0, document)
    document_length = ReduceSum(document, [1]) keepdims=0
    same_number = Cast(same) to=1
    by_id_size = Abs(by_id)
    query_there = ReduceSum(query, [1]) keepdims=1
    query_rows = Unsqueeze(query, [2])
    query_length = ReduceSum(query, [-1]) keepdims=0
    far = Mul(elsewhere, -10000.0)
    length_part = Mul(document_length, length_factor)
    equal = Mul(same_number, document_columns)
    by_id_doubled = Mul(by_id_size, 2.0)
    length_log = Log(query_length)
    far_columns = Unsqueeze(far, [1])
    saturation = Add(length_part, length_base)
    count = ReduceSum(equal, [-1]) keepdims=0
    head_rows = Slice(equal, [0], [-1], [1], [1])
    tail_rows = Slice(equal, [1], [9223372036854775807], [1], [1])
    saturation_rows = Unsqueeze(saturation, [1])
    present = Clip(count, _, 1.0)
    heads = Slice(head_rows, [0], [-1], [2], [1])
    tails = Slice(tail_rows, [1], [9223372036854775807], [2], [1])
    count_and_more = Add(count, saturation_rows)
    neighbours = Mul(heads, tails)
    often = Div(count, count_and_more)
    both = ReduceMax(neighbours) axes=[-1] keepdims=0
    query_numbers = Mul(hidden, query_rows)
    document_numbers = Mul(hidden, document_rows)
    query_sum = ReduceSum(query_numbers, [1]) keepdims=0
    document_sum = ReduceSum(document_numbers, [1]) keepdims=0
    query_mean = Div(query_sum, query_there)
    document_mean = Div(document_sum, document_there)
    query_size = ReduceL2(query_mean) axes=[-1] keepdims=1
    document_size = ReduceL2(document_mean) axes=[-1] keepdims=1
    query_unit = Div(query_mean, query_size)
    document_unit = Div(document_mean, document_size)
    unit_products = Mul(query_unit, document_unit)
    in_context = Mul(compared, context)
    sizes = ReduceL2(compared) axes=[-1] keepdims=1
    cosine = ReduceSum(unit_products, [-1]) keepdims=0
    context_sum = ReduceSum(in_context, [-1]) keepdims=0
    units = Div(compared, sizes)
    nothing = Mul(cosine, 0.0)
    cosine_column = Unsqueeze(cosine, [-1])
    by_context = Sigmoid(context_sum)
    turned = Transpose(units) perm=[0,2,1]
    lengths = Add(length_log, nothing)
    by_both = Mul(by_id_doubled, by_context)
    products = MatMul(units, turned)
    lengths_column = Unsqueeze(lengths, [-1])
    weight = Mul(by_both, query)
    products_there = Add(products, far_columns)
    total = ReduceSum(weight, [-1]) keepdims=1
    near = ReduceMax(products_there) axes=[-1] keepdims=0
    share = Div(weight, total)
    total_number = Gather(total, 0) axis=1
    near_shares = Mul(near, share)
    present_shares = Mul(present, share)
    often_shares = Mul(often, share)
    first_shares = Slice(share, [0], [-1], [1], [1])
    second_shares = Slice(share, [1], [9223372036854775807], [1], [1])
    total_more = Add(total_number, 1.0)
    meaning = ReduceSum(near_shares, [-1]) keepdims=0
    presence = ReduceSum(present_shares, [-1]) keepdims=0
    identity = ReduceSum(often_shares, [-1]) keepdims=0
    pairs = Min(first_shares, second_shares)
    total_log = Log(total_more)
    meaning_column = Unsqueeze(meaning, [-1])
    presence_column = Unsqueeze(presence, [-1])
    identity_column = Unsqueeze(identity, [-1])
    both_shares = Mul(both, pairs)
    pairs_sum = ReduceSum(pairs, [-1]) keepdims=0
    rarity = Add(total_log, nothing)
    both_sum = ReduceSum(both_shares, [-1]) keepdims=0
    pairs_more = Add(pairs_sum, 1e-6)
    rarity_column = Unsqueeze(rarity, [-1])
    order = Div(both_sum, pairs_more)
    order_column = Unsqueeze(order, [-1])
    found = Concat(cosine_column, meaning_column, presence_column, identity_column, order_column, lengths_column, rarity_column) axis=-1
    centered = Sub(found, middle)
    scaled = Div(centered, spread)
    scaled_column = Unsqueeze(scaled, [2])
    direct_parts = Mul(scaled, direct)
    inner_parts = Mul(scaled_column, inner)
    direct_sum = ReduceSum(direct_parts, [-1]) keepdims=0
    inner_sum = ReduceSum(inner_parts, [-2]) keepdims=0
    inner_biased = Add(inner_sum, inner_bias)
    bent = Tanh(inner_biased)
    outer_parts = Mul(bent, outer)
    outer_sum = ReduceSum(outer_parts, [-1]) keepdims=0
    both_sums = Add(direct_sum, outer_sum)
    biased = Add(both_sums, bias)
    logit = Unsqueeze(biased, [1])
";

/// What the operator reads, in the order of [`kernels::Evidence::logit`](crate::local::kernels::Evidence).
const INPUTS: [&str; 6] = ["ids", "hidden", "compared", "weight_rows", "query", "document"];

/// Its constants, in the order of [`Parameters`](crate::local::kernels::Parameters).
const PARAMETERS: [&str; 10] =
    ["context", "middle", "spread", "direct", "inner", "inner_bias", "outer", "bias", "length_factor", "length_base"];

/// Kinds of evidence.
const KINDS: i64 = 7;

/// A head that was recognised.
#[derive(Clone, Debug)]
pub(super) struct Evidence<'a> {
    /// Token ids; hidden states; the numbers tokens are compared by; what each says by its id; 1 for each of the query; the
    /// same of the document.
    pub(super) inputs: Vec<&'a str>,
    /// What its last node writes, `[1, 1]`.
    pub(super) output: &'a str,
    /// Its constants.
    pub(super) parameters: Vec<&'a TensorProto>,
}

/// The head whose last node `node` is.
pub(super) fn evidence<'a>(index: &Index<'a>, node: &'a NodeProto) -> Option<Evidence<'a>> {
    let output = output(node);
    let words = template::read(index, HEAD, output)?;
    let inputs = INPUTS.iter().map(|word| words.get(word).copied()).collect::<Option<_>>()?;
    let parameters: Vec<_> = PARAMETERS.iter().map(|word| index.constant(words.get(word)?)).collect::<Option<_>>()?;
    let compared_bias = index.constant(words.get("compared_bias")?)?;
    fits(compared_bias, &parameters).then_some(Evidence { inputs, output, parameters })
}

/// Whether parameters are f32 of head.py's sizes. In a graph of the same nodes they may be of others, as one number that counts
/// for all of a row: such a head runs on its own nodes.
fn fits(compared_bias: &TensorProto, parameters: &[&TensorProto]) -> bool {
    let sizes: Vec<&[i64]> = parameters.iter().map(|it| it.dims.as_slice()).collect();
    let [context, middle, spread, direct, inner, inner_bias, outer, numbers @ ..] = sizes.as_slice() else {
        return false;
    };
    let (&&[compared], &&[kinds, units]) = (context, inner) else { return false };
    // A bias of several numbers says how many `compared` has, one of one number does not.
    compared > 1
        && compared_bias.dims == [compared]
        && [middle, spread, direct].iter().all(|it| **it == [KINDS])
        && kinds == KINDS
        && units > 0
        && [inner_bias, outer].iter().all(|it| **it == [units])
        && numbers.iter().all(|it| matches!(it, [] | [1]))
        && parameters.iter().all(|it| it.data_type == DataType::Float as i32)
}
