"""The wordings that ship with kgqa: phrases for sets of entities, and frames that ask something of a phrase."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Text:
    """A text in the making, and where mentions stand in it: (start, end, number of the mention)."""

    text: str
    mentions: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Wordings:
    """Phrases by shape, frames by what is asked, and the words that tell which question words fit (see `Kinds`)."""

    phrases: Mapping[str, Sequence[str]]
    frames: Mapping[str, Sequence[str]]
    kinds: Mapping[str, Mapping[str, Sequence[str]]]


def read_wordings() -> Wordings:
    """Read the wordings that ship with kgqa."""
    tables = tomllib.loads((files("kgqa.synthesis") / "wordings.toml").read_text(encoding="utf-8"))
    return Wordings(phrases=tables["phrases"], frames=tables["frames"], kinds=tables["kinds"])


def fill(choices: Sequence[str], slots: Mapping[str, Text], random: np.random.Generator) -> Text:
    """Draw a wording and put texts into its slots; mentions keep their places.

    >>> wording = ["Who is the {phrase}?"]
    >>> fill(wording, {"phrase": Text("wife of Tom Hanks", ((8, 17, 0),))}, np.random.default_rng(0))
    Text(text='Who is the wife of Tom Hanks?', mentions=((19, 28, 0),))
    """
    wording = choices[int(random.integers(len(choices)))]
    text, end = "", 0
    mentions: list[tuple[int, int, int]] = []
    for slot in _SLOT.finditer(wording):
        text += wording[end : slot.start()]
        filled = slots[slot[1]]
        mentions += [(start + len(text), stop + len(text), number) for start, stop, number in filled.mentions]
        text += filled.text
        end = slot.end()
    return Text(text + wording[end:], tuple(mentions))
