"""Walk a knowledge base from one entity, and draw facts of a relation: what questions are made from."""

import numpy as np
from numpy.typing import NDArray

from kgqa.kb import KnowledgeBase
from kgqa.kb.facts import run_of

Path = tuple[int, ...]
"""Relations to follow one after the other, by number, inverses included."""

MAX_FRONTIER = 1000
"""Walks that pass more entities than this at one hop are given up."""


class Walker:
    """Facts by subject and by relation."""

    def __init__(self, kb: KnowledgeBase) -> None:
        self._facts = kb.facts
        self._pointer, self._object = kb.facts.pointer.numpy(), kb.facts.object.numpy()
        self._relation = kb.facts.relation.numpy()
        self._by_relation = np.argsort(self._relation, kind="stable")
        counts = np.bincount(self._relation, minlength=kb.num_relations)
        self._starts = np.concatenate([[0], counts.cumsum()])
        self.used = np.flatnonzero(counts)
        """The relations that have facts."""

    def draw_fact(self, relation: int, random: np.random.Generator) -> tuple[int, int]:
        """Return the subject and the object of a fact of a relation that has facts."""
        place = self._by_relation[random.integers(self._starts[relation], self._starts[relation + 1])]
        return int(self._subjects(place)), int(self._object[place])

    def ends(self, relation: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return the subject and the object of every fact of a relation."""
        places = self._by_relation[self._starts[relation] : self._starts[relation + 1]]
        return self._subjects(places), self._object[places]

    def draw_from(self, entity: int, random: np.random.Generator) -> tuple[int, int]:
        """Return the relation and the object of a fact of an entity: each of its relations is as likely as another."""
        own = self.relations(entity)
        relation = int(own[random.integers(len(own))])
        found = self._objects(entity, relation)
        return relation, int(found[random.integers(len(found))])

    def relations(self, entity: int) -> NDArray[np.int64]:
        """Return the relations that an entity has facts of, ascending."""
        return np.unique(self._relation[self._pointer[entity] : self._pointer[entity + 1]]).astype(np.int64)

    def follow(self, entity: int, path: Path) -> frozenset[int] | None:
        """Return what a path leads to from an entity; None if it passes more than `MAX_FRONTIER` entities."""
        reached = {entity}
        for relation in path:
            found: set[int] = set()
            for here in reached:
                found.update(self._objects(here, relation).tolist())
                if len(found) > MAX_FRONTIER:
                    return None
            reached = found
        return frozenset(reached)

    def inverse(self, relation: int) -> int:
        """Return the relation that walks the same facts the other way."""
        return self._facts.inverse(relation)

    def _subjects(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the subjects of facts."""
        return np.searchsorted(self._pointer, places, side="right") - 1

    def _objects(self, entity: int, relation: int) -> NDArray[np.int32]:
        run = run_of(self._relation, relation, first=int(self._pointer[entity]), last=int(self._pointer[entity + 1]))
        found: NDArray[np.int32] = self._object[run]
        return found
