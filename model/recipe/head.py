"""Two readings → one logit: evidence of five kinds, and a small net that weighs them so that the sigmoid is a probability."""
import json

import torch
from torch import nn

from encoder import FAR
from workplace import WORK, wanted

# BM25's k1 and b, and a document's usual length in tokens.
K1, B, USUAL = 1.2, 0.75, 100.0
# Numbers a token is compared by, and units of the net that weighs the evidence.
NEAR, HIDDEN = 128, 24
EVIDENCE = ("cosine", "meaning", "presence", "identity", "order", "query length", "query rarity")
# Logits per standard deviation of each kind of evidence, before training.
START = (2.5, 0.5, 0.0, 0.8, 0.4, 0.0, 0.0)


def starting_weights(vocabulary):
    """Inverse document frequency by the training documents, `[vocabulary, 1]`; the template's own tokens weigh next to nothing."""
    found = json.loads(wanted(WORK / "idf.json", "draw.py").read_text())
    assert len(found) == vocabulary, (len(found), vocabulary)
    return torch.tensor(found)[:, None]


class Head(nn.Module):
    def __init__(self, vocabulary, hidden=384):
        super().__init__()
        # How much a token says, by its id: starts as its inverse document frequency; and by its context: starts as 1.
        self.token_weight = nn.Embedding(vocabulary, 1)
        self.context = nn.Parameter(torch.zeros(NEAR))
        # What tokens are compared by, instead of hidden states, which all point the same way.
        self.near = nn.Linear(hidden, NEAR)
        self.register_buffer("middle", torch.zeros(len(EVIDENCE)))
        self.register_buffer("spread", torch.ones(len(EVIDENCE)))
        self.direct = nn.Parameter(torch.tensor(START))
        self.inner = nn.Parameter(torch.randn(len(EVIDENCE), HIDDEN, generator=torch.Generator().manual_seed(1)) * 0.3)
        self.inner_bias = nn.Parameter(torch.zeros(HIDDEN))
        self.outer = nn.Parameter(torch.zeros(HIDDEN))
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, ids, hidden, query, document):
        """Logits `[batch, 1]` of rows that hold both sides; `query` and `document` are 1 where a token of theirs stands."""
        q, d = (mean(hidden, side) for side in (query, document))
        cosine = (q * d).sum(-1)
        compared = self.near(hidden)
        weight = self.weights(ids, compared, query)
        unit_tokens = unit(compared)
        equal = (ids[:, :, None] == ids[:, None, :]).float() * document[:, None, :]
        near = (torch.matmul(unit_tokens, unit_tokens.transpose(1, 2)) + ((1.0 - document) * FAR)[:, None, :]).amax(-1)
        return self.logit(evidence(cosine, equal, near, weight, query, document.sum(1)))[:, None]

    def all_pairs(self, q, d):
        """Logits and evidence of every query with every document, of padded sides `(hidden, ids, there)`: what forward gives for rows that hold both."""
        (qh, qi, qt), (dh, di, dt) = q, d
        cosine = mean(qh, qt) @ mean(dh, dt).T
        compared = self.near(qh)
        weight = self.weights(qi, compared, qt)[:, None]
        equal = (qi[:, None, :, None] == di[None, :, None, :]).float() * dt[None, :, None, :]
        near = unit(compared).flatten(0, 1) @ unit(self.near(dh)).flatten(0, 1).T
        near = (near.view(*qi.shape, *di.shape) + (1.0 - dt) * FAR).amax(-1).transpose(1, 2)
        found = evidence(cosine, equal, near, weight, qt[:, None], dt.sum(1)[None])
        return self.logit(found), found

    def weights(self, ids, compared, query):
        """What each token of the query says; of separators and prefixes nearly nothing."""
        by_id = self.token_weight(ids)[..., 0].abs()
        return by_id * 2.0 * torch.sigmoid((compared * self.context).sum(-1)) * query

    def logit(self, found):
        x = (found - self.middle) / self.spread
        inner = torch.tanh((x[..., :, None] * self.inner).sum(-2) + self.inner_bias)
        return (x * self.direct).sum(-1) + (inner * self.outer).sum(-1) + self.bias


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


def mean(hidden, there):
    """The direction of a side's mean."""
    return unit((hidden * there[:, :, None]).sum(1) / there.sum(1, keepdim=True))


def evidence(cosine, equal, near, weight, query, length):
    """`[…, kinds]`. `equal` is 1 where a token of the query (last but one) is one of the document (last), `near` how near each comes to any of the document."""
    total = weight.sum(-1, keepdim=True)
    share = weight / total
    count = equal.sum(-1)
    meaning = (near * share).sum(-1)
    presence = (count.clamp(max=1.0) * share).sum(-1)
    # The more often the better, as BM25 counts.
    identity = (count / (count + (K1 * (1 - B) + K1 * B / USUAL * length)[..., None]) * share).sum(-1)
    # Neighbours in the query that are neighbours in the document. A pair says what its more common token says.
    both = (equal[..., :-1, :-1] * equal[..., 1:, 1:]).amax(-1)
    pair = torch.minimum(share[..., :-1], share[..., 1:])
    order = (both * pair).sum(-1) / (pair.sum(-1) + 1e-6)
    alike = cosine * 0.0
    lengths = torch.log(query.sum(-1)) + alike
    rarity = torch.log(1.0 + total[..., 0]) + alike
    return torch.stack([cosine, meaning, presence, identity, order, lengths, rarity], -1)
