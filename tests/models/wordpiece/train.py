"""Train the small lower-casing BERT WordPiece tokenizer of the tests.

    python tests/models/wordpiece/train.py

Made with Python 3.11.7 and tokenizers 0.23.3 (tests/golden/requirements.txt). Reads corpus.txt beside this file, which was written for this project,
and writes tokenizer.json beside it: the shape of bert-base-uncased's file (BertNormalizer, BertPreTokenizer, WordPiece, pair template with token
types), with a vocabulary of its own.

The trainer breaks ties between equally frequent pairs in no fixed order, so a new run may give another vocabulary: everything made from the
vocabulary (tokens.json, minilm.json, tiny_*.onnx, tiny.json) has to be made again after it.
"""
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import WordPieceTrainer
from tokenizers.decoders import WordPiece as WordPieceDecoder

HERE = Path(__file__).parent
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

tokenizer = Tokenizer(WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
tokenizer.normalizer = BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
tokenizer.pre_tokenizer = BertPreTokenizer()
tokenizer.decoder = WordPieceDecoder()
trainer = WordPieceTrainer(vocab_size=1200, special_tokens=SPECIAL, show_progress=False)
tokenizer.train_from_iterator((HERE / "corpus.txt").read_text("utf-8").splitlines(), trainer)
tokenizer.post_processor = TemplateProcessing(
    single="[CLS] $A [SEP]",
    pair="[CLS] $A:0 [SEP]:0 $B:1 [SEP]:1",
    special_tokens=[(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")],
)
tokenizer.save(str(HERE / "tokenizer.json"))
print(tokenizer.get_vocab_size(), "pieces")
