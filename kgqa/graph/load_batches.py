"""Cut a data set into the batches of a load, the same each time for the same data set and size."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, LiteralString

import numpy as np
from numpy.typing import NDArray

from kgqa.data import Dataset
from kgqa.graph import load_queries as queries
from kgqa.text import normalise

CUT: Final = 2
"""Raised whenever a data set is cut into other batches: a load goes on only with those that it was begun with."""

MOST_TEXT: Final = 16_000_000
"""Characters in a batch, unless one entity has more: of 200 million a server with a heap of 1 GB ran out of memory."""

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
    """A text that names entities, by their positions in the data set; `again` if an earlier row of the same text names others."""

    id: str
    text: str
    key: str
    entities: list[int]
    again: bool = False


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
    texts = (len(entity.id) + len(entity.name or "") + len(entity.description or "") for entity in dataset.entities)
    for number, (start, end) in enumerate(_cuts(((1, text) for text in texts), size)):
        rows = []
        for row, entity in enumerate(dataset.entities[start:end], start=base + start):
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
    """Yield the aliases; `rows` holds the row in the graph of each entity of the data set. Names of thousands are cut as well."""
    pieces = [piece for alias in aliases for piece in _pieces(alias, size)]
    for number, (start, end) in enumerate(_cuts(((len(piece.entities), 2 * len(piece.text)) for piece in pieces), size)):
        part = pieces[start:end]
        statement = queries.MERGE_ALIASES if merge or part[0].again else queries.CREATE_ALIASES
        values = [[alias.id, alias.text, alias.key, rows[alias.entities].tolist()] for alias in part]
        yield Batch(
            stage="aliases",
            number=number,
            statement=statement,
            parameters={"rows": values},
            expected=sum(len(alias.entities) for alias in part),
            rows=sum(not alias.again for alias in part),
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


def _cuts(sizes: Iterable[tuple[int, int]], most: int) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of batches of at most `most` rows and `MOST_TEXT` characters; `sizes` has those of each member.

    >>> list(_cuts([(1, 10), (1, 10), (3, 10), (1, 10**9), (1, 0)], 2))
    [(0, 2), (2, 3), (3, 4), (4, 5)]
    """
    start = place = rows = text = 0
    for place, (more_rows, more_text) in enumerate(sizes):
        if place > start and (rows + more_rows > most or text + more_text > MOST_TEXT):
            yield start, place
            start, rows, text = place, 0, 0
        rows, text = rows + more_rows, text + more_text
    if rows:
        yield start, place + 1


def _pieces(alias: AliasRow, most: int) -> Iterator[AliasRow]:
    for start in range(0, len(alias.entities), most):
        yield replace(alias, entities=alias.entities[start : start + most], again=start > 0)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]
