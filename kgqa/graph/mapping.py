"""Say where the entities of a graph are: `mapping.toml` for a graph that kgqa did not load, a fixed layout for one it did.

[entities.Person]           a node label
id = "name"                 its unique, stable property (text or whole number)
name = "name"               what people call it; null or missing: never an answer
aliases = ["nickname"]      properties with other names, text or lists of texts
attributes = ["born"]       numeric properties
description = "bio"

[relationships]
include = ["ACTED_IN"]      or exclude = [...]; all types of the graph if neither is given
names = { ACTED_IN = "acted in" }
inverse_names = { ACTED_IN = "stars" }

[attributes]
names = { heightCm = "height" }
"""

from collections.abc import Mapping as AnyMapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from kgqa.config import read_toml
from kgqa.errors import MappingError
from kgqa.graph.cypher import NodeShape


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeMapping:
    """The nodes of one label that are entities."""

    label: str
    id: str
    name: str
    aliases: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    description: str | None = None
    id_type: Literal["text", "integer"] = "text"

    @property
    def shape(self) -> NodeShape:
        """Return what Cypher needs to find one of these nodes."""
        return NodeShape(self.label, self.id, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """Which nodes are entities and which relationships are facts.

    The id of an entity is "Label:id", so that ids are unique across labels; in the layout of kgqa itself, whose only label
    is Entity, it is the id alone. A node with several mapped labels is an entity of the first of them.

    `names` and `inverse_names` say what relationship types are called in each direction, `attribute_names` what properties are.
    """

    nodes: tuple[NodeMapping, ...]
    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    names: AnyMapping[str, str] = field(default_factory=dict)
    inverse_names: AnyMapping[str, str] = field(default_factory=dict)
    attribute_names: AnyMapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read `mapping.toml`.

        Raises:
            MappingError: the file is missing, is no TOML, has an unknown key, or a value of the wrong type.
        """
        tables = read_toml(path, MappingError, missing="`kgqa mapping --write` proposes one.")
        return cls.from_tables(tables, str(path))

    @classmethod
    def from_tables(cls, tables: AnyMapping[str, Any], place: str) -> Self:
        """Build a mapping from nested dictionaries; `place` is named in errors.

        Raises:
            MappingError: an unknown key, or a value of the wrong type.
        """
        check = _Check(place)
        check.keys(tables, {"entities", "relationships", "attributes"}, "")
        entities = check.table(tables, "entities")
        if not entities:
            raise check.error("at least one [entities.Label] table", "none", "Say which nodes are entities.")
        nodes = []
        for label, values in entities.items():
            table = f"entities.{label}"
            check.keys(values, {"id", "name", "aliases", "attributes", "description", "id_type"}, table)
            identifier = check.text(values, "id", table)
            id_type = values.get("id_type", "text")
            if id_type not in ("text", "integer"):
                raise check.error(f"{table}.id_type to be 'text' or 'integer'", repr(id_type), "Remove it: it is found out.")
            nodes.append(
                NodeMapping(
                    label=label,
                    id=identifier,
                    name=check.text(values, "name", table, default=identifier),
                    aliases=check.texts(values, "aliases", table) or (),
                    attributes=check.texts(values, "attributes", table) or (),
                    description=check.text(values, "description", table, default="") or None,
                    id_type=id_type,
                )
            )
            for other in entities:
                if other.startswith(f"{label}:"):
                    found = f"{label!r} and {other!r}"
                    raise check.error("labels none of which begins with another and ':'", found, "Their ids could be equal.")
        relationships = check.table(tables, "relationships")
        check.keys(relationships, {"include", "exclude", "names", "inverse_names"}, "relationships")
        attributes = check.table(tables, "attributes")
        check.keys(attributes, {"names"}, "attributes")
        return cls(
            nodes=tuple(nodes),
            include=check.texts(relationships, "include", "relationships"),
            exclude=check.texts(relationships, "exclude", "relationships") or (),
            names=check.names(relationships, "names", "relationships"),
            inverse_names=check.names(relationships, "inverse_names", "relationships"),
            attribute_names=check.names(attributes, "names", "attributes"),
        )

    def tables(self) -> dict[str, Any]:
        """Return nested dictionaries that `from_tables` reads."""
        relationships: dict[str, Any] = {
            "exclude": list(self.exclude),
            "names": dict(self.names),
            "inverse_names": dict(self.inverse_names),
        }
        if self.include is not None:
            relationships["include"] = list(self.include)
        entities = {}
        for node in self.nodes:
            values = {key: value for key, value in asdict(node).items() if key != "label" and value is not None}
            entities[node.label] = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
        return {"entities": entities, "relationships": relationships, "attributes": {"names": dict(self.attribute_names)}}

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the labels of all entities."""
        return tuple(node.label for node in self.nodes)

    @property
    def is_own(self) -> bool:
        """Tell whether this is the layout that `kgqa load` writes."""
        return self is KGQA_LAYOUT or self.nodes == KGQA_LAYOUT.nodes

    def entity_id(self, node: NodeMapping, value: str | int) -> str:
        """Return the entity id of a node."""
        return str(value) if self.is_own else f"{node.label}:{value}"

    def locate(self, entity: str) -> tuple[NodeMapping, str | int]:
        """Return how to find an entity's node and the value of its id property, the inverse of `entity_id`.

        Raises:
            MappingError: no mapped label begins this id.
        """
        if self.is_own:
            return self.nodes[0], entity
        for node in sorted(self.nodes, key=lambda node: -len(node.label)):
            if entity.startswith(node.label + ":"):
                value = entity[len(node.label) + 1 :]
                return node, int(value) if node.id_type == "integer" else value
        raise MappingError(f"entity {entity!r}: expected an id that begins with one of {', '.join(self.labels)}.")


KGQA_LAYOUT = Mapping(nodes=(NodeMapping(label="Entity", id="id", name="name", description="description"),))


@dataclass(frozen=True, slots=True)
class _Check:
    place: str

    def error(self, expected: str, found: str, then: str) -> MappingError:
        return MappingError(f"{self.place}: expected {expected}, found {found}. {then}")

    def keys(self, values: Any, allowed: set[str], table: str) -> None:
        if not isinstance(values, dict):
            raise self.error(f"[{table}] to be a table", repr(values), "Write key = value lines below it.")
        for key in values:
            if key not in allowed:
                raise self.error(f"only {', '.join(sorted(allowed))} in [{table}]", key, "Rename or remove it.")

    def table(self, values: AnyMapping[str, Any], key: str) -> dict[str, Any]:
        value = values.get(key, {})
        if not isinstance(value, dict):
            raise self.error(f"{key} to be a table", repr(value), "Write key = value lines below it.")
        return value

    def names(self, values: AnyMapping[str, Any], key: str, table: str) -> dict[str, str]:
        names = self.table(values, key)
        if not all(isinstance(value, str) and value.strip() for value in names.values()):
            raise self.error(f"{table}.{key} to hold texts that are not blank", repr(names), 'Write NAME = "readable name".')
        return dict(names)

    def text(self, values: AnyMapping[str, Any], key: str, table: str, default: str | None = None) -> str:
        value = values.get(key, default)
        if not isinstance(value, str) or (not value and default is None):
            raise self.error(f"{table}.{key} to be the name of a property", repr(value), "Give it in quotes.")
        return value

    def texts(self, values: AnyMapping[str, Any], key: str, table: str) -> tuple[str, ...] | None:
        value = values.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(f"{table}.{key} to be a list of names", repr(value), "Write it in brackets and quotes.")
        return tuple(value)
