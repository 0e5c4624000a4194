"""Make minilm.json: onnxruntime's logits on the MiniLM-L6 exports that fill.mjs filled with random weights, seed 0.

    pip install -r tests/golden/requirements.txt
    python tests/golden/make_minilm.py          (needs node)

Made with Python 3.11.7, onnxruntime 1.31.1, tokenizers 0.23.3, numpy 2.4.6, Node 20.20.2. The fp32 and the int8 file have unrelated weights: hold each
logit only against an engine that runs the same file. For int8 against fp32 see tiny.json.
"""
import hashlib
import json
import platform
import subprocess
import tempfile
from pathlib import Path

import numpy
import onnxruntime
import tokenizers

from wordpiece_cases import MODELS, cases, logits

SEED = 0
rows = cases()
models = {}
with tempfile.TemporaryDirectory() as folder:
    for kind in ("fp32", "int8"):
        filled = Path(folder) / f"{kind}.onnx"
        subprocess.run(["node", MODELS / "fill.mjs", MODELS / f"minilm-l6_{kind}.skeleton.onnx", filled, "--seed", str(SEED)], check=True)
        models[kind] = {"sha256": hashlib.sha256(filled.read_bytes()).hexdigest()}
        for row, value in zip(rows, logits(filled, rows)):
            row[f"{kind}_logit"] = value
node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip().removeprefix("v")
made_by = {"python": platform.python_version(), "onnxruntime": onnxruntime.__version__, "tokenizers": tokenizers.__version__,
           "numpy": numpy.__version__, "node": node}
head = json.dumps({"made_by": made_by, "seed": SEED, "models": models})
body = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
(Path(__file__).parent / "minilm.json").write_text(f'{head[:-1]}, "cases": [\n{body}\n]}}\n', "utf-8")
for row in rows:
    print(len(row["input_ids"]), row["fp32_logit"], row["int8_logit"])
