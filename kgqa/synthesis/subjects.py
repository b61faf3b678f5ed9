"""Draw sets of entities that a question can ask about: one itself, one hop, two hops, or what two entities have in common."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from kgqa.kb import KnowledgeBase
from kgqa.synthesis.walks import Path, Walker

Shape = Literal["one", "two", "both", "itself"]
SHAPES: Final[tuple[Shape, ...]] = ("one", "two", "both", "itself")

MAX_ANSWERS: Final = 100
"""Sets with more entities are not asked about."""

_TRIES: Final = 20
"""How often a draw is tried for each set that is wanted: some lead to too much, or need only one of their two entities."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A set of entities: what all its branches lead to. A branch is an entity and the relations to follow from it."""

    shape: Shape
    branches: tuple[tuple[int, Path], ...]
    entities: frozenset[int]


class Subjects:
    """Draws sets so that every relation is followed as often as any other, as far as it has facts enough."""

    def __init__(self, kb: KnowledgeBase, walker: Walker) -> None:
        self._walker = walker
        self._named = kb.named.numpy()
        self._draw: dict[Shape, Callable[[int, np.random.Generator], Subject | None]] = {
            "one": self._one,
            "two": self._two,
            "both": self._both,
            "itself": self._itself,
        }

    def draw(self, shape: Shape, random: np.random.Generator) -> Iterator[Subject]:
        """Yield sets of a shape, going round the relations; ends when `_TRIES` rounds yield nothing."""
        empty = 0
        while empty < _TRIES:
            drawn = [self._draw[shape](relation, random) for relation in random.permutation(self._walker.used).tolist()]
            found = [subject for subject in drawn if subject is not None]
            yield from found
            empty = 0 if found else empty + 1

    def _one(self, relation: int, random: np.random.Generator) -> Subject | None:
        start, _ = self._walker.draw_fact(relation, random)
        return self._subject("one", ((start, (relation,)),))

    def _two(self, relation: int, random: np.random.Generator) -> Subject | None:
        start, middle = self._walker.draw_fact(relation, random)
        onward, _ = self._walker.draw_from(middle, random)
        found = self._subject("two", ((start, (relation, onward)),))
        return None if found is None or start in found.entities else found

    def _both(self, relation: int, random: np.random.Generator) -> Subject | None:
        first, answer = self._walker.draw_fact(relation, random)
        back, second = self._walker.draw_from(answer, random)
        other = (second, (self._walker.inverse(back),))
        found = self._subject("both", ((first, (relation,)), other))
        if found is None or first == second:
            return None
        alone = [self._walker.follow(*branch) for branch in found.branches]
        return None if found.entities in alone else found

    def _itself(self, relation: int, random: np.random.Generator) -> Subject | None:
        start, _ = self._walker.draw_fact(relation, random)
        return self._subject("itself", ((start, ()),))

    def _subject(self, shape: Shape, branches: tuple[tuple[int, Path], ...]) -> Subject | None:
        sets = [self._walker.follow(*branch) for branch in branches]
        known = [found for found in sets if found is not None]
        starts = [start for start, _ in branches]
        if len(known) < len(sets) or not all(self._named[start] for start in starts):
            return None
        entities = frozenset(entity for entity in frozenset.intersection(*known) if self._named[entity])
        return Subject(shape=shape, branches=branches, entities=entities) if 0 < len(entities) <= MAX_ANSWERS else None
