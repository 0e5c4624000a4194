"""The model as it is exported: token ids, mask and token types of a pair → one logit."""
import torch
from torch import nn

from encoder import FAR


class Pair(nn.Module):
    """`<s> query: A </s>` of type 0 and `<s> passage: B </s>` of type 1 → logit `[batch, 1]`.

    Attention is block-diagonal and positions start again in each segment, so each side is read as e5 reads it alone.
    """

    def __init__(self, encoder, head):
        super().__init__()
        self.bert = encoder
        self.head = head
        self.register_buffer("position_ids", torch.arange(encoder.sizes["positions"])[None], persistent=False)

    def forward(self, input_ids, attention_mask, token_type_ids):
        there = attention_mask.float()
        document = token_type_ids.float() * there
        query = there - document
        same = (token_type_ids[:, :, None] == token_type_ids[:, None, :]).float() * there[:, None, :]
        mask = ((1.0 - same) * FAR)[:, None, :, :]
        start = query.sum(1, keepdim=True).long()
        positions = self.position_ids[:, : input_ids.shape[1]] - token_type_ids * start
        hidden, _ = self.bert(input_ids, positions, mask)
        return self.head(input_ids, hidden, query, document)
