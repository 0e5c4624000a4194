//! What stands close to what the fuse rules know: it runs, fused where it is that, and else on tract's operators.

use crate::graphs::{Lines, fused_as_plain};

/// Of 64 KiB, the least that is kept outside the graph.
const WIDE: i64 = 256;

#[test]
fn large_weights_may_be_read_twice_through_one_node() {
    let with = |readers: &[&str], plan: &str| {
        let mut lines = Lines::new(WIDE, 13);
        lines.eight_bits("matrix", &[WIDE, WIDE]);
        lines.add("again = Identity(matrix)");
        lines.add("weights = DequantizeLinear(matrix, matrix scale)");
        lines.add("same weights = DequantizeLinear(again, matrix scale)");
        readers.iter().for_each(|line| lines.add(line));
        assert!(fused_as_plain(&lines.file("z")).starts_with(plan), "{readers:?}");
    };
    with(&["y = MatMul(x, weights)", "z = MatMul(y, weights)"], "2 of 2");
    with(&["y = MatMul(x, weights)", "z = MatMul(y, same weights)"], "2 of 2");
    with(&["y = MatMul(x, same weights)", "z = MatMul(y, same weights)"], "2 of 2");
    // One that no rule knows.
    with(&["turned = Transpose(weights) perm=[1,0]", "y = MatMul(x, weights)", "z = MatMul(y, turned)"], "1 of 1");
    with(&["turned = Transpose(weights) perm=[1,0]", "y = MatMul(x, turned)", "z = MatMul(y, weights)"], "1 of 1");
}

/// As relative positions that are not projected first, in a file of `quantize_static`.
#[test]
fn a_table_in_eight_bits_may_be_multiplied() {
    let mut lines = Lines::new(16, 13);
    lines.eight_bits("positions", &[32, 16]);
    lines.add("positions in f32 = DequantizeLinear(positions, positions scale)");
    lines.linear("projected", "positions in f32", [16, 16]);
    lines.add("rows = Gather(projected, input_ids)");
    lines.add("sum = Add(x, rows)");
    assert!(fused_as_plain(&lines.file("sum")).starts_with("1 of 1"));
}

/// Numbers of a hidden state.
const WIDTH: i64 = 16;

/// How an attention is written down.
struct Written<'a> {
    opset: i64,
    /// What the linear layers read: `x`, or made of it by these lines.
    before: &'a [&'a str],
    split: &'a [i64],
    /// Lines that make `scaled` of `queries by head`.
    scaled: &'a [&'a str],
    softmax: &'a str,
    joined: &'a [i64],
    /// Lines that make hidden states `y` of `joined`.
    after: &'a [&'a str],
}

/// Heads of four numbers, as an exporter writes them.
const USUAL: Written<'static> = Written {
    opset: 13,
    before: &["hidden = Relu(x)"],
    split: &[0, -1, 4, 4],
    scaled: &["scaled = Mul(queries by head, half)"],
    softmax: "axis=-1",
    joined: &[0, -1, 16],
    after: &["y = Identity(joined)"],
};

impl Written<'_> {
    fn file(&self) -> Vec<u8> {
        let mut lines = Lines::new(WIDTH, self.opset);
        lines.number("half", 0.5);
        lines.number("one", 1.0);
        lines.numbers("flat", &[-1, WIDTH]);
        lines.numbers("rows", &[1, -1, WIDTH]);
        lines.numbers("split", self.split);
        lines.numbers("last", &[-1]);
        lines.numbers("end", &[i64::MAX]);
        lines.numbers("join", self.joined);
        self.before.iter().for_each(|line| lines.add(line));
        for name in ["queries", "keys", "values"] {
            lines.linear(name, "hidden", [WIDTH, WIDTH]);
            lines.add(&format!("split {name} = Reshape({name}, split)"));
            let axes = if name == "keys" { "0,2,3,1" } else { "0,2,1,3" };
            lines.add(&format!("{name} by head = Transpose(split {name}) perm=[{axes}]"));
        }
        self.scaled.iter().for_each(|line| lines.add(line));
        lines.add("scores = MatMul(scaled, keys by head)");
        lines.add(&format!("shares = Softmax(scores) {}", self.softmax));
        lines.add("weighted = MatMul(shares, values by head)");
        lines.add("together = Transpose(weighted) perm=[0,2,1,3]");
        lines.add("joined = Reshape(together, join)");
        self.after.iter().for_each(|line| lines.add(line));
        lines.file("y")
    }

    #[track_caller]
    fn runs(&self, attentions: usize) {
        let plan = fused_as_plain(&self.file());
        assert!(plan.contains(&format!(" {attentions} attentions")), "{plan}");
    }
}

#[test]
fn an_attention_of_hidden_states_is_fused() {
    USUAL.runs(1);
    Written { split: &[1, -1, 4, 4], joined: &[1, -1, 16], ..USUAL }.runs(1);
    Written { split: &[0, 0, -1, 4], joined: &[0, 0, -1], ..USUAL }.runs(1);
}

/// As Google's BERT is, whose layers read all tokens of a batch one below the other.
#[test]
fn an_attention_of_rows_without_a_batch_is_not() {
    let flat = &["act = Relu(x)", "hidden = Reshape(act, flat)"];
    let back = &["y = Reshape(joined, rows)"];
    Written { before: flat, split: &[1, -1, 4, 4], joined: &[-1, 16], after: back, ..USUAL }.runs(0);
    Written { before: flat, split: &[1, -1, 4, 4], ..USUAL }.runs(0);
    Written { joined: &[-1, 16], after: back, ..USUAL }.runs(0);
}

#[test]
fn an_attention_whose_heads_are_no_part_of_a_row_is_not() {
    let back = &["y = Reshape(joined, rows)"];
    // Each row as two of half its length.
    Written { split: &[1, -1, 2, 4], joined: &[1, -1, 8], after: back, ..USUAL }.runs(0);
    Written { split: &[1, -1, 2, 4], joined: &[1, -1, 16], after: back, ..USUAL }.runs(0);
}

/// What the older exporter of torch leaves of scaled_dot_product_attention, with the size of this or that.
#[test]
fn a_scale_is_computed_of_the_size_that_is_asked_for() {
    for (shape, attentions) in [("shape = Shape(queries by head)", 1), ("shape = Shape(hidden)", 0)] {
        let scaled = &[
            shape,
            "size = Slice(shape, last, end)",
            "number = Cast(size) to=1",
            "root = Sqrt(number)",
            "quotient = Div(one, root)",
            "root of root = Sqrt(quotient)",
            "scaled = Mul(queries by head, root of root)",
        ];
        Written { scaled, ..USUAL }.runs(attentions);
    }
}

/// Without an axis it is the last since opset 13; until then all from the second on, heads and queries too.
#[test]
fn a_softmax_says_its_axis_or_is_none() {
    for opset in [11, 12, 13] {
        Written { opset, softmax: "", ..USUAL }.runs(0);
        Written { opset, softmax: "axis=3", ..USUAL }.runs(1);
    }
}

#[test]
fn a_norm_of_one_number_for_all_is_not_fused() {
    for (size, norms) in [(16, 1), (1, 0)] {
        let mut lines = Lines::new(16, 17);
        lines.linear("layer", "x", [16, 16]);
        lines.floats("gamma", &[size], 2.0);
        lines.floats("beta", &[size], 2.0);
        lines.add("sum = Add(layer, x)");
        lines.add("y = LayerNormalization(sum, gamma, beta)");
        let plan = fused_as_plain(&lines.file("y"));
        assert!(plan.contains(&format!(" {norms} layer norms")), "{plan}");
    }
}

#[test]
fn a_sum_may_be_of_one_row_and_all() {
    for swapped in [false, true] {
        let mut lines = Lines::new(16, 17);
        lines.floats("gamma", &[16], 2.0);
        lines.floats("beta", &[16], 2.0);
        lines.add("normal = LayerNormalization(x, gamma, beta)");
        lines.add("mean = ReduceMean(normal) axes=[1]");
        let (of_rows, of_mean) = if swapped { ("mean", "normal") } else { ("normal", "mean") };
        lines.linear("layer", of_rows, [16, 16]);
        lines.linear("other", of_mean, [16, 16]);
        lines.add("sum = Add(layer, other)");
        lines.add("y = LayerNormalization(sum, gamma, beta)");
        let plan = fused_as_plain(&lines.file("y"));
        assert!(plan.contains(" 2 layer norms"), "{plan}");
    }
}
