"""Make qianfan/signatures.json: Authorization headers by Baidu's own Python signer, for requests drawn at random.

    pip install -r tests/golden/requirements.txt
    python tests/golden/make_signatures.py

Made with Python 3.11.7 and bce-python-sdk 0.9.79. The signer takes the path as it goes over the wire, so it is encoded
here by the SDK's own encoder; it takes names of signed headers in the order they are sent, so they are sorted here.
"""
import json
import random
from pathlib import Path

from baidubce import utils
from baidubce.auth import bce_v1_signer
from baidubce.auth.bce_credentials import BceCredentials

HERE = Path(__file__).parent
COUNT = 240
RERANK = "/rpc/2.0/ai_custom/v1/wenxinworkshop/reranker/bce_reranker_base"
# What encoders get wrong: reserved and unreserved signs, blanks, Han, combining marks, emoji, right-to-left, controls.
PIECES = list("!*'();:@&=+$,/?#[]%-_.~ \"<>\\^`{|}aZ09") + ["测试", "上海天气", "é", "e\u0301", "😀", "שלום", "\t", "%41", "==", "a b"]


def words(draw, least, most):
    return "".join(draw.choice(PIECES) for _ in range(draw.randint(least, most)))


def request(draw, number):
    path = RERANK if number % 3 == 0 else "/" + words(draw, 0, 6).replace("\t", "").lstrip("/")
    query = {}
    for _ in range(draw.randint(0, 5)):
        # No name twice: the signer takes a dict. None and "" both sign as empty.
        query[words(draw, 1, 4)] = draw.choice(["", words(draw, 0, 8)])
    headers = {"host": draw.choice(["aip.baidubce.com", "iam.bj.baidubce.com", "127.0.0.1:8787", "[::1]:80"])}
    headers["x-bce-date"] = utils.get_canonical_time(time := draw.randint(1, 4_000_000_000)).decode()
    if number % 2:
        headers["x-bce-security-token"] = words(draw, 0, 20)
    if number % 4 == 0:
        headers["content-type"] = draw.choice(["application/json", "application/json; charset=utf-8", " padded "])
    if number % 5 == 0:
        headers["x-bce-" + draw.choice(["meta-a", "z", "request-id"])] = words(draw, 0, 5)
    return {
        "method": draw.choice(["POST", "GET", "PUT"]), "path": path, "query": sorted(query.items()), "headers": sorted(headers.items()),
        "keyId": draw.choice(["AKTEST", "ALTAKq8Zx2", "0" * 32]), "secret": draw.choice(["SKTEST", "密钥", "s" * 200]),
        "time": time, "goodFor": draw.choice([1800, 300, 1]),
    }


def sign(one):
    encoded = {name.encode(): value.encode() for name, value in one["headers"]}
    signed = sorted(name for name, value in encoded.items() if utils.convert_to_standard_string(value).strip())
    credentials = BceCredentials(one["keyId"], one["secret"])
    return bce_v1_signer.sign(
        credentials, one["method"].encode(), utils.normalize_string(one["path"], False), encoded, dict(one["query"]),
        one["time"], one["goodFor"], signed,
    ).decode()


def main():
    draw = random.Random(6)
    requests = [request(draw, number) for number in range(COUNT)]
    lines = [json.dumps({**one, "authorization": sign(one)}, ensure_ascii=False) for one in requests]
    (HERE / "qianfan" / "signatures.json").write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
