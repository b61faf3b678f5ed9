"""Trace an answer back over each mention that takes part: which candidates brought it, along which paths."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kgqa.explain.paths import RelationPath, Walks, best_paths, start_shares
from kgqa.model.hops import Plan
from kgqa.model.prediction import Model, Prediction
from kgqa.model.reasoner import OPEN
from kgqa.ops.entity_set import members
from kgqa.threads import one_thread

MOST_PATHS: Final = 3
"""Paths that are told of each mention."""


@dataclass(frozen=True, eq=False)
class Traced:
    """How a branch leads to an answer.

    Attributes:
        place: its place among the branches that take part.
        branch: its number in the batch.
        starts: what part of its score came from each candidate, by row.
        paths: the best paths; the first begins at the candidate that brought most, and stands in the Cypher.
        differ: the pairs of positions (low, high) on the first path: what the first `low` hops lead to is left out at `high`.
    """

    place: int
    branch: int
    starts: dict[int, float]
    paths: list[RelationPath]
    differ: tuple[tuple[int, int], ...]


def traced(model: Model, prediction: Prediction, branches: Sequence[int], answer: int) -> list[Traced]:
    """Trace an answer back over each branch that takes part and reaches it.

    Args:
        model: the model that made the prediction.
        prediction: what it predicted.
        branches: those that take part.
        answer: the row of the entity.
    """
    assert prediction.reasoning is not None
    reasoning = prediction.reasoning
    found = []
    with one_thread():
        for place, branch in enumerate(branches):
            walks = Walks.of(model.kb.facts, reasoning, branch)
            paths = best_paths(walks, answer, most=MOST_PATHS)
            if not paths:
                continue
            starts = start_shares(walks, answer)
            likeliest = max(starts, key=lambda row: (starts[row], -row))
            if paths[0].entities[0] != likeliest:
                first = best_paths(walks, answer, most=1, start=likeliest)
                paths = [*first, *(path for path in paths if path not in first)][:MOST_PATHS]
            found.append(Traced(place, branch, starts, paths, _pairs(reasoning.plan, walks, branch, paths[0])))
    return found


def mentioned(prediction: Prediction, answer: int, attribute: int) -> Traced:
    """Return what led to an entity that the question names itself: the branch that names it most, and a path without a hop.

    Args:
        prediction: what the model predicted.
        answer: the row of the entity.
        attribute: what of it is told; candidates that have it not, or another value, brought nothing.
    """
    assert prediction.reasoning is not None
    reasoning, seeds = prediction.reasoning, prediction.reasoning.seeds
    of_question = reasoning.question[seeds.sets] == prediction.number
    trust = seeds.weights * reasoning.spans[seeds.sets]
    branch = int(seeds.sets[trust.masked_fill(~of_question | (seeds.entities != answer), -1.0).argmax()])
    rows, own = members(seeds, branch)
    there = (reasoning.values[rows, attribute] == reasoning.values[answer, attribute]).numpy()
    weights = seeds.weights.numpy()[own] * there
    starts = dict(zip(rows.tolist(), (weights / weights.sum()).tolist(), strict=True))
    return Traced(0, branch, starts, [RelationPath(relations=(), entities=(answer,), share=1.0)], ())


def _pairs(plan: Plan, walks: Walks, branch: int, path: RelationPath) -> tuple[tuple[int, int], ...]:
    """Return the pairs of positions on a path for what the gates left out, as `Chain.differ` has them."""
    hops, leave_last = len(path.relations), plan.leave_last[branch].tolist()
    pairs = [(hop - 2, hop) for hop in range(2, hops + 1) if leave_last[hop - 1] > OPEN]
    if float(plan.leave_start[branch]) > OPEN and (0, hops) not in pairs:
        pairs.append((0, hops))
    return tuple(
        (low, high)
        for low, high in pairs
        # A gate that is not quite closed lets a walk through that comes back; its query must not forbid that.
        if path.entities[high] not in walks.facts.led_to(path.entities[0], path.relations[:low])
        # Where nothing could have come back, as from a film to an actor to a film to a genre, there is nothing to forbid.
        and len(np.intersect1d(walks.levels[low].entities, walks.levels[high].entities, assume_unique=True))
    )
