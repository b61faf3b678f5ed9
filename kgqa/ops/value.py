"""Ask for an attribute's value itself: how probable it is that a set has a given one."""

from typing import Final

import torch
from torch import Tensor

from kgqa.ops.entity_set import EntitySet

NOWHERE: Final = 0.02
"""The least share that is divided by: where hardly anything exists that is asked for, weights stay low; no answer is certain."""

PRECISION: Final = 1e-6
"""Values that differ by less, as a part of them, are the same: numbers of 32 bits hold no more."""


def has_value(x: EntitySet, attributes: Tensor, values: Tensor, wanted: Tensor) -> Tensor:
    """Return how probable it is that the attribute of a member has a value (formula 14).

    P(v) = Σ_e Σ_a x_e α_a [e's a is v] / max(Σ_e Σ_a x_e α_a [e has a], ν): one distribution over all pairs of a member and an
    attribute that it has.

    >>> both = EntitySet.of_dense(torch.tensor([[0.75, 0.25, 1.0]]))
    >>> values = torch.tensor([[2.0], [3.0], [float("nan")]])
    >>> has_value(both, torch.tensor([[1.0]]), values, torch.tensor([2.0]))
    tensor([0.7500])

    Args:
        x: B sets, weights from 0 upwards.
        attributes: shape (B, A), α, how probable it is that an attribute is asked for.
        values: shape (N_E, A), NaN where an entity has none.
        wanted: shape (B,), v.

    Returns:
        Shape (B,).
    """
    own, question = values[x.entities], x.sets
    pairs = x.weights[:, None] * attributes[question]
    right = torch.isclose(own, wanted.to(own.dtype)[question, None], rtol=PRECISION, atol=0.0)
    there, found = (pairs.masked_fill(~kept, 0.0).sum(1) for kept in (~own.isnan(), right))
    nothing = pairs.new_zeros(x.batch)
    return nothing.index_add(0, question, found) / nothing.index_add(0, question, there).clamp(min=NOWHERE)
