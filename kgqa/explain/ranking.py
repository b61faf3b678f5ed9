"""Ranked entities whose ids and names are looked up when they are read: an answer may have a hundred thousand."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final, overload

import numpy as np
from numpy.typing import NDArray

from kgqa.explain.answer import RankedEntity
from kgqa.kb import KnowledgeBase

_SHOWN: Final = 10


class Ranking(Sequence[RankedEntity]):
    """Entities of a knowledge base with their scores, as a sequence that cannot be changed.

    Args:
        kb: the knowledge base.
        rows: rows of the entities, shape (n,).
        scores: their probabilities, shape (n,).
    """

    def __init__(self, kb: KnowledgeBase, rows: NDArray[np.int64], scores: NDArray[np.float64]) -> None:
        self._kb = kb
        self._rows = rows
        self._scores = scores

    @property
    def kinds(self) -> int:
        """Return how many kinds of nodes the entities are."""
        return len(np.unique(self._kb.kinds(self._rows)))

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> RankedEntity: ...
    @overload
    def __getitem__(self, place: slice) -> "Ranking": ...
    def __getitem__(self, place: int | slice) -> "RankedEntity | Ranking":
        if isinstance(place, slice):
            return Ranking(self._kb, self._rows[place], self._scores[place])
        return self._entity(int(self._rows[place]), float(self._scores[place]))

    def __iter__(self) -> Iterator[RankedEntity]:
        return map(self._entity, self._rows.tolist(), self._scores.tolist())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, islice(self, _SHOWN)))
        return f"({shown}{f', … and {len(self) - _SHOWN:,} more' if len(self) > _SHOWN else ''})"

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (list(self),)

    def _entity(self, row: int, score: float) -> RankedEntity:
        return RankedEntity(id=self._kb.ids[row], name=self._kb.name(row), score=score)
