"""Train the small tokenizers of the tests, one of each kind that cross-encoders use beside BERT's WordPiece.

    python tests/models/tokenizers/train.py

Made with Python 3.11.7 and tokenizers 0.23.3 (tests/golden/requirements.txt). Reads ../wordpiece/corpus.txt, which was written for this project,
and writes beside this file:

    unigram.json      DeBERTa-v2's and XLM-R's kind: Unigram with byte pieces, Metaspace
    byte_level.json   RoBERTa's and ModernBERT's kind: BPE over bytes
    bpe.json          BPE over characters, with an unknown token and merges inside words

Normalizers and pre-tokenizers are those of one typical model; tests/tokens/variants.rs exchanges them for all others. The trainers break ties in no
fixed order: a new run may give other vocabularies, which is fine, since nothing is made from them.
"""
import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

HERE = Path(__file__).parent
CORPUS = (HERE.parent / "wordpiece" / "corpus.txt").read_text("utf-8").splitlines()


def write(tokenizer, name):
    file = json.loads(tokenizer.to_str())
    # The trainer takes byte pieces as special tokens; in real files they stand in the vocabulary only.
    file["added_tokens"] = [token for token in file["added_tokens"] if not token["content"].startswith("<0x")]
    (HERE / f"{name}.json").write_text(json.dumps(file, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")
    print(name, tokenizer.get_vocab_size())


def unigram():
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=900, special_tokens=special + bytes_, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True, normalized=False)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    write(tokenizer, "unigram")


def byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True, special=True, normalized=False)]
    trainer = trainers.BpeTrainer(
        vocab_size=900, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    write(tokenizer, "byte_level")


def bpe():
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]", continuing_subword_prefix="##", end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(
        vocab_size=900,
        special_tokens=["[UNK]", "[CLS]", "[SEP]"],
        continuing_subword_prefix="##",
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    tokenizer.train_from_iterator(CORPUS, trainer)
    write(tokenizer, "bpe")


unigram()
byte_level()
bpe()
