"""Learned queries that read the words of a question."""

import torch
from torch import Tensor, nn

from kgqa.model.encoder import Encoding


class WordAttention(nn.Module):
    """n learned queries; the keys are the words in their context, the values are the words as they are.

    What a word says of a relation is the same wherever it stands, so the values do not know of their context. Queries that
    depend on what was read before learned three times more slowly.
    """

    def __init__(self, queries: int, hidden: int) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(queries, hidden) / hidden**0.5)

    def forward(self, encoding: Encoding) -> Tensor:
        """Return what each query reads in each reading, shape (readings, n, V)."""
        scores = (encoding.states @ self.queries.T).transpose(1, 2)
        attention = scores.masked_fill(~encoding.mask[:, None], float("-inf")).softmax(2)
        return attention @ encoding.values
