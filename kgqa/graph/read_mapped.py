"""Read a graph that kgqa did not load, through a mapping, by its own id properties. Nothing is written."""

import math
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice, pairwise
from typing import Any, Final, LiteralString

from kgqa.data.records import is_number
from kgqa.errors import MappingError
from kgqa.graph import cypher
from kgqa.graph.catalogue import Attribute, Relation
from kgqa.graph.connection import Connection
from kgqa.graph.mapping import Mapping, NodeMapping
from kgqa.graph.read import cuts
from kgqa.graph.rows import PAGE_ENTITIES, PAGE_FACTS, EntityRow, FactPage
from kgqa.text import readable

READ_LABELS: Final[LiteralString] = "CALL db.labels() YIELD label RETURN label AS name ORDER BY name"
READ_TYPES: Final[LiteralString] = (
    "CALL db.relationshipTypes() YIELD relationshipType RETURN relationshipType AS name ORDER BY name"
)
READ_PROPERTIES: Final[LiteralString] = "CALL db.propertyKeys() YIELD propertyKey RETURN propertyKey AS name ORDER BY name"


class MappedReader:
    """Reads the nodes and relationships that a mapping names; keys number the entities in the order of reading.

    `mapping` is the given one with the type of every id property filled in.
    """

    def __init__(self, connection: Connection, mapping: Mapping) -> None:
        self._connection = connection
        _check_names(connection, mapping)
        counted = [_check_ids(connection, mapping, place) for place in range(len(mapping.nodes))]
        self.mapping = replace(mapping, nodes=tuple(node for node, _ in counted))
        self._total = sum(nodes for _, nodes in counted)
        if not self._total:
            raise MappingError(f"expected nodes labelled {', '.join(mapping.labels)}, found none. Correct the mapping.")
        self._keys: list[dict[str | int, int]] = [{} for _ in mapping.nodes]
        self._degrees: list[list[int]] = [[] for _ in mapping.nodes]

    def counts(self) -> tuple[int, int]:
        """Return the number of entities, and the most facts there can be once the entities were read."""
        return self._total, sum(sum(degrees) for degrees in self._degrees)

    def relations(self) -> list[Relation]:
        """Return the relationship types that the mapping takes in."""
        types = [row["name"] for row in self._connection.read(READ_TYPES)]
        chosen = self.mapping.include if self.mapping.include is not None else types
        names, inverse_names = self.mapping.names, self.mapping.inverse_names
        return [
            Relation(id=name, type=name, name=names.get(name, readable(name)), inverse_name=inverse_names.get(name))
            for name in sorted(set(chosen) - set(self.mapping.exclude))
        ]

    def attributes(self) -> list[Attribute]:
        """Return the numeric properties that the mapping names."""
        properties = sorted({name for node in self.mapping.nodes for name in node.attributes})
        names = self.mapping.attribute_names
        return [Attribute(id=name, property=name, name=names.get(name, readable(name))) for name in properties]

    def entities(self) -> Iterator[list[EntityRow]]:
        """Yield the entities, label by label."""
        attributes = [attribute.property for attribute in self.attributes()]
        for place, node in enumerate(self.mapping.nodes):
            query = cypher.nodes_of(node.shape, self.mapping.labels[:place], _properties(node))
            with closing(self._connection.stream(query.text, query.parameters)) as rows:
                while part := list(islice(rows, PAGE_ENTITIES)):
                    page = []
                    for row in part:
                        key = sum(len(keys) for keys in self._keys)
                        self._keys[place][row["id"]] = key
                        self._degrees[place].append(row["degree"])
                        page.append(_entity(self.mapping, node, key, row, attributes))
                    yield page

    def facts(self) -> Iterator[FactPage]:
        """Yield the facts, for groups of subjects that have about `PAGE_FACTS` together."""
        shapes = [node.shape for node in self.mapping.nodes]
        include = None if self.mapping.include is None else list(self.mapping.include)
        for place, shape in enumerate(shapes):
            subjects = [(value, degree) for value, degree in zip(self._keys[place], self._degrees[place], strict=True) if degree]
            for low, high in pairwise(cuts([degree for _, degree in subjects], PAGE_FACTS)):
                ids = [value for value, _ in subjects[low:high]]
                query = cypher.facts_page(shape, self.mapping.labels[:place], shapes, ids)
                filters = {"include": include, "exclude": list(self.mapping.exclude)}
                for row in self._connection.read(query.text, query.parameters | filters):
                    yield FactPage(
                        relation=row["type"],
                        subjects=[self._keys[place][value] for value in row["subjects"]],
                        objects=[self._keys[row["kind"]][value] for value in row["objects"]],
                    )


def _properties(node: NodeMapping) -> list[str]:
    return [*node.aliases, *node.attributes, *([node.description] if node.description else [])]


def _entity(mapping: Mapping, node: NodeMapping, key: int, row: dict[str, Any], attributes: Iterable[str]) -> EntityRow:
    values = dict(zip(_properties(node), row["values"], strict=True))
    aliases: list[str] = []
    for name in node.aliases:
        value = values[name]
        texts = [] if value is None else value if isinstance(value, list) else [value]
        aliases += [said for text in texts if (said := _text(node, row["id"], name, text)).strip()]
    numbers = []
    for attribute in attributes:
        value = values[attribute] if attribute in node.attributes else None
        if value is not None and not is_number(value):  # a NaN is larger than all numbers in Cypher, and equal to none
            raise MappingError(
                f"{node.label} {row['id']!r}: expected {attribute} to be a finite number, found {value!r}. "
                f"Take {attribute} out of the attributes."
            )
        numbers.append(None if value is None else float(value))
    if isinstance(row["name"], list):
        raise MappingError(
            f"{node.label} {row['id']!r}: expected {node.name} to be one name, found a list. Name it among the aliases instead."
        )
    called = (
        None if row["name"] is None else _text(node, row["id"], node.name, row["name"]) or None
    )  # as the Cypher has it: blanks are a name that nobody says
    description = values.get(node.description) if node.description else None
    return EntityRow(
        key=key,
        id=mapping.entity_id(node, row["id"]),
        name=called,
        aliases=tuple(sorted(set(aliases) | ({called} if called and called.strip() else set()))),
        description=None if description is None else _text(node, row["id"], str(node.description), description),
        values=tuple(numbers),
    )


def _text(node: NodeMapping, entity: str | int, property_: str, value: Any) -> str:
    """Return a value as people would say it.

    Raises:
        MappingError: nobody would: bytes, or a number that is none.
    """
    if isinstance(value, bytes | bytearray) or (isinstance(value, float) and not math.isfinite(value)):
        raise MappingError(
            f"{node.label} {entity!r}: expected {property_} to be text, found {value!r:.60}. Name another property."
        )
    return str(value)


def _check_names(connection: Connection, mapping: Mapping) -> None:
    properties = {name for node in mapping.nodes for name in (node.id, node.name, *_properties(node))}
    types = {*(mapping.include or ()), *mapping.exclude, *mapping.names, *mapping.inverse_names}
    for what, wanted, query in (
        ("label", set(mapping.labels), READ_LABELS),
        ("relationship type", types, READ_TYPES),
        ("property", properties | set(mapping.attribute_names), READ_PROPERTIES),
    ):
        there = [row["name"] for row in connection.read(query)]
        missing = sorted(wanted - set(there))
        if missing:
            raise MappingError(
                f"{what} {missing[0]!r}: expected one of this graph's "
                f"({', '.join(there[:20])}{' …' if len(there) > 20 else ''}). Correct the mapping."
            )


def _check_ids(connection: Connection, mapping: Mapping, place: int) -> tuple[NodeMapping, int]:
    """Return the node mapping with the type of its ids, and the number of its nodes."""
    node = mapping.nodes[place]
    query = cypher.check_nodes(node.shape, mapping.labels[:place])
    row = connection.read(query.text, query.parameters)[0]
    types = {text.removesuffix(" NOT NULL") for text in row["types"]} - {"NULL"}
    if row["ids"] < row["nodes"]:
        problem = f"every node to have the property {node.id!r}, found {row['nodes'] - row['ids']:,} without"
    elif row["repeats"]:
        problem = f"{node.id!r} to be unique among the nodes of the label, found {row['repeats']:,} repeats"
    elif not types <= {"STRING"} and not types <= {"INTEGER"}:
        problem = f"{node.id!r} to be text, or a whole number, found {' and '.join(sorted(types))}"
    else:
        return replace(node, id_type="integer" if types == {"INTEGER"} else "text"), row["nodes"]
    raise MappingError(f"label {node.label!r}: expected {problem}. Choose another id property in the mapping.")
