"""Tell how many hops are meant by what kind of thing a question asks for: "from which country …" is not answered by a club."""

from typing import Final

import torch
from torch import Tensor, nn

from kgqa.model.attention import WordAttention
from kgqa.model.encoder import Encoding
from kgqa.model.linear import zero_linear

_NEVER: Final = 1e-30
"""What a probability of 0 counts as, so that its logarithm has a gradient."""


class AnswerKind(nn.Module):
    """Compare what kind of thing is asked for with what each number of hops leads to.

    a_t ∝ a⁰_t · exp(u(q) · k_t / √width), where a⁰ is how many hops the question by itself asks for (formula 4), and k_t the kind
    of what t hops lead to (ours). u starts at zero. A path of the right relations that stops a hop too early was what questions
    in unseen wordings were most often answered with.

    Args:
        hidden: H.
        values: V, the width of the words as they are.
        width: the width of the kinds of things.
    """

    def __init__(self, *, hidden: int, values: int, width: int) -> None:
        super().__init__()
        self.attention = WordAttention(1, hidden)
        self.asked = zero_linear(values, width)
        self.scale = width**-0.5

    def forward(self, encoding: Encoding, reading: Tensor, hops: Tensor, reached: Tensor) -> Tensor:
        """Return how many hops are meant, shape (S, T).

        Args:
            encoding: the readings, encoded.
            reading: shape (S,), the reading of each branch.
            hops: shape (S, T), a⁰.
            reached: shape (S, T, width), k_t.
        """
        asked = self.asked(self.attention(encoding)[reading].flatten(1))
        fit = self.scale * torch.einsum("sw,stw->st", asked, reached)
        meant: Tensor = (hops.clamp(min=_NEVER).log() + fit).softmax(1)
        return meant
