"""Look up the value of an attribute that a question asks for: which attribute, whose, and how probable it is to be right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from kgqa.ops import EntitySet
from kgqa.ops.entity_set import members
from kgqa.ops.value import NOWHERE


@dataclass(frozen=True, eq=False)
class Lookup:
    """A value of an attribute.

    Attributes:
        value: the value.
        attribute: whose value it is, 0 to A - 1.
        rows: the entities of the set that have it, the most probable first.
        scores: their weights.
        share: how probable it is among all values that the set has of all attributes (formula 14).
    """

    value: float
    attribute: int
    rows: NDArray[np.int64]
    scores: NDArray[np.float64]
    share: float


def look_up(sets: EntitySet, number: int, attributes: Tensor, values: Tensor) -> Lookup | None:
    """Return the value of the most probable pair of an entity and an attribute that it has; None if there is none.

    Args:
        sets: B sets.
        number: the set, 0 to B - 1.
        attributes: shape (A,), how probable it is that each attribute is asked for.
        values: shape (N_E, A), NaN where an entity has none.
    """
    rows, place = members(sets, number)
    weights, own = sets.weights.numpy()[place].astype(np.float64), values[rows].numpy()
    pairs = weights[:, None] * attributes.numpy() * ~np.isnan(own)
    if not pairs.any():
        return None
    best, attribute = divmod(int(pairs.argmax()), pairs.shape[1])
    same = (own[:, attribute] == own[best, attribute]) & (pairs[:, attribute] > 0)
    order = np.lexsort((rows[same], -weights[same]))
    share = pairs[same, attribute].sum() / max(pairs.sum(), NOWHERE)
    return Lookup(float(own[best, attribute]), attribute, rows[same][order], weights[same][order], float(share))
