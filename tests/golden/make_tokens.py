r"""Make tokens.json: token ids and token types of pairs by the original tokenizers.

    pip install -r tests/golden/requirements.txt
    python tests/golden/make_tokens.py [--default model/tokenizer.json]

Made with Python 3.11.7 and tokenizers 0.23.3. "wordpiece" is tests/models/wordpiece/tokenizer.json, "default" the default model's tokenizer.json.
Nothing is cut; the special tokens are those of the pair template. Each text is the query of one pair and the document of the pair before it, so that
it is met in both places. The file is plain ASCII (\u escapes), because many of these characters cannot be seen.
"""
import argparse
import json
from pathlib import Path

from tokenizers import Tokenizer

HERE = Path(__file__).parent

TEXTS = [
    "",
    "Hello, World! How quickly does the RERANKER rank 20 documents?",
    # accents: composed, decomposed, several on one letter, a mark with nothing before it
    "Café crème brûlée, naïve Zürich, Reykjavík, São Paulo, tiếng Việt",
    "Cafe\u0301 re\u0301sume\u0301 man\u0303ana A\u030angstro\u0308m",
    "z\u0337\u0321\u0300a\u0315\u0300lgo\u0301\u0302\u0303\u0304",
    "\u0301abc \u3099か\u3099 は\u309a e\u20dd",
    # CJK: simplified, traditional, outside the basic plane, compatibility ideographs, radicals
    "今天上海的天气很好,不冷也不热。",
    "GPU加速的reranker在browser里快2倍",
    "臺北到高雄、體育館與圖書館",
    "𠀀𠮷野家 㐀 \uf900\uf9d1 \U0002f800 ⼀⺀",
    "上" * 150,
    # a known word with an unknown tail, unknown head, unknown middle
    "rank\u0167 tokenizer\u014b \u0149weather brow\u0138ser rank☃ ☃rank",
    "##ing ##a un##known ## #",
    # emoji: joined families, skin tones, flags, keycaps, tag sequences, variation selectors
    "👩\u200d👩\u200d👧\u200d👦 family 👍🏽 🇨🇳🇰🇷 ❤\ufe0f 😀",
    "1\ufe0f\u20e3 #\ufe0f\u20e3 ☀\ufe0e ☀\ufe0f 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    # the metaspace sign as a character of the text
    "▁",
    "▁▁ a ▁b ▁the▁ ▁ The _ ＿",
    # characters without width, direction marks, soft hyphens
    "zero\u200bwidth\u200cnon\u200djoiner\ufeffmark\u2060word",
    "\ufeffstart and end\ufeff",
    "\u200eabc\u200f \u202edef\u202c \u2066ghi\u2069 co\u00adop\u00aderate",
    "\u200b",
    # control characters, NUL, the replacement character
    "a\u0001b\u0007c\u0008d\u001be\u007ff\u0080g\u0085h\u009fi",
    "nul\u0000inside \u0000 and \ufffd replaced\ufffd",
    "\u0000",
    # private use, unassigned, noncharacters
    "\ue000x \u0378y \uffffz \U000f0000 \U0010ffff",
    # full-width and half-width forms, compatibility characters
    "ＦＵＬＬ ｗｉｄｔｈ １２３！？（）：，．～",
    "ﾊﾝｶｸｶﾅ ｶﾞﾊﾟ ﾡﾢ ￥￦",
    "ﬁnd oﬃce ① Ⅷ ½ ㎏ ㍿ ™ x² nª \u212b \u2126 \u212a ﷺ … ㌀",
    "𝓗𝓮𝓵𝓵𝓸 𝟙𝟚𝟛 ⒜ 🄰 ℌ ℕ",
    # letter case beyond ASCII
    "İstanbul ISIK ıŞıK STRASSE Straße ẞ ΣΊΣΥΦΟΣ ΟΔΟΣ Ǆ ǅ Ⅻ ⓐⒶ",
    # other scripts
    "Привет, как дела? Ёлка ёж Й й Καλημέρα η Αθήνα",
    "שָׁלוֹם עולם السَّلامُ عـــليكم ﻻ ٣٤٥ नमस्ते दुनिया สวัสดีชาวโลก ကမ္ဘာ",
    "안녕하세요 서울의 날씨 \u1112\u1161\u11ab\u1100\u116e\u11a8 ㅎㅏㄴ",
    "東京の天気は晴れです。カタカナとひらがな ー 々 〆 ヶ",
    # white space of every kind, in runs and at the ends
    " ",
    "\t\n\r ",
    "  two   spaces\t\ttabs\r\n\r\nlines\u00a0nbsp\u3000wide\u2003em\u2009thin\u2028line\u2029par\u000bvt\u000cff\u1680og\u202fnn ",
    "\u3000\u00a0\u2003",
    # punctuation and symbols, ASCII and not
    "a,b;c:d!e?f(g)[h]{i}<j>/k\\l|m~n`o^p$q+r=s@t#u%v&w*x-y_z",
    "“q” ‘s’ «g» „d“ — – ‐ ‑ … · • 、。「」『』・〜 ¿? ¡!",
    "€12 £3 ¥4 §5 ©6 ®7 °8 ±9 ×1 ÷2 ¬3 ¦4 ← ↑ ∑ √ ∞ ≠ ■ ♥",
    "don't l’école o'clock rock'n'roll it's '' '",
    "!!!!!!!! ...... ------ ====== aaaaaaaaaaaaaaaa 00000000000000",
    # numbers, code, addresses
    "3.14159 1,000,000 2024-10-01T12:30:00Z -40 °C 1e-12 0x7f",
    "fn main() { println!(\"{}\", x_y-z); } // https://example.org/a?b=c&d=%20#f",
    # the names of special tokens inside a text
    "a [SEP] b[CLS]c [MASK] [UNK] [PAD] [sep] [ SEP ]",
    "a </s> b<s>c <pad> <unk> <mask> </S> < s >",
    # long words: around the WordPiece limit of 100 characters, and far beyond
    "x" * 99 + " " + "y" * 100 + " " + "z" * 101 + " " + "é" * 100,
    "abcdefghijklmno" * 200,
    "e" + "\u0301" * 120 + " end",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--default", type=Path, default=HERE / "../../model/tokenizer.json")
    files = {"wordpiece": HERE / "../models/wordpiece/tokenizer.json", "default": parser.parse_args().default}
    sections = []
    for name, file in files.items():
        tokenizer = Tokenizer.from_file(str(file))
        rows = []
        for query, document in zip(TEXTS, [*TEXTS[1:], TEXTS[0]]):
            pair = tokenizer.encode(query, document)
            rows.append(json.dumps({"query": query, "document": document, "ids": pair.ids, "typeIds": pair.type_ids}, separators=(",", ":")))
        sections.append(f'"{name}": [\n' + ",\n".join(rows) + "\n]")
        print(name, len(rows), "pairs")
    (HERE / "tokens.json").write_text("{" + ",\n".join(sections) + "}\n", "utf-8")


if __name__ == "__main__":
    main()
