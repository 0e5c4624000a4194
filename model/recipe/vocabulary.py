"""Stage 2: 250,002 pieces → the ones worth their 384 bytes each, as tokenizer.json and the rows of base.pt they keep (vocabulary.json).

    python model/recipe/vocabulary.py [--size 40000] [--characters 5000]

A piece is worth how often it is written: half by wordfreq's lists of the four languages, half by the training sets, with XLM-R's own unigram
probability as a prior for what both miss. Every single character of the scripts in question is kept, or the most frequent so many: a word without a piece of
its own falls apart into these.
"""
import argparse
import collections
import json
import unicodedata

from workplace import WORK, stage, wanted, whole_file

LANGUAGES = ("en", "zh", "ja", "ko")
# Of the prior against the two counts; small, so that it orders what was never counted.
PRIOR = 0.05
SPECIALS = 4
# e5's prefixes, in pieces. The template names each by itself, since some readers of tokenizer.json take one id a name.
QUERY, PASSAGE = ("▁que", "ry", ":"), ("▁passage", ":")


def script(char):
    name = unicodedata.name(char, "")
    return next((it for it in ("CJK UNIFIED", "HIRAGANA", "KATAKANA", "HANGUL SYLLABLE", "LATIN", "DIGIT") if name.startswith(it)), None)


def is_kept_character(piece):
    char = piece.removeprefix("▁") or "▁"
    return len(char) == 1 and (char == "▁" or ord(char) < 0x180 or unicodedata.category(char)[0] in "PSN" or script(char) in ("CJK UNIFIED", "HIRAGANA", "KATAKANA", "HANGUL SYLLABLE"))


def charsmap():
    """The nmt_nfkc normalisation table that XLM-R was made with, out of any sentencepiece model."""
    import base64
    import io

    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a b c d e"] * 9), model_writer=model, vocab_size=9, hard_vocab_limit=False, normalization_rule_name="nmt_nfkc", minloglevel=2
    )
    proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    return base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()


def tokenizer_json(pieces, scores, unk):
    """XLM-R's tokenizer over these pieces; a pair is read as e5 reads its two sides: `<s> query: A </s>` and `<s> passage: B </s>`."""
    special = lambda name, segment: {"SpecialToken": {"id": name, "type_id": segment}}
    side = lambda prefix, name, segment: [*(special(it, segment) for it in ("<s>", *prefix)), {"Sequence": {"id": name, "type_id": segment}}, special("</s>", segment)]
    ids = {piece: at for at, piece in enumerate(pieces)}
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    added = [{"id": at, "content": pieces[at], "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} for at in range(SPECIALS)]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "Precompiled", "precompiled_charsmap": charsmap()},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": side(QUERY, "A", 0),
            "pair": side(QUERY, "A", 0) + side(PASSAGE, "B", 1),
            "special_tokens": {name: {"id": name, "ids": [ids[name]], "tokens": [name]} for name in ("<s>", "</s>", *dict.fromkeys(QUERY + PASSAGE))},
        },
        "decoder": metaspace,
        "model": {"type": "Unigram", "unk_id": unk, "vocab": [[piece, score] for piece, score in zip(pieces, scores)], "byte_fallback": False},
    }


def written(tokenizer, texts):
    """How often each id is written in (text, weight) pairs, adding up to 1."""
    import numpy as np

    counts = collections.Counter()
    texts = list(texts)
    for start in range(0, len(texts), 4096):
        chunk = texts[start : start + 4096]
        for encoding, (_, weight) in zip(tokenizer.encode_batch([text for text, _ in chunk], add_special_tokens=False), chunk):
            for token in encoding.ids:
                counts[token] += weight
    share = np.zeros(tokenizer.get_vocab_size())
    for token, count in counts.items():
        share[token] = count
    return share / share.sum()


def language_share(tokenizer, language):
    """The pieces of wordfreq's list; the space before each word is no piece of it where a script writes none."""
    import wordfreq

    words = wordfreq.get_frequency_dict(language, wordlist="best").items()
    alone = written(tokenizer, words)
    alone[tokenizer.token_to_id("▁")] = 0
    return alone / alone.sum()


def main():
    import numpy as np
    from tokenizers import Tokenizer

    import sets

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=40000)
    parser.add_argument("--characters", type=int)
    asked = parser.parse_args()
    size = asked.size
    base = json.loads(wanted(WORK / "pieces.json", "base.py").read_text("utf-8"))
    pieces, scores = base["pieces"], base["scores"]
    full = Tokenizer.from_str(json.dumps(tokenizer_json(pieces, scores, base["unk"])))
    training = sets.load("train")
    per_set = [written(full, [(text, 1.0) for text in [query.text for query in it.queries[:3000]] + it.documents[:3000] if text]) for it in training]
    corpus = np.mean(per_set, axis=0)
    words = np.mean([language_share(full, language) for language in LANGUAGES], axis=0)
    prior = np.exp(np.array(scores[: len(pieces)])) * np.array([all(script(c) or ord(c) < 0x250 for c in piece.removeprefix("▁")) for piece in pieces])
    worth = corpus + words + PRIOR * prior / prior.sum()
    worth[:SPECIALS] = np.inf
    for name in QUERY + PASSAGE:
        worth[pieces.index(name)] = np.inf
    kept_characters = np.array([is_kept_character(piece) for piece in pieces])
    if asked.characters is not None:
        rank = np.argsort(-np.where(kept_characters, worth, -1.0), kind="stable")
        kept_characters[rank[asked.characters :]] = False
    order = np.argsort(-np.where(kept_characters, 1.0, 0.0) - np.minimum(worth, 1.0) - np.where(np.isinf(worth), 2.0, 0.0), kind="stable")
    kept = sorted(order[:size].tolist())
    print(f"{kept_characters.sum()} single characters; {len(kept)} pieces cover {corpus[kept].sum():.4f} of the training sets' tokens")
    for language in LANGUAGES:
        print(f"  {language}: {language_share(full, language)[kept].sum():.4f} of wordfreq's tokens")
    cut = tokenizer_json([pieces[at] for at in kept], [scores[at] for at in kept], kept.index(base["unk"]))
    with whole_file(WORK / "tokenizer.json") as part:
        part.write_text(json.dumps(cut, ensure_ascii=False), "utf-8")
    with whole_file(WORK / "vocabulary.json") as part:
        part.write_text(json.dumps(kept))


if __name__ == "__main__":
    with stage("vocabulary"):
        main()
