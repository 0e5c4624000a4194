"""e5 read one side at a time in onnxruntime, in batches of like length: for mining, for the baseline and for the frozen layers' states."""
import json

import numpy as np
from tokenizers import Tokenizer

from vocabulary import PASSAGE, QUERY, tokenizer_json
from workplace import WORK, wanted

PAD, BOS, EOS = 1, 0, 2
TOKENS = 4096


def original_tokenizer():
    base = json.loads(wanted(WORK / "pieces.json", "base.py").read_text("utf-8"))
    return Tokenizer.from_str(json.dumps(tokenizer_json(base["pieces"], base["scores"], base["unk"])))


def cut_tokenizer():
    return Tokenizer.from_file(str(wanted(WORK / "tokenizer.json", "vocabulary.py")))


def base_session(original=False, int8=True, keep=None):
    """e5: ids, there → hidden states; with `keep`, those after that layer and the last, side by side. Exported once."""
    name = f"{'original' if original else 'cut'}{f'_keep{keep}' if keep else ''}"
    fp32, quantized = (WORK / "export" / f"{name}_{kind}.onnx" for kind in ("fp32", "int8"))
    if not fp32.exists():
        import encoder

        export_side(encoder.base_encoder(vocabulary=not original), fp32, keep)
    if int8 and not quantized.exists():
        import export

        export.quantize(fp32, quantized)
    return session(quantized if int8 else fp32)


def session(path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Beside other work, waiting threads that spin take its time.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def export_side(bert, path, keep=None):
    """One side alone: the same layers as in the pair's graph."""
    import torch

    import encoder
    import export

    class Side(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.bert = bert
            self.register_buffer("position_ids", torch.arange(bert.sizes["positions"])[None], persistent=False)

        def forward(self, ids, there):
            mask = ((1.0 - there.float()) * encoder.FAR)[:, None, None, :]
            last, kept = self.bert(ids, self.position_ids[:, : ids.shape[1]], mask, (keep,))
            return torch.cat([*kept, last], -1) if keep else last

    path.parent.mkdir(exist_ok=True)
    export.torch_export(Side(), path, ("ids", "there"), "states")


class Reader:
    def __init__(self, tokenizer, session, longest=256):
        self.tokenizer, self.session, self.longest = tokenizer, session, longest
        self.prefixes = {side: [tokenizer.token_to_id(piece) for piece in pieces] for side, pieces in (("query", QUERY), ("passage", PASSAGE))}

    def ids(self, texts, side):
        prefix = self.prefixes[side]
        room = self.longest - len(prefix) - 2
        encodings = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [[BOS, *prefix, *encoding.ids[:room], EOS] for encoding in encodings]

    def states(self, rows):
        """(place, states `[tokens, hidden]`) of each row of ids, in any order."""
        order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
        at = 0
        while at < len(order):
            many = max(1, min(64, TOKENS // len(rows[order[min(at + 63, len(order) - 1)]])))
            chosen = order[at : at + many]
            at += len(chosen)
            length = len(rows[chosen[-1]])
            ids = np.array([rows[it] + [PAD] * (length - len(rows[it])) for it in chosen], dtype=np.int64)
            out = self.session.run(None, {"ids": ids, "there": (ids != PAD).astype(np.int64)})[0]
            yield from ((it, out[place, : len(rows[it])]) for place, it in enumerate(chosen))

    def padded(self, texts, side):
        """(states `[texts, length, hidden]`, ids, 1 where a token stands), as the head compares them."""
        import torch

        rows = self.ids(texts, side)
        length = max(map(len, rows))
        hidden, ids = torch.zeros(len(rows), length, 384), torch.full((len(rows), length), PAD)
        for at, states in self.states(rows):
            hidden[at, : len(rows[at])], ids[at, : len(rows[at])] = torch.from_numpy(states), torch.tensor(rows[at])
        return hidden, ids, (ids != PAD).float()

    def vectors(self, texts, side):
        """Unit vectors `[texts, hidden]`."""
        out = np.empty((len(texts), 384), dtype=np.float32)
        for at, states in self.states(self.ids(texts, side)):
            mean = states.mean(0)
            out[at] = mean / np.linalg.norm(mean)
        return out
