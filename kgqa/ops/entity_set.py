"""A batch of weighted sets of entities that stores only members."""

from dataclasses import dataclass
from typing import Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgqa.errors import ShapeError


def set_bounds(keys: Tensor, num_sets: int, num_entities: int) -> Tensor:
    """Return where the members of each set begin among the keys of an `EntitySet`, shape (num_sets + 1,), int64."""
    return torch.searchsorted(keys, torch.arange(num_sets + 1, device=keys.device) * num_entities)


@final
@dataclass(frozen=True, eq=False)
class EntitySet:
    """B weighted sets over N_E entities, `n` members in all.

    Attributes:
        keys: shape (n,), int64, ascending, each once: set * N_E + entity.
        weights: shape (n,), the member's weight; gradients flow through it.
        batch: B.
        num_entities: N_E.
    """

    keys: Tensor
    weights: Tensor
    batch: int
    num_entities: int

    @classmethod
    def of(cls, sets: Tensor, entities: Tensor, weights: Tensor, *, batch: int, num_entities: int) -> Self:
        """Build from members in any order; weights of a member that stands several times are added.

        Args:
            sets: shape (n,), which set each member belongs to, 0 to B - 1.
            entities: shape (n,), 0 to N_E - 1.
            weights: shape (n,).
        """
        return cls._added(sets.long() * num_entities + entities.long(), weights, batch, num_entities)

    @classmethod
    def of_dense(cls, weights: Tensor) -> Self:
        """Build from dense sets of shape (B, N_E); entities of weight 0 are left out."""
        if weights.dim() != 2:
            raise ShapeError(f"expected weights of shape (B, N_E), found {tuple(weights.shape)}.")
        sets, entities = torch.nonzero(weights, as_tuple=True)
        batch, num_entities = weights.shape
        return cls(sets * num_entities + entities, weights[sets, entities], batch, num_entities)

    @classmethod
    def of_all(cls, weights: Tensor) -> Self:
        """Build from dense sets of shape (B, N_E), every entity a member."""
        batch, num_entities = weights.shape
        return cls(torch.arange(batch * num_entities, device=weights.device), weights.reshape(-1), batch, num_entities)

    @classmethod
    def _added(cls, keys: Tensor, weights: Tensor, batch: int, num_entities: int) -> Self:
        unique, places = torch.unique(keys, sorted=True, return_inverse=True)
        total = weights.new_zeros(len(unique)).index_add(0, places, weights)
        return cls(unique, total, batch, num_entities)

    @property
    def sets(self) -> Tensor:
        """Return which set each member belongs to, shape (n,)."""
        return torch.div(self.keys, self.num_entities, rounding_mode="floor")

    @property
    def entities(self) -> Tensor:
        """Return the entity of each member, shape (n,)."""
        return self.keys % self.num_entities

    def __len__(self) -> int:
        """Return the number of members of all sets together."""
        return len(self.keys)

    def find(self, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Return the place of each key among the members and whether it is one, shape of `keys` each; the place is 0 if not."""
        if not len(self):
            return torch.zeros_like(keys), torch.zeros_like(keys, dtype=torch.bool)
        places = torch.searchsorted(self.keys, keys).clamp(max=len(self) - 1)
        return places, self.keys[places] == keys

    def weights_at(self, keys: Tensor) -> Tensor:
        """Return the weight at each key, 0 where it is no member; shape of `keys`."""
        if not len(self):
            return self.weights.new_zeros(keys.shape)
        places, known = self.find(keys)
        return self.weights[places].masked_fill(~known, 0.0)

    def with_weights(self, weights: Tensor) -> Self:
        """Return the same members with other weights, shape (n,)."""
        return type(self)(self.keys, weights, self.batch, self.num_entities)

    def dense(self) -> Tensor:
        """Return the sets as a dense tensor of shape (B, N_E)."""
        flat = self.weights.new_zeros(self.batch * self.num_entities).index_add(0, self.keys, self.weights)
        return flat.view(self.batch, self.num_entities)


def members(sets: EntitySet, number: int) -> tuple[NDArray[np.int64], slice]:
    """Return the entities of one set, ascending, and where they stand among the members of all sets; on the CPU."""
    keys, first = sets.keys.numpy(), number * sets.num_entities
    low, high = keys.searchsorted((first, first + sets.num_entities)).tolist()
    return keys[low:high] - first, slice(low, high)
