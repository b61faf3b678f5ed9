"""One dense hop in one pass over the facts, compiled for the CPU.

Weights are laid out as columns, shape (N_E, B), so that what a fact moves lies together in memory. Entities are divided into
runs with about the same number of facts; a run is one thread's work, and no two write to the same place. The division depends
on the graph alone, so the result does not depend on the number of threads.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgqa.compiled import compiled, sum_and_share, sum_products
from kgqa.threads import divide, spread

_RUN = 1 << 14
"""Facts in a run: enough work that handing it to a thread does not show."""

_MOST_RUNS = 64


def pull(pointer: Tensor, relation: Tensor, object_: Tensor, x: Tensor, r: Tensor) -> Tensor:
    """Return y[e] = Σ over the facts (e, p, o) of e of x[o] ⊙ r[p].

    Args:
        pointer, relation, object_: as in `Facts`.
        x: shape (N_E, B), B a multiple of `compiled.WIDTH`.
        r: shape (N_R, B).
    """
    x_, r_ = x.contiguous().numpy(), r.contiguous().numpy()
    graph = pointer.numpy(), relation.numpy(), object_.numpy()
    y = np.empty_like(x_)
    spread(lambda run: _pull(*graph, x_, r_, y, *run), _runs(graph[0], len(r_)))
    return torch.from_numpy(y)


def pull_backward(
    pointer: Tensor, relation: Tensor, object_: Tensor, x: Tensor, r: Tensor, gradient: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the gradients of `pull` in x and r, both in one pass.

    A fact (e, p, o) moved r[p] from o to e. Its inverse is among the facts of o, so each entity's own facts say where its
    weight went.
    """
    x_, r_, g = x.contiguous().numpy(), _inverted(r.numpy()), gradient.contiguous().numpy()
    graph = pointer.numpy(), relation.numpy(), object_.numpy()
    for_x = np.empty_like(x_)
    runs = _runs(graph[0], len(r_))
    for_r = np.zeros((len(runs), *r_.shape), dtype=r_.dtype)
    spread(lambda place: _pull_backward(*graph, x_, r_, g, for_x, for_r[place], *runs[place]), range(len(runs)))
    return torch.from_numpy(for_x), torch.from_numpy(_inverted(for_r.sum(axis=0)))


def _inverted(rows: NDArray[Any]) -> NDArray[Any]:
    """Return the row of each relation at the place of its inverse."""
    half = len(rows) // 2
    return np.concatenate([rows[half:], rows[:half]])


def _runs(pointer: NDArray[np.int64], num_relations: int) -> list[tuple[int, int]]:
    """Divide the entities. Each run sums the gradients of the relations for itself, so many relations mean fewer runs."""
    facts = int(pointer[-1])
    return divide(pointer, max(1, min(_MOST_RUNS, facts // _RUN, facts // (4 * max(num_relations, 1)))))


@compiled
def _pull(pointer: Any, relation: Any, object_: Any, x: Any, r: Any, y: Any, first: int, last: int) -> None:
    for entity in range(first, last):
        sum_products(y, entity, x, object_, r, relation, pointer[entity], pointer[entity + 1])


@compiled
def _pull_backward(
    pointer: Any, relation: Any, object_: Any, x: Any, r: Any, gradient: Any, for_x: Any, for_r: Any, first: int, last: int
) -> None:
    for entity in range(first, last):
        facts = pointer[entity], pointer[entity + 1]
        sum_and_share(for_x, entity, gradient, object_, r, relation, facts[0], facts[1], for_r, x)
