"""The demo world in memory: small enough to be walked fact by fact in plain Python."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from kgqa.data import EntityRecord, RelationRecord
from kgqa.data.folder import ENTITIES, FACTS, RELATIONS
from kgqa.data.records import entity_of, relation_of
from kgqa.text import normalise

INVERSE: Final = "~"
"""Stands before a relation that is followed from object to subject."""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Entities by id, relations, facts as (subject, relation, object), and what each step from an entity leads to."""

    entities: dict[str, EntityRecord]
    relations: tuple[RelationRecord, ...]
    facts: tuple[tuple[str, str, str], ...]
    steps: dict[tuple[str, str], tuple[str, ...]]
    named: dict[str, tuple[str, ...]]

    @classmethod
    def of(
        cls,
        entities: Sequence[EntityRecord],
        relations: Sequence[RelationRecord],
        facts: Sequence[tuple[str, str, str]],
    ) -> "Graph":
        """Index facts by where a step starts, in both directions, and entities by their normalised names."""
        steps: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for subject, relation, object_ in facts:
            steps[subject, relation].append(object_)
            steps[object_, INVERSE + relation].append(subject)
        named: defaultdict[str, list[str]] = defaultdict(list)
        for entity in entities:
            for key in dict.fromkeys(normalise(text) for text in names_of(entity)):
                named[key].append(entity.id)
        return cls(
            entities={entity.id: entity for entity in entities},
            relations=tuple(relations),
            facts=tuple(facts),
            steps={step: tuple(reached) for step, reached in steps.items()},
            named={key: tuple(ids) for key, ids in named.items()},
        )

    def walk(self, start: str, path: Sequence[str]) -> frozenset[str]:
        """Return the entities that following the relations of `path` from `start` leads to."""
        here = {start}
        for relation in path:
            here = {reached for entity in here for reached in self.steps.get((entity, relation), ())}
        return frozenset(here)

    def candidates(self, mention: str) -> tuple[str, ...]:
        """Return the entities that `mention` may name, in the order of the file."""
        return self.named.get(normalise(mention), ())


def names_of(entity: EntityRecord) -> tuple[str, ...]:
    """Return the name and the aliases of an entity."""
    return tuple(text for text in (entity.name, *entity.aliases) if text is not None)


def read_graph() -> Graph:
    """Read the world that ships with kgqa."""
    return Graph.of(
        [entity_of(path, line, value) for path, line, value in _objects(ENTITIES)],
        [relation_of(path, line, value) for path, line, value in _objects(RELATIONS)],
        [_fact(line) for line in _text(FACTS).splitlines()],
    )


def _fact(line: str) -> tuple[str, str, str]:
    subject, relation, object_ = line.split("\t")
    return subject, relation, object_


def _objects(name: str) -> Iterator[tuple[Path, int, dict[str, Any]]]:
    for number, line in enumerate(_text(name).splitlines(), start=1):
        yield Path("world") / name, number, json.loads(line)


def _text(name: str) -> str:
    return (files("kgqa.demo") / "world" / name).read_text(encoding="utf-8")
