"""Cut a data set into the batches of a load, the same each time for the same data set and size."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import numpy as np
from numpy.typing import NDArray

from kgqa.data import Dataset
from kgqa.graph import load_queries as queries
from kgqa.text import normalise

LONGEST_KEY: Final = 1000
"""Characters of an alias's key that are indexed; no question that is asked for it would be longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows that are written in one transaction by one statement, which says how many it wrote: `expected`."""

    stage: str
    number: int
    statement: LiteralString
    parameters: dict[str, Any]
    expected: int
    rows: int


@dataclass(frozen=True, slots=True)
class AliasRow:
    """A text that names entities, by their positions in the data set."""

    id: str
    text: str
    key: str
    entities: list[int]


def alias_rows(dataset: Dataset) -> list[AliasRow]:
    """Return every name and alias of a data set once, with all entities that have it."""
    entities: dict[str, list[int]] = {}
    for position, entity in enumerate(dataset.entities):
        for text in dict.fromkeys((entity.name, *entity.aliases)):
            if text is not None:
                entities.setdefault(text, []).append(position)
    return [AliasRow(_hash(text), text, normalise(text)[:LONGEST_KEY], places) for text, places in entities.items()]


def entity_batches(dataset: Dataset, *, base: int, properties: Mapping[str, str], size: int, merge: bool) -> Iterator[Batch]:
    """Yield the entities; the first gets the row `base`, attributes go to the properties of that name."""
    statement = queries.MERGE_ENTITIES if merge else queries.CREATE_ENTITIES
    for number, start in enumerate(range(0, len(dataset.entities), size)):
        rows = []
        for row, entity in enumerate(dataset.entities[start : start + size], start=base + start):
            values: dict[str, Any] = {properties[name]: value for name, value in entity.attributes.items()}
            values |= {name: text for name, text in (("name", entity.name), ("description", entity.description)) if text}
            rows.append([entity.id, row, values])
        yield Batch(
            stage="entities",
            number=number,
            statement=statement,
            parameters={"rows": rows},
            expected=len(rows),
            rows=len(rows),
        )


def alias_batches(aliases: Sequence[AliasRow], rows: NDArray[np.int64], *, size: int, merge: bool) -> Iterator[Batch]:
    """Yield the aliases; `rows` holds the row in the graph of each entity of the data set."""
    statement = queries.MERGE_ALIASES if merge else queries.CREATE_ALIASES
    for number, start in enumerate(range(0, len(aliases), size)):
        part = aliases[start : start + size]
        values = [[alias.id, alias.text, alias.key, rows[alias.entities].tolist()] for alias in part]
        yield Batch(
            stage="aliases",
            number=number,
            statement=statement,
            parameters={"rows": values},
            expected=sum(len(alias.entities) for alias in part),
            rows=len(part),
        )


def fact_batches(
    dataset: Dataset, rows: NDArray[np.int64], *, types: Mapping[str, str], size: int, merge: bool
) -> Iterator[Batch]:
    """Yield the facts, in the order of their subjects; `types` gives the relationship type of each relation."""
    statement = queries.MERGE_FACTS if merge else queries.CREATE_FACTS
    names = [types[relation.id] for relation in dataset.relations]
    for number, start in enumerate(range(0, len(dataset.facts), size)):
        part = dataset.facts[start : start + size]
        ends = rows[part[:, [0, 2]]]
        entities, places = np.unique(ends, return_inverse=True)
        facts = [
            [subject, names[relation], object_]
            for (subject, object_), relation in zip(places.reshape(-1, 2).tolist(), part[:, 1].tolist(), strict=True)
        ]
        yield Batch(
            stage="facts",
            number=number,
            statement=statement,
            parameters={"entities": entities.tolist(), "facts": facts},
            expected=len(part),
            rows=len(part),
        )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]
