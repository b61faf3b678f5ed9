"""How far a span is a mention: p(i), and the gate with which its branch takes part in the intersection."""

import torch
from torch import Tensor, nn

from kgqa.model.branches import FEATURES, Batch
from kgqa.ops.segments import maximum, softmax

_SHARPNESS = 3.0
"""How much better than an overlapping span a span must score to keep its gate open."""

_PRIOR = (2.0, -1.0, -2.0, -2.0)
"""Where the weights of a span's features begin: long exact spans with few candidates that no longer span contains."""


class SpanGates(nn.Module):
    """Score every span, turn the scores into p(i) within each question (formula 6), and p(i) into gates (formula 11)."""

    def __init__(self, hidden: int, width: int) -> None:
        super().__init__()
        self.score = nn.Sequential(nn.Linear(2 * hidden + width, hidden), nn.Tanh(), nn.Linear(hidden, 1, bias=False))
        self.features = nn.Linear(FEATURES, 1, bias=False)
        with torch.no_grad():
            self.features.weight.copy_(torch.tensor([_PRIOR]))

    def forward(self, batch: Batch, spans: Tensor, kinds: Tensor) -> tuple[Tensor, Tensor]:
        """Return p(i) and the gates, shape (S,) each.

        A span that shares tokens with a better one is lowered by how much better that one is. Where the topics came with
        the question every gate is 1.

        Args:
            batch: B questions as S branches.
            spans: shape (S, 2H), what the question says around each span.
            kinds: shape (S, width), what kind of thing each span may name.
        """
        scores = (self.score(torch.cat([spans, kinds], dim=1)) + self.features(batch.features)).squeeze(1)
        left, right = batch.clash
        rival = maximum(scores[right].detach(), left, batch.branches, empty=-1e4)
        kept = torch.sigmoid(_SHARPNESS * (scores - rival))
        probability = softmax(scores, batch.question, batch.questions) * kept
        best = maximum(probability, batch.question, batch.questions)[batch.question]
        gates = torch.where(batch.given, torch.ones_like(probability), probability / best)
        return probability, gates
