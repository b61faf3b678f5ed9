"""Propose a `mapping.toml` for a live graph, for a person to correct."""

import json
from dataclasses import dataclass
from typing import Any, Final, LiteralString

from kgqa.errors import GraphError
from kgqa.graph import cypher
from kgqa.graph.connection import Connection
from kgqa.graph.read_mapped import READ_LABELS, READ_TYPES
from kgqa.text import readable

SAMPLE: Final = 1000
"""Nodes of each label whose properties are looked at."""

READ_UNIQUE: Final[LiteralString] = """
SHOW CONSTRAINTS YIELD type, entityType, labelsOrTypes, properties
WHERE entityType = 'NODE' AND type IN ['UNIQUENESS', 'NODE_KEY'] AND size(properties) = 1
RETURN labelsOrTypes[0] AS label, properties[0] AS property
"""

FIND_OWN_LOAD: Final[LiteralString] = "MATCH (b:LoadBatch) RETURN b.id AS id LIMIT 1"

_ID_NAMES = ("id", "uuid", "uri", "name", "title")
_NAME_NAMES = ("name", "title", "label", "fullName", "displayName")
_ALIAS_NAMES = ("aliases", "alias", "altNames", "nickname", "synonyms", "alsoKnownAs")
_DESCRIPTION_NAMES = ("description", "summary", "abstract", "bio", "tagline")


@dataclass(frozen=True, slots=True)
class _Property:
    name: str
    types: frozenset[str]
    nodes: int
    values: int


def propose(connection: Connection) -> str:
    """Return the text of a `mapping.toml` that takes in every label with a usable id, with counts as comments.

    Raises:
        GraphError: the graph has no nodes, or is one that kgqa loaded.
    """
    if connection.read(FIND_OWN_LOAD):
        raise GraphError(
            f"{connection.description}: expected a graph that kgqa did not load, found one that it did. It needs no mapping: run "
            "`kgqa snapshot OUT`."
        )
    unique = {(row["label"], row["property"]) for row in connection.read(READ_UNIQUE)}
    parts = ["# Proposed by `kgqa mapping` from the live graph. Correct it: which labels are entities, their ids and names.\n"]
    found, attributes = False, set[str]()
    for label in [row["name"] for row in connection.read(READ_LABELS)]:
        count = _one(connection, cypher.count_label(label), "nodes")
        if count:
            found = True
            text, numbers = _table(label, count, _sample(connection, label), {name for on, name in unique if on == label})
            parts.append(text)
            attributes.update(numbers)
    if not found:
        raise GraphError(f"{connection.description}: expected a graph with nodes, found none. Connect to another one.")
    types = [row["name"] for row in connection.read(READ_TYPES)]
    counts = {name: _one(connection, cypher.count_type(name), "relationships") for name in types}
    kept = [name for name in types if counts[name]]
    parts.append("[relationships]")
    parts += [f"# {_comment(name)}: {counts[name]:,}" for name in kept]
    parts.append(f"include = {_toml(kept)}")
    parts.append(f"names = {_readable(kept)}")
    if kept:
        parts.append("# What the other direction is called; made questions and the model read it:")
        parts.append(f'# inverse_names = {{ {_comment(_toml(kept[0]))} = "…" }}')
    if attributes:
        parts.append(f"\n[attributes]\nnames = {_readable(sorted(attributes))}")
    return "\n".join(parts) + "\n"


def _table(label: str, count: int, properties: list[_Property], unique: set[str]) -> tuple[str, list[str]]:
    """Return the lines of a label, and the properties that they propose as attributes."""
    usable = [p for p in properties if p.types <= {"STRING"} or p.types <= {"INTEGER"}]
    texts = [p.name for p in properties if p.types <= {"STRING"}]
    names = sorted(_first(texts, _NAME_NAMES), key=_NAME_NAMES.index)
    full = min(count, SAMPLE)
    distinct = [p.name for p in usable if p.nodes == full and p.values == p.nodes]
    candidates = [name for name in distinct if name in unique] or [n for n in _ID_NAMES if n in distinct] or distinct
    seen = ", ".join(f"{p.name} ({' or '.join(sorted(p.types))})" for p in properties)
    lines = [f"# {count:,} nodes; properties: {_comment(seen)}"]
    if not candidates:
        lines.append("# Left out: no property was found that is there on every node and different on each.")
        lines.append(f"# [entities.{_comment(_toml(label))}]\n")
        return "\n".join(lines), []
    identifier = candidates[0]
    lines.append(f"[entities.{_toml(label)}]")
    lines.append(f"id = {_toml(identifier)}{'' if identifier in unique else '  # no constraint says that it is unique'}")
    lines.append(f"name = {_toml(names[0] if names else identifier)}")
    aliases = _first([p.name for p in properties if p.types <= {"STRING", "LIST<STRING NOT NULL>"}], _ALIAS_NAMES)
    if aliases:
        lines.append(f"aliases = {_toml(aliases)}")
    numbers = [p.name for p in properties if p.types <= {"INTEGER", "FLOAT"} and p.name != identifier]
    if numbers:
        lines.append(f"attributes = {_toml(numbers)}")
    description = _first(texts, _DESCRIPTION_NAMES)
    if description:
        lines.append(f"description = {_toml(description[0])}")
    return "\n".join(lines) + "\n", numbers


def _sample(connection: Connection, label: str) -> list[_Property]:
    query = cypher.sample_properties(label)
    return [
        _Property(row["property"], frozenset(t.removesuffix(" NOT NULL") for t in row["types"]), row["nodes"], row["values"])
        for row in connection.read(query.text, {"size": SAMPLE})
    ]


def _one(connection: Connection, query: cypher.CypherQuery, column: str) -> int:
    return int(connection.read(query.text, query.parameters)[0][column])


def _first(names: list[str], wanted: tuple[str, ...]) -> list[str]:
    return [name for name in names if name in wanted]


def _readable(names: list[str]) -> str:
    return f"{{ {', '.join(f'{_toml(name)} = {_toml(readable(name))}' for name in names)} }}"


def _toml(value: Any) -> str:
    # JSON's texts and lists are TOML's too, but for the one control character that JSON leaves as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
