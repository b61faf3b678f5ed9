"""Read a graph that `kgqa load` wrote, in ranges of its stored row numbers."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, Final, LiteralString

from kgqa.data.records import is_number
from kgqa.errors import GraphError
from kgqa.graph.catalogue import Attribute, Relation, read_attributes, read_relations
from kgqa.graph.connection import Connection
from kgqa.graph.load import unfinished
from kgqa.graph.mapping import KGQA_LAYOUT
from kgqa.graph.rows import PAGE_ENTITIES, PAGE_FACTS, EntityRow, FactPage

COUNT: Final[LiteralString] = """
MATCH (e:Entity)
RETURN count(e) AS entities, count(e.row) AS numbered, coalesce(max(e.row), -1) + 1 AS rows
"""

READ_ENTITIES: Final[LiteralString] = """
MATCH (e:Entity)
WHERE e.row >= $low AND e.row < $high
RETURN collect([e.row, e.id, e.name, e.description, [property IN $properties | e[property]],
                COLLECT { MATCH (a:Alias)-[:NAMES]->(e) RETURN a.text },
                COUNT { (e)-->() }]) AS entities
"""

# Lists for each type: twenty times faster to read than a row for each fact.
READ_FACTS: Final[LiteralString] = """
MATCH (s:Entity)-[r]->(o:Entity)
WHERE s.row >= $low AND s.row < $high
WITH type(r) AS type, collect(s.row) AS subjects, collect(o.row) AS objects
RETURN type, subjects, objects
"""


class OwnReader:
    """Reads the layout of `kgqa load`; the key of an entity is its row."""

    mapping = KGQA_LAYOUT

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        counted = connection.read(COUNT)[0]
        self._entities, self._rows = counted["entities"], counted["rows"]
        if not self._entities:
            raise GraphError(
                f"{connection.description}: expected entities, found none. Load a data set with `kgqa load`, or, for a graph "
                "that kgqa did not load, give its layout with --mapping (`kgqa mapping --write mapping.toml` proposes one)."
            )
        strangers = self._entities - counted["numbered"]
        if strangers:
            raise GraphError(
                f"{connection.description}: expected entities that `kgqa load` wrote, found {strangers:,} "
                "that something else did: they have no row. Remove them, and add them with `kgqa load --merge`."
            )
        name = unfinished(connection)
        if name is not None:
            raise GraphError(f"the load of {name!r} was not finished. Run `kgqa load` again: it goes on where it stopped.")
        self._degrees: list[int] = []

    def counts(self) -> tuple[int, int]:
        """Return the number of entities, and of facts once the entities were read."""
        return self._entities, sum(self._degrees)

    def relations(self) -> list[Relation]:
        """Return the catalogue's relations."""
        return read_relations(self._connection)

    def attributes(self) -> list[Attribute]:
        """Return the catalogue's attributes."""
        return read_attributes(self._connection)

    def entities(self) -> Iterator[list[EntityRow]]:
        """Yield the entities in the order of their rows."""
        properties = [attribute.property for attribute in self.attributes()]
        self._degrees = [0] * self._rows
        for low in range(0, self._rows, PAGE_ENTITIES):
            page = self._connection.read(READ_ENTITIES, {"low": low, "high": low + PAGE_ENTITIES, "properties": properties})[0][
                "entities"
            ]
            rows = []
            for row, identifier, name, description, values, aliases, degree in page:
                self._degrees[row] = degree
                texts = [("id", identifier), *(("alias", alias) for alias in aliases)]
                texts += [(what, text) for what, text in (("name", name), ("description", description)) if text is not None]
                _check(identifier, texts, zip(properties, values, strict=True))
                rows.append(
                    EntityRow(
                        key=row,
                        id=identifier,
                        name=name or None,
                        aliases=tuple(sorted({*aliases, name} if name and name.strip() else aliases)),  # it may be a new name
                        description=description,
                        values=tuple(values),
                    )
                )
            yield rows

    def facts(self) -> Iterator[FactPage]:
        """Yield the facts, for ranges of subjects that have about `PAGE_FACTS` together."""
        types = {relation.type: relation.id for relation in self.relations()}
        for low, high in pairwise(cuts(self._degrees, PAGE_FACTS)):
            for row in self._connection.read(READ_FACTS, {"low": low, "high": high}):
                if row["type"] not in types:
                    raise GraphError(
                        f"expected only relationship types of the catalogue between entities, found {row['type']!r}. "
                        "Remove those relationships, or describe the graph with --mapping."
                    )
                yield FactPage(relation=types[row["type"]], subjects=row["subjects"], objects=row["objects"])


def _check(entity: Any, texts: Iterable[tuple[str, Any]], numbers: Iterable[tuple[str, Any]]) -> None:
    """Refuse properties that are not what `kgqa load` wrote: anybody may have changed them since.

    Raises:
        GraphError: names the entity and the property.
    """
    wrong = [(name, "text", text) for name, text in texts if not isinstance(text, str)]
    wrong += [(name, "a finite number", value) for name, value in numbers if not (value is None or is_number(value))]
    for name, expected, found in wrong:
        raise GraphError(f"entity {entity!r}: expected {name} to be {expected}, found {found!r}. Mend it in the graph.")


def cuts(sizes: list[int], most: int) -> list[int]:
    """Cut a list into runs whose sizes sum to at most `most`, or that have one member; return the boundaries.

    >>> cuts([2, 2, 9, 1, 1], 4)
    [0, 2, 3, 5]
    """
    boundaries, total = [0], 0
    for place, size in enumerate(sizes):
        if total + size > most and place > boundaries[-1]:
            boundaries.append(place)
            total = 0
        total += size
    if sizes:
        boundaries.append(len(sizes))
    return boundaries
