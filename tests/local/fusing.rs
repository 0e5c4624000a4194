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
