"""Know entities by the relations they take part in, or by their facts, and choose among the candidates of a span."""

from typing import Final

import torch
from torch import Tensor, nn

from kgqa.kb.facts import Facts
from kgqa.ops.segments import softmax, unfold

_BITS: Final = 16
"""All pairs of a relation and an object share 2¹⁶ embeddings."""

_SPREAD: Final = 0x9E3779B97F4A7C15 - (1 << 64)
"""2⁶⁴ divided by the golden ratio, as a signed number: the first bits of a multiple of it depend on all bits (Knuth)."""

_SOME: Final = 1e-6
"""The least that a mean divides by: what has no relation is encoded as zeros."""

_FLOOR: Final = 0.05
"""What part of a span's probability all its candidates share: none is ruled out before the relation is known."""


class RelationBag(nn.Module):
    """e_k = mean of learned embeddings of the entity's relations, both directions (formula 7, relations alone)."""

    def __init__(self, num_relations: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.EmbeddingBag(num_relations, width, mode="mean")

    def forward(self, member: Tensor, relation: Tensor, entities: int) -> Tensor:
        """Encode entities, shape (C, width); one without facts is encoded as zeros.

        Args:
            member, relation: the relations of the entities, as `relations_of` gives them.
            entities: C.
        """
        offsets = torch.searchsorted(member, torch.arange(entities, device=member.device))
        encoded: Tensor = self.embedding(relation, offsets)
        return encoded

    def kinds(self, relations: Tensor) -> Tensor:
        """Encode what is known only by how far it has each relation: the mean over them; shape (…, N_R) to (…, width)."""
        return relations @ self.embedding.weight / relations.sum(-1, keepdim=True).clamp(min=_SOME)


class PairBag(nn.Module):
    """The mean of learned embeddings of the entity's pairs (relation, object), both directions (formula 7).

    Embeddings start at zero, so that pairs add to what the relations say of an entity only where questions ask for it. Pairs
    share a fixed number of embeddings; the cost of an entity grows with its facts.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embedding = nn.EmbeddingBag(1 << _BITS, width, mode="mean")
        nn.init.zeros_(self.embedding.weight)

    def forward(self, facts: Facts, entities: Tensor) -> Tensor:
        """Encode entities, shape (C,), as (C, width); one without facts is encoded as zeros."""
        member, fact = unfold(facts.pointer, entities)
        pair = facts.relation[fact].long() * facts.num_entities + facts.object[fact].long()
        offsets = torch.searchsorted(member, torch.arange(len(entities), device=member.device))
        encoded: Tensor = self.embedding(spread(pair), offsets)
        return encoded


def spread(numbers: Tensor) -> Tensor:
    """Return for each number one of 0 to 2¹⁶ − 1; numbers that differ, even by a multiple of 2¹⁶, seldom have the same one."""
    return (numbers * _SPREAD) >> (64 - _BITS) & ((1 << _BITS) - 1)


class CandidateChooser(nn.Module):
    """p(k|i): the softmax over the candidates of a span, never over spans, of how well each fits the question (formula 8)."""

    def __init__(self, hidden: int, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(2 * hidden, width)

    def forward(self, spans: Tensor, candidates: Tensor, candidate_branch: Tensor, num_branches: int) -> Tensor:
        """Return the probability of each candidate within its span.

        Args:
            spans: shape (S, 2H), what the question says around each span.
            candidates: shape (C, width), the entities encoded.
            candidate_branch: shape (C,), the span of each candidate.
            num_branches: S.

        Returns:
            Shape (C,); sums to 1 within each span.
        """
        fit = (self.query(spans)[candidate_branch] * candidates).sum(1)
        chosen = softmax(fit, candidate_branch, num_branches)
        number = torch.bincount(candidate_branch, minlength=num_branches)[candidate_branch]
        return (1.0 - _FLOOR) * chosen + _FLOOR / number
