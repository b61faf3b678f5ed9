"""The facts of a knowledge base as tensors, in both directions.

For every relation p of the R given ones there is an inverse p + R, so N_R = 2R and every fact stands twice among the N_T
(Cohen et al. 2020, arXiv 2002.06115). Facts are sorted by subject, then relation, then object. Because both directions are
there, this one order serves for both: the facts that lead *to* an entity are its own facts with their relations inverted.
"""

from typing import Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kgqa.errors import ShapeError

Numbers = TypeVar("Numbers", int, Tensor, NDArray[np.int64])


class Facts(nn.Module):
    """The facts of a graph: a module, so that the tensors move with a model, non-persistent, so that no checkpoint copies them.

    A fact takes 12 bytes, both directions together, 16 where there are more than 32,767 relations; an entity 8.

    Attributes:
        pointer: shape (N_E + 1,), int64; the facts whose subject is entity e are pointer[e] to pointer[e + 1].
        relation: shape (N_T,), int16, int32 where there are more than 32,767; inverses included.
        object: shape (N_T,), int32.
    """

    pointer: Tensor
    relation: Tensor
    object: Tensor

    def __init__(self, triples: NDArray[np.int32], *, num_entities: int, num_relations: int) -> None:
        """Build both directions.

        Args:
            triples: shape (facts, 3), int32: subject, relation, object; repeats are read once.
            num_entities: N_E.
            num_relations: R, without inverses.

        Raises:
            ShapeError: another shape, or an id out of range; names the first one.
        """
        from kgqa.kb._order import Run, ordered  # which imports a compiler

        _check(triples, num_entities, num_relations)
        as_they_are = (np.arange(number, dtype=np.int32) for number in (num_entities, num_relations))
        runs = list(ordered(triples, *as_they_are))
        sizes, relation, object_ = runs[0] if len(runs) == 1 else Run(*map(np.concatenate, zip(*runs, strict=True)))
        pointer = np.zeros(num_entities + 1, dtype=np.int64)
        np.cumsum(sizes, out=pointer[1:])
        self._hold(torch.from_numpy(pointer), torch.from_numpy(relation), torch.from_numpy(object_), num_relations)

    @classmethod
    def of_order(cls, pointer: Tensor, relation: Tensor, object_: Tensor, *, num_relations: int) -> Self:
        """Take facts that are in order already, as a snapshot keeps them; nothing is copied.

        Args:
            pointer, relation, object_: as the attributes.
            num_relations: R, without inverses.
        """
        facts = cls.__new__(cls)
        facts._hold(pointer, relation, object_, num_relations)
        return facts

    def _hold(self, pointer: Tensor, relation: Tensor, object_: Tensor, num_relations: int) -> None:
        super().__init__()
        self.num_entities = len(pointer) - 1
        self.num_relations = 2 * num_relations
        """N_R, inverses included."""
        for name, tensor in (("pointer", pointer), ("relation", relation), ("object", object_)):
            self.register_buffer(name, tensor, persistent=False)

    @classmethod
    def of(cls, triples: list[tuple[int, int, int]], *, num_entities: int, num_relations: int) -> Self:
        """Build from a list of triples; repeats are read once."""
        array = np.array(triples, dtype=np.int32).reshape(-1, 3)
        return cls(array, num_entities=num_entities, num_relations=num_relations)

    def __len__(self) -> int:
        """Return N_T, inverses included."""
        return len(self.object)

    @property
    def subject(self) -> Tensor:
        """Return the subject of each fact, shape (N_T,), int32; made anew each time, for work that is not in a hurry."""
        entities = torch.arange(self.num_entities, dtype=torch.int32, device=self.pointer.device)
        return torch.repeat_interleave(entities, self.degrees)

    @property
    def degrees(self) -> Tensor:
        """Return the number of facts of each entity, inverses included, shape (N_E,), int64."""
        return self.pointer[1:] - self.pointer[:-1]

    def degrees_of(self, entities: Tensor) -> Tensor:
        """Return the number of facts of some entities, inverses included, shape of `entities`, int64."""
        return self.pointer[entities + 1] - self.pointer[entities]

    def inverse(self, relation: Numbers) -> Numbers:
        """Return the relation that walks the same facts the other way; for a tensor or an array, that of each."""
        return (relation + self.num_relations // 2) % self.num_relations


def run_of(relations: NDArray[np.signedinteger], relation: int, *, first: int, last: int) -> slice:
    """Return where the facts of an entity with one relation lie; its facts are those from `first` to before `last`."""
    own = relations[first:last]  # ascending
    wanted = own.dtype.type(relation)  # of another type it would have all of a hub's facts copied
    return slice(first + int(own.searchsorted(wanted, side="left")), first + int(own.searchsorted(wanted, side="right")))


def _check(triples: NDArray[np.int32], num_entities: int, num_relations: int) -> None:
    if triples.ndim != 2 or triples.shape[1] != 3 or triples.dtype != np.int32:
        raise ShapeError(f"facts: expected int32 of shape (N, 3), found {triples.dtype} of shape {triples.shape}.")
    for column, (role, limit) in enumerate((("subject", num_entities), ("relation", num_relations), ("object", num_entities))):
        wrong = np.flatnonzero((triples[:, column] < 0) | (triples[:, column] >= limit))
        if len(wrong):
            raise ShapeError(
                f"fact {wrong[0]}: expected a {role} from 0 to {limit - 1}, found "
                f"{triples[wrong[0], column]}. Raise the number of them?"
            )
