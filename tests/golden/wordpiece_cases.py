"""Pairs for the models that read the small WordPiece vocabulary: from 4 to 512 tokens. Used by make_minilm.py and ../models/make_tiny.py."""
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

MODELS = Path(__file__).parent / "../models"
MAX_TOKENS, MAX_QUERY, SPECIALS = 512, 384, 3


def cases() -> list[dict]:
    """[CLS] query [SEP] document [SEP]; the query is cut to 384 tokens, then the document at its end to 512 in all."""
    lines = (MODELS / "wordpiece/corpus.txt").read_text("utf-8").splitlines()
    texts = [
        ("a", ""),
        ("b", "c"),
        ("sunny", "The weather was sunny."),
        ("sunny", "The invoice must be paid."),
        ("Why is the window open?", "Open the windows in the morning and let fresh air into the room."),
        ("Why is the window open?", "The king signed the treaty in the spring, and broke it in the autumn."),
        ("how many tokens are in a word", lines[5]),
        ("how many tokens are in a word", lines[35]),
        ("reset my password", lines[72] + " " + lines[73]),
        ("cafe in Zürich", "The café on the corner serves crème brûlée and naïve little cakes."),
        ("北京 weather", "北京的冬天很冷,夏天很热。 It snows in January."),
        ("best time to plant tomatoes", " ".join(lines[57:61])),
        ("solar power at noon", " ".join(lines[168:174])),
        ("fixed interest rate for a loan", " ".join(lines[61:71])),
        ("does the order of the sum matter", " ".join(lines[88:100])),
        ("what should I do when I have a cold", " ".join(lines[13:30])),
        ("the history of roads and trade", " ".join(lines[180:198] + lines[30:40])),
        ("which words begin with un", " ".join(lines[130:160])),
        ("a document that is cut", " ".join(lines[:60])),
        (" ".join(lines[100:160]), " ".join(lines[60:100])),
    ]
    tokenizer = Tokenizer.from_file(str(MODELS / "wordpiece/tokenizer.json"))
    cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    rows = []
    for query, document in texts:
        q = tokenizer.encode(query, add_special_tokens=False).ids[:MAX_QUERY]
        d = tokenizer.encode(document, add_special_tokens=False).ids[: MAX_TOKENS - SPECIALS - len(q)]
        types = [0] * (len(q) + 2) + [1] * (len(d) + 1)
        rows.append({"query": query, "document": document, "input_ids": [cls, *q, sep, *d, sep], "token_type_ids": types})
    return rows


def logits(model: Path, rows: list[dict]) -> list[float]:
    """One pair a run: batch 1, no padding, CPU provider."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    values = []
    for row in rows:
        ids, types = (np.array([row[key]], dtype=np.int64) for key in ("input_ids", "token_type_ids"))
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": types}
        values.append(float(session.run(None, feed)[0].reshape(-1)[0]))
    return values
