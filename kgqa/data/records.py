"""Entities and relations as they stand in a canonical data folder, one JSON object a line."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kgqa.errors import DataError
from kgqa.text import readable

MAX_ID_LENGTH = 1000
"""Longest id in characters: Neo4j's indexes hold at most about 8,000 bytes, and a character takes up to four."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRecord:
    """A line of `entities.jsonl`. `name` is None for nodes that stand for an event or statement: never an answer."""

    id: str
    name: str | None = None
    aliases: tuple[str, ...] = ()
    description: str | None = None
    attributes: Mapping[str, float] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """Return the line's object."""
        return {
            "id": self.id,
            "name": self.name,
            "aliases": list(self.aliases),
            "description": self.description,
            "attributes": dict(self.attributes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationRecord:
    """A line of `relations.jsonl`. Names are for people and for encoders; the id is what facts use."""

    id: str
    name: str
    inverse_name: str | None = None
    description: str | None = None

    @classmethod
    def of_id(cls, relation: str) -> "RelationRecord":
        """Return a relation that has no line of its own: its name is its id in words."""
        return cls(id=relation, name=readable(relation))

    def json(self) -> dict[str, Any]:
        """Return the line's object."""
        return {"id": self.id, "name": self.name, "inverse_name": self.inverse_name, "description": self.description}


def is_number(value: object) -> bool:
    """Tell whether a value of JSON is a number that a float can hold: no truth value, NaN or infinity."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def entity_of(path: Path, line: int, value: dict[str, Any]) -> EntityRecord:
    """Check a line of `entities.jsonl`.

    Raises:
        DataError: an unknown key, a missing id, or a value of the wrong type.
    """
    fields = _Fields(path, line, value, ("id", "name", "aliases", "description", "attributes"))
    return EntityRecord(
        id=fields.id(),
        name=fields.text("name"),
        aliases=fields.texts("aliases"),
        description=fields.text("description"),
        attributes=fields.numbers("attributes"),
    )


def relation_of(path: Path, line: int, value: dict[str, Any]) -> RelationRecord:
    """Check a line of `relations.jsonl`.

    Raises:
        DataError: an unknown key, a missing id, or a value of the wrong type.
    """
    fields = _Fields(path, line, value, ("id", "name", "inverse_name", "description"))
    identifier = fields.id()
    return RelationRecord(
        id=identifier,
        name=fields.text("name") or RelationRecord.of_id(identifier).name,
        inverse_name=fields.text("inverse_name"),
        description=fields.text("description"),
    )


def check_id(path: Path, line: int, value: object) -> None:
    """Refuse what cannot be an id.

    Raises:
        DataError: it is no text, blank, too long, or holds what `facts.tsv` could not name.
    """
    if not isinstance(value, str) or not value.strip():
        raise DataError(path, line, expected="an id that is text", found=repr(value), then="Give every line an id.")
    if len(value) > MAX_ID_LENGTH:
        limit = f"an id of at most {MAX_ID_LENGTH} characters"
        raise DataError(path, line, expected=limit, found=f"{len(value)} characters", then="Shorten the id.")
    if any(character in value for character in "\t\n\r\0"):
        then = "Remove them: facts.tsv could not name it."
        raise DataError(path, line, expected="an id without tabs and line ends", found=repr(value), then=then)


@dataclass(frozen=True, slots=True)
class _Fields:
    path: Path
    line: int
    value: dict[str, Any]
    allowed: tuple[str, ...]

    def __post_init__(self) -> None:
        unknown = sorted(set(self.value) - set(self.allowed))
        if unknown:
            raise self.error(f"only the keys {', '.join(self.allowed)}", f"the key {unknown[0]!r}", "Rename or remove it.")

    def id(self) -> str:
        value = self.value.get("id")
        check_id(self.path, self.line, value)
        return str(value)

    def text(self, key: str) -> str | None:
        value = self.value.get(key)
        if value is None or (isinstance(value, str) and _is_text(value)):
            return value
        raise self.error(f"{key} to be text or null", repr(value), "Use null where there is none.")

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.value.get(key, [])
        if isinstance(value, list) and all(isinstance(item, str) and _is_text(item) for item in value):
            return tuple(dict.fromkeys(value))
        raise self.error(f"{key} to be a list of texts", repr(value), "Use [] where there is none.")

    def numbers(self, key: str) -> dict[str, float]:
        value = self.value.get(key, {})
        if not isinstance(value, dict):
            raise self.error(f"{key} to be an object", repr(value), "Use {} where there is none.")
        for name, number in value.items():
            if not is_number(number):
                raise self.error(f"{key}.{name} to be a number", repr(number), "Attributes are numbers only.")
            if not name.strip() or len(name) > MAX_ID_LENGTH:
                raise self.error(f"the names of {key} to be text", repr(name[:50]), "Rename the attribute.")
        return {name: float(number) for name, number in value.items()}

    def error(self, expected: str, found: str, then: str) -> DataError:
        return DataError(self.path, self.line, expected=expected, found=found, then=then)


def _is_text(value: str) -> bool:
    """Tell whether there is anything to read; U+0000 is no character of a text, and Neo4j's tools end there."""
    return bool(value.strip()) and "\0" not in value
