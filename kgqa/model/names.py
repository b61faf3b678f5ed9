"""Tell relations and attributes apart by their names: what a question says is compared with what each is called."""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from kgqa.model.encoder import Encoder
from kgqa.model.vocabulary import Vocabulary
from kgqa.text import tokenise

SCALE: Final = 15.0
"""Logits per unit of cosine."""


class Names(nn.Module):
    """Classes whose vectors are the encoded names plus a learned residual that starts at zero; shape (n, V).

    A name is the mean of its words: of the embeddings that questions are read with, or of a pretrained model's states.
    """

    flat: Tensor
    offsets: Tensor
    encoded: Tensor

    def __init__(self, names: Sequence[str], vocabulary: Vocabulary, encoder: Encoder) -> None:
        super().__init__()
        self.residual = nn.Parameter(torch.zeros(len(names), encoder.width))
        words = [[token.key for token in tokenise(name)] or ["?"] for name in names]
        self._embedding: tuple[nn.Embedding, ...] = ()
        if encoder.pretrained is None:
            self._embedding = (encoder.embedding,)  # in a tuple it is not counted twice among the parameters
            numbers = [[vocabulary.number(word) for word in row] for row in words]
            self.register_buffer("flat", torch.tensor([number for row in numbers for number in row]), persistent=False)
            offsets = torch.tensor([0] + [len(row) for row in numbers[:-1]]).cumsum(0)
            self.register_buffer("offsets", offsets, persistent=False)
        else:
            self.register_buffer("encoded", encoder.pretrained.sentences([" ".join(row) for row in words]), persistent=False)

    def forward(self, said: Tensor) -> Tensor:
        """Return logits for what a question says, 15 · cosine; shape (…, V) to (…, n)."""
        classes = self._names() + self.residual
        return SCALE * normalize(said, dim=-1) @ normalize(classes, dim=-1).T

    def _names(self) -> Tensor:
        if not self._embedding:
            return self.encoded
        return nn.functional.embedding_bag(self.flat, self._embedding[0].weight, self.offsets, mode="mean")
