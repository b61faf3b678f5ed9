"""Count a weighted set of entities, or take the one whose attribute is the largest or smallest."""

from typing import Any

import torch
from torch import Tensor

from kgqa.errors import ShapeError
from kgqa.ops._operators import operator
from kgqa.ops.entity_set import EntitySet, set_bounds
from kgqa.ops.sets import Sets


def count(x: Tensor | EntitySet) -> tuple[Tensor, Tensor]:
    """Return how many entities are in the set, as a normal distribution (formula 12).

    >>> count(torch.tensor([[1.0, 0.5, 0.0]]))
    (tensor([1.5000]), tensor([0.5000]))

    Args:
        x: B sets, weights in [0, 1]: the probability of each entity to be in the set.

    Returns:
        The mean Σ x and the variance Σ x (1 − x) + ¼, shape (B,) each.
    """
    if not isinstance(x, EntitySet):
        return x.sum(1), (x * (1.0 - x)).sum(1) + 0.25
    nothing = x.weights.new_zeros(x.batch)
    mean = nothing.index_add(0, x.sets, x.weights)
    return mean, nothing.index_add(0, x.sets, x.weights * (1.0 - x.weights)) + 0.25


def extreme(x: Sets, values: Tensor, *, largest: bool = True) -> Sets:
    """Return the probability of each entity to be the one with the largest value, or the smallest (formula 13).

    P(e) = x_e · Π over e' with a larger value of (1 − x_e'): exact over all sets that may be meant, no temperature. Entities
    with equal values are extreme together; entities without a value never are. On another device than the CPU the set is
    brought to the CPU and back.

    >>> extreme(torch.tensor([[0.5, 1.0, 1.0]]), torch.tensor([3.0, 2.0, 1.0]))
    tensor([[0.5000, 0.5000, 0.0000]])

    Args:
        x: B sets, weights in [0, 1].
        values: shape (N_E,), the attribute of each entity; NaN where it has none.
        largest: the largest, else the smallest.

    Returns:
        B sets with the members of `x`.

    Raises:
        ShapeError: not one value for each entity.
    """
    if not isinstance(x, EntitySet):
        return extreme(EntitySet.of_all(x), values, largest=largest).weights.view(x.shape)
    if values.shape != (x.num_entities,):
        raise ShapeError(f"extreme: expected {x.num_entities} values, found shape {tuple(values.shape)}.")
    own = values.to(x.keys.device)[x.entities].double()
    sorts = (own if largest else -own).cpu(), set_bounds(x.keys, x.batch, x.num_entities).cpu()
    return x.with_weights(torch.ops.kgqa.extreme(x.weights.cpu(), *sorts).to(x.weights.device))


def _keep(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _derive(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    return torch.ops.kgqa.extreme_backward(*ctx.saved_tensors, gradient), None, None


_MEMBERS = "Tensor weights, Tensor values, Tensor pointer"

operator(
    f"extreme({_MEMBERS}) -> Tensor",
    module="_extreme_cpu",
    fake=lambda weights, *others: weights.new_empty(weights.shape),
    derivation=(_keep, _derive),
)
operator(
    f"extreme_backward({_MEMBERS}, Tensor gradient) -> Tensor",
    module="_extreme_cpu",
    fake=lambda weights, *others: weights.new_empty(weights.shape),
)
