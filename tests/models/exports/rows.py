"""The pairs: `<first> query <between> document <last>` of token ids drawn at random, of different lengths, no padding."""
import random

VOCABULARY = 128
FIRST, LAST = 2, 3
# (query tokens, document tokens): 1 + q + 1 + d + 1 in a row. 61 is the longest that 64 positions leave comfortable; 13 gives the example of 16.
SIZES = [(1, 1), (2, 1), (4, 2), (3, 5), (5, 8), (9, 14), (7, 30), (12, 46)]


def rows() -> list[dict]:
    """ids and segments (0 up to and with the first separator, then 1) of each row."""
    draw = random.Random(11)
    word = lambda: draw.randrange(5, VOCABULARY)
    made = []
    for query, document in SIZES:
        ids = [FIRST, *(word() for _ in range(query)), LAST, *(word() for _ in range(document)), LAST]
        made.append({"ids": ids, "segments": [0] * (query + 2) + [1] * (document + 1)})
    return made
