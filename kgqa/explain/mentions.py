"""Say what a question names: which text, which entities of that name, and how far the answer rests on each."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from kgqa.explain.answer import Mention, RankedEntity
from kgqa.explain.branches import Traced
from kgqa.kb import KnowledgeBase
from kgqa.model.prediction import Prediction
from kgqa.ops import EntitySet
from kgqa.ops.entity_set import members

MOST_CANDIDATES: Final = 5
"""Candidates that are told of each mention."""


def mentions_of(
    kb: KnowledgeBase,
    prediction: Prediction,
    branches: Sequence[int],
    found: Sequence[Traced] = (),
    answer: int | None = None,
) -> tuple[Mention, ...]:
    """Return what the branches name. Where an answer was traced, the candidates' shares are exact: what each brought to it."""
    reasoning, batch, layout = prediction.reasoning, prediction.batch, prediction.layout
    if reasoning is None or batch is None:
        return ()
    starts = {one.branch: one.starts for one in found}
    told = []
    owners, first = batch.candidate_branch.numpy(), int(np.searchsorted(batch.question.numpy(), prediction.number))
    for branch in branches:
        own = slice(*np.searchsorted(owners, (branch, branch + 1)).tolist())
        rows = batch.candidate[own].tolist()
        probable = dict(zip(rows, reasoning.candidates[own].tolist(), strict=True))
        shares = {row: starts[branch].get(row, 0.0) for row in rows} if branch in starts else probable
        order = sorted(rows, key=lambda row: (-shares[row], -probable[row], row))[:MOST_CANDIDATES]
        span = layout.branches[branch - first].span
        inside = layout.tokens[span.first : span.last + 1]
        start, end = (inside[0].start, inside[-1].end) if inside else (len(layout.text), len(layout.text))
        told.append(
            Mention(
                text=layout.text[start:end],
                start=start,
                end=end,
                probability=round(float(reasoning.gates[branch]), 6),
                candidates=tuple(entity_of(kb, row, round(shares[row], 6)) for row in order),
                exact=span.exact,
                weight=None if answer is None else round(_weight(reasoning.branches, branch, answer), 6),
            )
        )
    return tuple(told)


def _weight(branches: EntitySet, branch: int, answer: int) -> float:
    """Return how far a branch alone reaches an entity."""
    rows, own = members(branches, branch)
    return float(branches.weights.numpy()[own][rows == answer].sum())


def entity_of(kb: KnowledgeBase, row: int, score: float) -> RankedEntity:
    """Return an entity with a score."""
    return RankedEntity(id=kb.ids[row], name=kb.name(row), score=score)
