"""The model that ships now, as a run to start from (runs/shipped.pt): its eight-bit weights in floating point again.

    python model/recipe/shipped.py [--from model/model_int8.onnx]

For who wants to train on and has the file but not the run. Embeddings are e5's own, from base.pt.
"""
import argparse
from pathlib import Path

from workplace import SHIPPED, WORK, Unusable, stage, whole_file


def weights(path):
    """{torch's name: array} of what a graph of export.py holds; a matrix by the name of its product."""
    import numpy as np
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(path))
    constants = {it.name: numpy_helper.to_array(it) for it in model.graph.initializer}
    found = {name: array for name, array in constants.items() if name.startswith(("bert.", "head."))}
    for name in [name for name in found if name.endswith("_quantized")]:
        stem = name.removesuffix("_quantized")
        found[stem] = (found[name].astype(np.float32) - constants[f"{stem}_zero_point"]) * constants[f"{stem}_scale"]
    for node in model.graph.node:
        if node.op_type == "MatMulInteger" and node.input[1] in constants:
            stem = node.input[1].removesuffix("_quantized")
            name = node.name.strip("/").removesuffix("/MatMul_quant").replace("/", ".").replace("bert.layer.", "bert.encoder.layer.")
            found[f"{name}.weight"] = (constants[node.input[1]].astype(np.float32) - constants[f"{stem}_zero_point"]).T * constants[f"{stem}_scale"].reshape(-1, 1)
    return found


def main():
    import torch

    import encoder
    from head import Head
    from upper import upper_of

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="path", type=Path, default=SHIPPED / "model_int8.onnx")
    path = parser.parse_args().path
    found = weights(path)
    whole = encoder.base_encoder()
    head = Head(whole.sizes["vocab"])
    for module, prefix in ((whole.encoder, "bert.encoder."), (head, "head.")):
        missing = [name for name in module.state_dict() if f"{prefix}{name}" not in found]
        if missing:
            raise Unusable(f"{path}: expected a graph that export.py wrote without --slim; not in it: {missing[:5]}")
        module.load_state_dict({name: torch.tensor(found[f"{prefix}{name}"]) for name in module.state_dict()})
    (WORK / "runs").mkdir(exist_ok=True)
    with whole_file(WORK / "runs" / "shipped.pt") as part:
        torch.save({"layers": upper_of(whole, 0).state_dict(), "head": head.state_dict(), "frozen": 0, "depth": len(whole.encoder.layer)}, part)
    print(f"runs/shipped.pt, from {path}")


if __name__ == "__main__":
    with stage("shipped"):
        main()
