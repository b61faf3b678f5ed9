"""Combine weighted sets of entities: rescale, exclude, mix over hops, intersect over mentions."""

from collections.abc import Sequence

import torch
from torch import Tensor

from kgqa.errors import ShapeError
from kgqa.ops.entity_set import EntitySet
from kgqa.ops.segments import maximum


def rescale(x: EntitySet) -> EntitySet:
    """Bring every weight above 1 to 1, by dividing it by its own value, through which no gradient flows (formula 3)."""
    return x.with_weights(x.weights / x.weights.detach().clamp(min=1.0))


def exclude(x: EntitySet, other: EntitySet, gate: Tensor) -> EntitySet:
    """Take the members of `other` out of `x`, as far as the gate is open: x ⊙ (1 − g·other).

    Args:
        x, other: B sets each; weights of `other` in [0, 1].
        gate: shape (B,), in [0, 1].
    """
    _check(x, other)
    return x.with_weights(x.weights * (1.0 - gate[x.sets] * other.weights_at(x.keys)))


def mix(sets: Sequence[EntitySet], weights: Tensor) -> EntitySet:
    """Return the weighted sum Σ_t a_t x_t of sets over hops (formula 5).

    Args:
        sets: T times B sets.
        weights: shape (B, T).
    """
    for x in sets[1:]:
        _check(sets[0], x)
    return EntitySet.of(
        torch.cat([x.sets for x in sets]),
        torch.cat([x.entities for x in sets]),
        torch.cat([x.weights * weights[x.sets, t] for t, x in enumerate(sets)]),
        batch=sets[0].batch,
        num_entities=sets[0].num_entities,
    )


def intersect(branches: EntitySet, gates: Tensor, question: Tensor, num_questions: int) -> EntitySet:
    """Intersect the branches of each question: min_i ( 1 − g_i (1 − x^i) ) (formulas 10 and 11).

    Sen, Saffari, Oliya 2021 (arXiv 2109.05808) for the minimum; the gates are ours. A branch whose gate is 0 is neutral.
    Only entities that some branch reaches are members of the result: at any other the minimum is 1 − max_i g_i, which is 0
    because the best branch's gate is 1.

    Args:
        branches: the sets x^i, weights in [0, 1].
        gates: shape (branches,), in [0, 1], at least one branch of each question with 1.
        question: shape (branches,), ascending: which question each branch belongs to, 0 to num_questions - 1.
        num_questions: B.

    Returns:
        B sets. Where branches are equal the gradient is shared among them.
    """
    if gates.shape != question.shape or len(gates) != branches.batch:
        raise ShapeError(
            f"intersect: expected a gate and a question for each of {branches.batch} branches, found {tuple(gates.shape)} and "
            f"{tuple(question.shape)}."
        )
    width = branches.num_entities
    keys = torch.unique(question[branches.sets] * width + branches.entities)
    # Every branch of a question says something of every entity that some branch of that question reaches.
    sizes = torch.bincount(question, minlength=num_questions)
    starts = torch.cumsum(sizes, 0) - sizes
    owner = torch.div(keys, width, rounding_mode="floor")
    place = torch.repeat_interleave(torch.arange(len(keys), device=keys.device), sizes[owner])
    offset = torch.arange(len(place), device=keys.device) - (torch.cumsum(sizes[owner], 0) - sizes[owner])[place]
    branch = starts[owner][place] + offset
    reached = branches.weights_at(branch * width + (keys % width)[place])
    relaxed = 1.0 - gates[branch] * (1.0 - reached)
    smallest = -maximum(-relaxed, place, len(keys))
    return EntitySet(keys, smallest, num_questions, width)


def _check(left: EntitySet, right: EntitySet) -> None:
    if (left.batch, left.num_entities) != (right.batch, right.num_entities):
        raise ShapeError(
            f"expected sets over the same entities, found {left.batch} over {left.num_entities} and {right.batch} over "
            f"{right.num_entities}."
        )
