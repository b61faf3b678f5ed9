"""Combine weighted sets of entities: rescale, exclude, mix over hops, intersect over mentions, union, difference.

Each takes dense sets, shape (B, N_E), or `EntitySet`s, and returns what it was given.
"""

from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor

from kgqa.errors import ShapeError
from kgqa.ops import _sets
from kgqa.ops.entity_set import EntitySet
from kgqa.ops.segments import maximum

Sets = TypeVar("Sets", Tensor, EntitySet)


def rescale(x: Sets) -> Sets:
    """Bring every weight above 1 to 1, by dividing it by its own value, through which no gradient flows (formula 3)."""
    if isinstance(x, EntitySet):
        return x.with_weights(rescale(x.weights))
    return x / x.detach().clamp(min=1.0)


def exclude(x: Sets, other: Sets, gate: Tensor) -> Sets:
    """Take the members of `other` out of `x`, as far as the gate is open: x ⊙ (1 − g·other).

    Args:
        x, other: B sets each; weights of `other` in [0, 1].
        gate: shape (B,), in [0, 1].

    Raises:
        ShapeError: the sets are not over the same entities.
    """
    _check(x, other)
    if isinstance(x, EntitySet):
        return _sets.exclude(x, other, gate)
    return x * (1.0 - gate[:, None] * other)


def mix(sets: Sequence[Sets], weights: Tensor) -> Sets:
    """Return the weighted sum Σ_t a_t x_t of sets over hops (formula 5).

    Args:
        sets: T times B sets.
        weights: shape (B, T).

    Raises:
        ShapeError: the sets are not over the same entities.
    """
    first = sets[0]
    for x in sets[1:]:
        _check(first, x)
    if isinstance(first, EntitySet):
        return _sets.mix(list(sets), weights)
    return torch.einsum("tbe,bt->be", torch.stack(list(sets)), weights)


def intersect(branches: Sets, gates: Tensor, question: Tensor, num_questions: int) -> Sets:
    """Intersect the branches of each question: min_i ( 1 − g_i (1 − x^i) ) (formulas 10 and 11).

    Sen, Saffari, Oliya 2021 (arXiv 2109.05808) for the minimum; the gates are ours. A branch whose gate is 0 is neutral.
    Of an `EntitySet` only entities that some branch reaches are members of the result: at any other the minimum is
    1 − max_i g_i, which is 0 because the best branch's gate is 1.

    Args:
        branches: the sets x^i, weights in [0, 1].
        gates: shape (branches,), in [0, 1], at least one branch of each question with 1.
        question: shape (branches,), ascending: which question each branch belongs to, 0 to num_questions - 1.
        num_questions: B.

    Returns:
        B sets. Where branches are equal the gradient is shared among them.

    Raises:
        ShapeError: a branch has no gate or no question, or the questions do not ascend.
    """
    size = branches.batch if isinstance(branches, EntitySet) else len(branches)
    if gates.shape != (size,) or question.shape != (size,):
        raise ShapeError(
            f"intersect: expected a gate and a question for each of {size} branches, found {tuple(gates.shape)} and "
            f"{tuple(question.shape)}."
        )
    if bool((question[1:] < question[:-1]).any()):
        raise ShapeError("intersect: expected the branches of a question to lie together, found questions that do not ascend.")
    if isinstance(branches, EntitySet):
        bounds = torch.arange(num_questions + 1, device=question.device)
        return _sets.intersect(branches, gates, torch.searchsorted(question, bounds))
    relaxed = (1.0 - gates[:, None]) + gates[:, None] * branches
    width = branches.shape[1]
    flat = (question[:, None] * width + torch.arange(width, device=question.device)).view(-1)
    return -maximum(-relaxed.view(-1), flat, num_questions * width).view(num_questions, width)


def union(left: Sets, right: Sets) -> Sets:
    """Return the larger of both weights at each entity; where they are equal the gradient is shared.

    Raises:
        ShapeError: the sets are not over the same entities.
    """
    _check(left, right)
    if not isinstance(left, EntitySet):
        return torch.maximum(left, right)
    keys, places = torch.unique(torch.cat([left.keys, right.keys]), return_inverse=True)
    weights = maximum(torch.cat([left.weights, right.weights]), places, len(keys))
    return EntitySet(keys, weights, left.batch, left.num_entities)


def difference(left: Sets, right: Sets) -> Sets:
    """Return what is in `left` and not in `right`: min(left, 1 − right), the intersection with what `right` is not.

    Raises:
        ShapeError: the sets are not over the same entities.
    """
    _check(left, right)
    if isinstance(left, EntitySet):
        return left.with_weights(torch.minimum(left.weights, 1.0 - right.weights_at(left.keys)))
    return torch.minimum(left, 1.0 - right)


def _check(left: Tensor | EntitySet, right: Tensor | EntitySet) -> None:
    shapes = [(x.batch, x.num_entities) if isinstance(x, EntitySet) else tuple(x.shape) for x in (left, right)]
    if type(left) is not type(right) or shapes[0] != shapes[1]:
        raise ShapeError(
            f"expected two dense sets or two `EntitySet`s over the same entities, found {type(left).__name__} of shape "
            f"{shapes[0]} and {type(right).__name__} of shape {shapes[1]}."
        )
