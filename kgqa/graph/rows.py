"""What reading a graph yields, whatever its layout: entities and facts in pages of bounded size."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from kgqa.graph.catalogue import Attribute, Relation
from kgqa.graph.mapping import Mapping

PAGE_FACTS = 200_000
"""Facts in a page, unless one entity alone has more."""

PAGE_ENTITIES = 20_000
"""Entities in a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRow:
    """An entity as it was read. `key` is a number by which facts name it; `values` follow the order of the attributes."""

    key: int
    id: str
    name: str | None
    aliases: tuple[str, ...]
    description: str | None
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactPage:
    """Facts of one relation: `subjects[i]` and `objects[i]` are keys of entities."""

    relation: str
    subjects: list[int]
    objects: list[int]


class Reader(Protocol):
    """Reads one graph. Entities must be read to their end before facts."""

    mapping: Mapping

    def counts(self) -> tuple[int, int]:
        """Return how many entities and facts there are, for progress bars."""
        ...

    def relations(self) -> list[Relation]:
        """Return all relations."""
        ...

    def attributes(self) -> list[Attribute]:
        """Return all numeric attributes."""
        ...

    def entities(self) -> Iterator[list[EntityRow]]:
        """Yield pages of entities."""
        ...

    def facts(self) -> Iterator[FactPage]:
        """Yield pages of facts."""
        ...
