//! `QuantizeLinear → DequantizeLinear` on activations: dropped.
//!
//! Static quantization writes such a pair behind every value to say how it may be rounded. Our layers quantize each row
//! by its own range, which is nearer to fp32 than a range of calibration data; and without the pairs the graph is the fp32
//! one with weights in int8. What onnxruntime's quantizer leaves to a range that begins at 0, a Relu, is put back.
//!
//! tract 0.23.9 must not see them: it makes a lookup table of what stands between a
//! DequantizeLinear and a QuantizeLinear if it is elementwise, and takes Softmax, whose axes map one to one, for such an
//! operator (tract-core, ops/quant.rs, `DequantizeLinearF32::declutter`): every probability becomes 1, and no error tells.

use std::collections::HashMap;

use tract_onnx::pb::{GraphProto, NodeProto};

use crate::local::onnx::rewrite::constants::Constants;
use crate::local::onnx::rewrite::renames::Renames;

/// Reads of a rounded activation become reads of the activation. Weights and biases keep their DequantizeLinear.
pub(super) fn drop_from_activations(graph: &mut GraphProto) {
    let constants = Constants::of(graph);
    let is_output = |name: &str| graph.output.iter().any(|output| output.name == name);
    // Operator of the node that writes each value, and who quantizes it.
    let mut layers: HashMap<String, bool> = HashMap::new();
    let mut rounded: HashMap<String, NodeProto> = HashMap::new();
    let mut renames = Renames::default();
    for node in &mut graph.node {
        let (Some(from), Some(to)) = (node.input.first().cloned(), node.output.first().cloned()) else { continue };
        layers.insert(to.clone(), is_layer(node, &constants, &renames));
        if node.op_type == "QuantizeLinear" {
            rounded.insert(to, node.clone());
        } else if let Some(quantizer) = rounded.get(&from).filter(|_| node.op_type == "DequantizeLinear") {
            let Some(activation) = quantizer.input.first() else { continue };
            let is_relu = begins_at_zero(quantizer, &constants) && layers.get(activation) == Some(&true);
            if is_relu || is_output(&to) {
                node.op_type = if is_relu { "Relu" } else { "Identity" }.into();
                node.input = vec![activation.clone()];
                node.attribute.clear();
            } else {
                renames.add(&to, activation);
            }
        }
    }
    renames.apply(graph);
}

/// Whether `node` ends a linear layer: the only place where a Relu may have been.
fn is_layer(node: &NodeProto, constants: &Constants, renames: &Renames) -> bool {
    match node.op_type.as_str() {
        "MatMul" | "Gemm" => true,
        // A sum with one number is a step of GELU.
        "Add" => !node.input.iter().any(|name| constants.number(renames.name(name)).is_some()),
        _ => false,
    }
}

/// Whether the quantized range holds no number below 0.
fn begins_at_zero(quantizer: &NodeProto, constants: &Constants) -> bool {
    let Some(zero) = quantizer.input.get(2) else { return true };
    constants.number(zero) == Some(if constants.is_uint8(zero) { 0.0 } else { f64::from(i8::MIN) })
}
