"""The relevance sets: read, cleaned of what is in both halves, and cut into training and evaluation by group."""
import dataclasses
import gzip
import hashlib
import json
import re

from workplace import DATA, Unusable

# Held back from train/, because valid/ has no Korean, no traditional Chinese and nothing across languages: one group in HOLD_BACK of these.
HELD_BACK = ("tldr_ko", "chatbot_ko", "tldr_ko_en", "tldr_ja_en", "tldr_zh_en", "rustbook_zh_en", "drcd_dev", "tldr_ja", "medquad", "jaquad_train", "stackfaq", "covidqa")
HOLD_BACK = 8
LANGUAGES = {
    "zh": ("cmedir_test", "cmrc2018_dev", "tldr_zh", "drcd_dev"),
    "en": ("cosqa_retrieval_test", "pubmedqa", "medquad", "stackfaq", "covidqa"),
    "ja": ("jsquad_test", "tldr_ja", "jaquad_train"),
    "ko": ("tldr_ko", "chatbot_ko"),
    "cross-lingual": ("tldr_ko_en", "tldr_ja_en", "tldr_zh_en", "rustbook_zh_en"),
}


@dataclasses.dataclass
class Query:
    text: str
    relevant: list
    irrelevant: list
    group: str


@dataclasses.dataclass
class Set:
    name: str
    queries: list
    documents: list


def normal(text):
    """What makes two texts the same."""
    return re.sub(r"\s+", " ", text).strip().casefold()


def load(split, names=None):
    """The sets of data/rerank/<split>, each query with the line numbers of its documents."""
    folder = DATA / split
    if not folder.is_dir():
        raise Unusable(f"{folder} is missing: the relevance sets are not part of the repository; set RECIPE_DATA to their folder")
    found = []
    for path in sorted(folder.glob("*.passages.jsonl.gz")):
        name = path.name.removesuffix(".passages.jsonl.gz")
        if names is not None and name not in names:
            continue
        documents = lines(path)
        queries = [Query(row["q"], row["pos"], row["neg"], row["group"]) for row in lines(folder / f"{name}.jsonl.gz")]
        there = lambda numbers: [at for at in numbers if documents[at].strip()]
        queries = [dataclasses.replace(query, relevant=there(query.relevant), irrelevant=there(query.irrelevant)) for query in queries]
        found.append(Set(name, queries, documents))
    return found


def lines(path):
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            return [json.loads(line) for line in file]
    except (EOFError, gzip.BadGzipFile, json.JSONDecodeError) as damage:
        raise Unusable(f"{path} is damaged ({damage}); fetch it again") from damage


def is_held_back(group, name):
    """By the group's own name, so that a page is held back in all its languages at once; single-group sets by query."""
    return hashlib.sha256(f"{group}".encode()).digest()[0] % HOLD_BACK == 0


def split():
    """(sets to train on, sets to evaluate on), which share no query, no relevant document and no group."""
    training, evaluation = load("train"), load("valid")
    for it in training:
        if it.name in HELD_BACK:
            held = [query for query in it.queries if is_held_back(key(it, query), it.name) and query.relevant]
            evaluation.append(Set(it.name, held, it.documents))
    texts = {normal(query.text) for it in evaluation for query in it.queries}
    documents = {normal(it.documents[at]) for it in evaluation for query in it.queries for at in query.relevant}
    groups = {(family(it.name), key(it, query)) for it in evaluation for query in it.queries}
    for it in training:
        it.queries = [query for query in it.queries if normal(query.text) not in texts and (family(it.name), key(it, query)) not in groups]
        it.documents = ["" if normal(document) in documents else document for document in it.documents]
        there = lambda numbers: [at for at in numbers if it.documents[at]]
        it.queries = [dataclasses.replace(query, relevant=there(query.relevant), irrelevant=there(query.irrelevant)) for query in it.queries]
        it.queries = [query for query in it.queries if query.relevant or query.irrelevant]
    return training, evaluation


def family(name):
    """Sets that share their groups' names."""
    return name.split("_")[0]


def key(it, query):
    # chatbot_ko is one group of unrelated lines.
    return query.text if it.name == "chatbot_ko" else query.group


def overlap(training, evaluation):
    """How many queries, relevant documents and groups stand on both sides; the recipe asserts zeros."""
    queries = lambda sets: {normal(query.text) for it in sets for query in it.queries}
    documents = lambda sets: {normal(it.documents[at]) for it in sets for query in it.queries for at in query.relevant}
    groups = lambda sets: {(family(it.name), key(it, query)) for it in sets for query in it.queries}
    return {name: len(of(training) & of(evaluation)) for name, of in (("queries", queries), ("documents", documents), ("groups", groups))}


if __name__ == "__main__":
    from workplace import stage

    with stage("sets"):
        training, evaluation = split()
        for title, sets in (("training", training), ("evaluation", evaluation)):
            print(title, sum(len(it.queries) for it in sets), "queries:", ", ".join(f"{it.name} {len(it.queries)}" for it in sets))
        print("overlap", overlap(training, evaluation))
