"""The most probable maximum of each sparse set: one sort and one pass, compiled for the CPU."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from kgqa.compiled import compiled


def extreme(weights: Tensor, values: Tensor, pointer: Tensor) -> Tensor:
    """Return the probability of each member to be its set's maximum.

    Args:
        weights: shape (n,), in [0, 1].
        values: shape (n,), float64, of each member; NaN where it has none.
        pointer: shape (B + 1,), int64, where the members of each set begin.
    """
    w = weights.contiguous().numpy()
    found = np.zeros_like(w)
    _extreme(w, values.numpy(), pointer.numpy(), found)
    return torch.from_numpy(found)


def extreme_backward(weights: Tensor, values: Tensor, pointer: Tensor, gradient: Tensor) -> Tensor:
    """Return the gradient of `extreme` in the weights."""
    w = weights.contiguous().numpy()
    for_w = np.zeros_like(w)
    _extreme_backward(w, values.numpy(), pointer.numpy(), gradient.contiguous().numpy(), for_w)
    return torch.from_numpy(for_w)


@compiled
def _ranked(values: Any, first: int, last: int) -> Any:
    """Return the members from `first` to `last` that have a value, the largest first."""
    known = np.empty(last - first, dtype=np.int64)
    size = 0
    for member in range(first, last):
        if not np.isnan(values[member]):
            known[size] = member
            size += 1
    return known[:size][np.argsort(-values[known[:size]], kind="mergesort")]


@compiled
def _tie_end(values: Any, order: Any, start: int) -> int:
    """Return the first place after `start` with another value."""
    end = start + 1
    while end < len(order) and values[order[end]] == values[order[start]]:
        end += 1
    return end


@compiled
def _extreme(weights: Any, values: Any, pointer: Any, found: Any) -> None:
    for number in range(len(pointer) - 1):
        order = _ranked(values, pointer[number], pointer[number + 1])
        above, start = 1.0, 0  # the probability that no larger one is in the set
        while start < len(order):
            end = _tie_end(values, order, start)
            none = 1.0
            for member in order[start:end]:
                found[member] = weights[member] * above
                none *= 1.0 - weights[member]
            above *= none
            start = end


@compiled
def _extreme_backward(weights: Any, values: Any, pointer: Any, gradient: Any, for_weights: Any) -> None:
    for number in range(len(pointer) - 1):
        order = _ranked(values, pointer[number], pointer[number + 1])
        above = np.empty(len(order) + 1)  # of the place where its tie begins
        start, reached = 0, 1.0
        while start < len(order):
            end = _tie_end(values, order, start)
            above[start:end] = reached
            for member in order[start:end]:
                reached *= 1.0 - weights[member]
            start = end
        end, below = len(order), 0.0  # what the smaller ones bring if none of this tie is in the set
        while end > 0:
            start = end - 1
            while start > 0 and values[order[start - 1]] == values[order[end - 1]]:
                start -= 1
            # Without division, so that a member that is certain has a gradient too: products before and after each.
            after = np.ones(end - start + 1)
            for place in range(end - 1, start - 1, -1):
                after[place - start] = after[place - start + 1] * (1.0 - weights[order[place]])
            before, brought = 1.0, 0.0
            for place in range(start, end):
                member = order[place]
                others = before * after[place - start + 1]
                for_weights[member] = above[place] * (gradient[member] - others * below)
                brought += gradient[member] * weights[member]
                before *= 1.0 - weights[member]
            below = brought + after[0] * below
            end = start
