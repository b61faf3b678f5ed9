"""The relations and numeric attributes of a graph that kgqa loaded, and how they are named inside Neo4j."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, LiteralString

from kgqa.data import RelationRecord
from kgqa.graph.connection import Connection
from kgqa.text import readable

RESERVED_PROPERTIES: Final = frozenset({"id", "row", "name", "description"})

READ_RELATIONS: Final[LiteralString] = """
MATCH (r:Relation)
RETURN r.id AS id, r.type AS type, r.name AS name, r.inverse_name AS inverse_name, r.description AS description
ORDER BY r.id
"""

READ_ATTRIBUTES: Final[LiteralString] = """
MATCH (a:Attribute)
RETURN a.id AS id, a.property AS property, a.name AS name
ORDER BY a.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A relation and the relationship type that its facts have in Neo4j."""

    id: str
    type: str
    name: str
    inverse_name: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A numeric attribute and the property that holds it on the nodes."""

    id: str
    property: str
    name: str


def read_relations(connection: Connection) -> list[Relation]:
    """Return the catalogue's relations, sorted by id."""
    return [Relation(**row) for row in connection.read(READ_RELATIONS)]


def read_attributes(connection: Connection) -> list[Attribute]:
    """Return the catalogue's attributes, sorted by id."""
    return [Attribute(**row) for row in connection.read(READ_ATTRIBUTES)]


def add_relations(present: Iterable[Relation], records: Iterable[RelationRecord]) -> list[Relation]:
    """Give each new relation a relationship type of its own: its name in capitals, with a number where it is taken."""
    known = {relation.id for relation in present}
    taken = {relation.type for relation in present}
    numbers: dict[str, int] = {}
    added = []
    for record in sorted(records, key=lambda record: record.id):
        if record.id not in known:
            added.append(
                Relation(
                    id=record.id,
                    type=_free(_word(record.name).upper() or "RELATION", taken, numbers),
                    name=record.name,
                    inverse_name=record.inverse_name,
                    description=record.description,
                )
            )
    return added


def add_attributes(present: Iterable[Attribute], names: Iterable[str]) -> list[Attribute]:
    """Give each new attribute a property of its own."""
    known = {attribute.id for attribute in present}
    taken = {attribute.property for attribute in present} | RESERVED_PROPERTIES
    numbers: dict[str, int] = {}
    return [
        Attribute(id=name, property=_free(_word(name) or "attribute", taken, numbers), name=readable(name))
        for name in sorted(set(names) - known)
    ]


def _word(name: str) -> str:
    word = "".join(character if character.isalnum() else "_" for character in name).strip("_")[:200]
    return f"_{word}" if word[:1].isdigit() else word


def _free(word: str, taken: set[str], numbers: dict[str, int]) -> str:
    """Return a word that is not taken, with a number if need be; `numbers` has those to begin with, as many may share a name."""
    candidate, number = word, numbers.get(word, 2)
    while candidate in taken:
        candidate, number = f"{word}_{number}", number + 1
    taken.add(candidate)
    numbers[word] = number
    return candidate
