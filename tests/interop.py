"""The default model's fp32 export without its input `token_type_ids`, which infinity-emb does not give: the tokens behind the first `</s>` are the document's.

    python tests/interop.py model_fp32.onnx served/onnx/model.onnx
"""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Of </s>, which ends each side.
END = 2

source, target = sys.argv[1:]
model = onnx.load(source)
graph = model.graph
[types] = [it for it in graph.input if it.name == "token_type_ids"]
graph.input.remove(types)
for name, value in (("end", END), ("axis", 1), ("none", 0)):
    graph.initializer.append(numpy_helper.from_array(np.array(value, dtype=np.int64), name))
nodes = [
    helper.make_node("Equal", ["input_ids", "end"], ["is_end"]),
    helper.make_node("Cast", ["is_end"], ["ends"], to=TensorProto.INT64),
    helper.make_node("CumSum", ["ends", "axis"], ["ends_before"], exclusive=1),
    helper.make_node("Greater", ["ends_before", "none"], ["is_document"]),
    helper.make_node("Cast", ["is_document"], [types.name], to=TensorProto.INT64),
]
for at, node in enumerate(nodes):
    graph.node.insert(at, node)
onnx.checker.check_model(model)
onnx.save(model, target)
