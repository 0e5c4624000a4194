"""Two readings → one logit: evidence of four kinds, and a scale and offset that make its sigmoid a probability."""
import json

import torch
from torch import nn

from encoder import FAR
from workplace import WORK, wanted

# Logits per unit of each kind of evidence, before calibration. e5's cosines of relevant and other documents lie some 0.1 apart.
START = {"cosine": 40.0, "meaning": 0.0, "identity": 1.2, "order": 0.8}
# BM25's k1 and b, and a document's usual length in tokens.
K1, B, USUAL = 1.2, 0.75, 100.0


def starting_weights(vocabulary):
    """Inverse document frequency by the training documents, `[vocabulary, 1]`; the template's own tokens weigh next to nothing."""
    found = json.loads(wanted(WORK / "idf.json", "draw.py").read_text())
    assert len(found) == vocabulary, (len(found), vocabulary)
    return torch.tensor(found)[:, None]


class Head(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        # How much a token of the query says, by its id: starts as its inverse document frequency.
        self.token_weight = nn.Embedding(vocabulary, 1)
        self.evidence = nn.Parameter(torch.tensor(list(START.values())))
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, ids, hidden, query, document):
        """Logits `[batch, 1]` of rows that hold both sides; `query` and `document` are 1 where a token of theirs stands."""
        means = [(hidden * side[:, :, None]).sum(1) / side.sum(1, keepdim=True) for side in (query, document)]
        q, d = (unit(mean) for mean in means)
        cosine = (q * d).sum(-1, keepdim=True)
        weight = self.weights(ids, query)
        equal = (ids[:, :, None] == ids[:, None, :]).float() * document[:, None, :]
        features = [cosine, self.meaning(hidden, weight, document), identity(equal, weight, document.sum(1, keepdim=True)), order(equal, weight)]
        return self.logit(torch.cat(features, 1))

    def weights(self, ids, query):
        """Of the query's tokens, adding up to 1; of separators and prefixes nearly 0."""
        weight = self.token_weight(ids)[:, :, 0].abs() * query
        return weight / weight.sum(1, keepdim=True)

    def meaning(self, hidden, weight, document):
        """How near each token of the query comes to one of the document; not computed where it does not count."""
        if self.evidence[1] == 0:
            return torch.zeros_like(weight.sum(1, keepdim=True))
        states = unit(hidden)
        unseen = ((1.0 - document) * FAR)[:, None, :]
        nearest = (torch.matmul(states, states.transpose(1, 2)) + unseen).amax(-1)
        return (nearest * weight).sum(1, keepdim=True)

    def logit(self, features):
        return (features * self.evidence).sum(-1, keepdim=True) + self.bias


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


def identity(equal, weight, length):
    """Tokens of the query that stand in the document, the more often the better, as BM25 counts. `equal` is `[…, query tokens, document tokens]`."""
    count = equal.sum(-1)
    return (weight * count / (count + K1 * (1 - B + B / USUAL * length))).sum(-1, keepdim=True)


def order(equal, weight):
    """Neighbours in the query that are neighbours in the document."""
    both = (equal[..., :-1, :-1] * equal[..., 1:, 1:]).amax(-1)
    # A pair says what its more common token says: next to nothing, where one is of the template.
    pair = torch.minimum(weight[..., :-1], weight[..., 1:])
    return (both * pair).sum(-1, keepdim=True) / (pair.sum(-1, keepdim=True) + 1e-6)
