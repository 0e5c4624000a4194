"""BM25 as a search engine would run it: words of Latin script, single characters and pairs of Han, kana and Hangul."""
import collections
import math
import re

# Robertson's usual constants.
K1, B = 1.2, 0.75
RUN = re.compile(r"[0-9a-z_\u00c0-\u024f]+|[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af]+", re.IGNORECASE)


def terms(text):
    for run in RUN.findall(text.casefold()):
        if run[0] < "\u3040":
            yield run
        else:
            yield from run
            yield from (run[at : at + 2] for at in range(len(run) - 1))


class Bm25:
    def __init__(self, documents):
        import numpy as np
        from scipy import sparse

        counted = [collections.Counter(terms(document)) for document in documents]
        self.ids = {}
        for counts in counted:
            for term in counts:
                self.ids.setdefault(term, len(self.ids))
        lengths = np.array([sum(counts.values()) for counts in counted], dtype=float)
        average = max(lengths.mean(), 1.0)
        seen = collections.Counter(term for counts in counted for term in counts)
        rows, columns, values = [], [], []
        for at, counts in enumerate(counted):
            for term, tf in counts.items():
                idf = math.log(1 + (len(documents) - seen[term] + 0.5) / (seen[term] + 0.5))
                rows.append(self.ids[term])
                columns.append(at)
                values.append(idf * tf * (K1 + 1) / (tf + K1 * (1 - B + B * lengths[at] / average)))
        self.weights = sparse.csr_matrix((values, (rows, columns)), shape=(max(len(self.ids), 1), len(documents)))

    def scores(self, query):
        """One score a document."""
        found = [self.ids[term] for term in terms(query) if term in self.ids]
        return self.weights[found].sum(axis=0).A1 if found else self.weights[[0]].multiply(0).toarray()[0]
