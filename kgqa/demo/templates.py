"""The kinds of question of the demo world, as `templates.toml` words them."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, Literal

Asks = Literal["set", "count", "largest", "value", "no_answer"]
ASKS: Final[tuple[Asks, ...]] = ("set", "count", "largest", "value", "no_answer")

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of question.

    Attributes:
        topics: the relations to follow from the entity in each slot; the answers are what all of them lead to.
        leave_start: the topics themselves are no answers.
        attribute: what is compared where the largest is asked for; whose value is asked for.
        train, dev: wordings with slots in braces.
    """

    name: str
    asks: Asks
    topics: Mapping[str, tuple[str, ...]]
    leave_start: bool
    attribute: str | None
    train: tuple[str, ...]
    dev: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Templates:
    """All kinds, the names that are said with "the", by entity, and what training never asks about.

    That is the entities in `held_out`, and a fifth of the others, drawn with `held_out_seed`.
    """

    kinds: tuple[Kind, ...]
    held_out: frozenset[str]
    held_out_seed: int
    articles: Mapping[str, tuple[str, ...]]


def read_templates() -> Templates:
    """Read the templates that ship with kgqa."""
    tables = tomllib.loads((files("kgqa.demo") / "templates.toml").read_text(encoding="utf-8"))
    return Templates(
        kinds=tuple(_kind(asks, table) for asks in ASKS for table in tables[asks]),
        held_out=frozenset(tables["held_out"]),
        held_out_seed=tables["held_out_seed"],
        articles={entity: tuple(names) for entity, names in tables["articles"].items()},
    )


def fill(wording: str, mentions: Mapping[str, str], articles: Mapping[str, str]) -> tuple[str, dict[str, int]]:
    """Put mentions into the slots of a wording; return the text and where each mention starts.

    >>> fill("Who painted {work}?", {"work": "Mona Lisa"}, {"work": "the "})
    ('Who painted the Mona Lisa?', {'work': 16})
    """
    text = ""
    starts = {}
    end = 0
    for slot in _SLOT.finditer(wording):
        text += wording[end : slot.start()] + articles.get(slot[1], "")
        starts[slot[1]] = len(text)
        text += mentions[slot[1]]
        end = slot.end()
    return text + wording[end:], starts


def _kind(asks: Asks, table: Mapping[str, Any]) -> Kind:
    return Kind(
        name=table["kind"],
        asks=asks,
        topics={slot: tuple(path) for slot, path in table["topics"].items()},
        leave_start=table.get("leave_start", False),
        attribute=table.get("attribute"),
        train=tuple(table["train"]),
        dev=tuple(table["dev"]),
    )
