"""Make questions with their answers from a knowledge base: the same ones for the same seed, each with one reading."""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from kgqa.data.questions import MAX_QUESTION_LENGTH
from kgqa.kb import KnowledgeBase
from kgqa.synthesis.kinds import Kinds
from kgqa.synthesis.phrases import Phrases, UnsayableError
from kgqa.synthesis.subjects import SHAPES, Shape, Subject, Subjects
from kgqa.synthesis.walks import Walker
from kgqa.synthesis.wordings import Text, fill, read_wordings
from kgqa.text import tokenise

Asks = Literal["set", "count", "largest", "smallest", "value"]

SHARES: Final[Mapping[Asks, float]] = {"set": 0.84, "count": 0.06, "largest": 0.035, "smallest": 0.035, "value": 0.03}
"""How many of the questions ask for what. None is without an answer: what people ask is worded unlike what is made here, and a
model that had learned "no answer" from made questions took a third of what people ask for unanswerable."""

SHAPE_SHARES: Final[Mapping[Shape, float]] = {"one": 0.7, "two": 0.15, "both": 0.15}
"""How many of the questions that ask for the same are about which shape of set."""

VALUE_SHARES: Final[Mapping[Shape, float]] = {"itself": 0.7, "one": 0.3}
"""The same for questions that ask for a value: most of what is named itself, others of the one entity that is reached."""

_OF_ATTRIBUTES: Final[tuple[Asks, ...]] = ("largest", "smallest", "value")

ASKED_BY_KIND: Final = 0.7
"""How many of the sets that "who" or "where" fits are asked for with it."""

DEV_SHARE: Final = 0.1
"""How many of the entities are asked about in dev questions only."""

_TRIES: Final = 20
"""How many sets are drawn at most for each question that is wanted."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A line of a question file, and whether it belongs to the dev questions."""

    line: dict[str, Any]
    dev: bool


def make_questions(kb: KnowledgeBase, number: int, *, seed: int) -> Iterator[Made]:
    """Yield about `number` questions; fewer where the graph does not hold so many different ones.

    Args:
        kb: the graph.
        number: how many.
        seed: of what is drawn.
    """
    maker = _Maker(kb, seed)
    for asks, share in SHARES.items():
        if asks not in _OF_ATTRIBUTES or kb.attributes:
            for shape, part in (VALUE_SHARES if asks == "value" else SHAPE_SHARES).items():
                wanted = round(number * share * part)
                yield from itertools.islice(maker.questions(asks, shape, _TRIES * wanted), wanted)


class _Maker:
    def __init__(self, kb: KnowledgeBase, seed: int) -> None:
        self._kb, self._seed = kb, seed
        wordings, walker = read_wordings(), Walker(kb)
        self._frames, self._kinds = dict(wordings.frames), Kinds(kb, walker, wordings.kinds)
        if not self._kinds.known:
            self._frames["set"] = [frame for asks in ("set", *self._kinds.words) for frame in wordings.frames[asks]]
        self._subjects, self._phrases = Subjects(kb, walker), Phrases(kb, walker, wordings)
        self._values = kb.values.numpy()
        said = [[token.key for token in tokenise(attribute.name)] for attribute in kb.attributes]
        self._rivals = [
            [other for other, words in enumerate(said) if words == own and other != place] for place, own in enumerate(said)
        ]

    def questions(self, asks: Asks, shape: Shape, tries: int) -> Iterator[Made]:
        """Yield different questions of a kind, from at most `tries` sets."""
        random = np.random.default_rng([self._seed, list(SHARES).index(asks), SHAPES.index(shape)])
        seen: set[str] = set()
        for subject in itertools.islice(self._subjects.draw(shape, random), tries):
            try:
                text, right = self._question(asks, subject, random)
            except UnsayableError:
                continue
            if text.text not in seen and len(text.text) <= MAX_QUESTION_LENGTH:
                seen.add(text.text)
                yield self._made(asks, subject, text, right, len(seen))

    def _question(self, asks: Asks, subject: Subject, random: np.random.Generator) -> tuple[Text, dict[str, Any]]:
        if asks == "set":
            return self._set(subject, random)
        slots = {"phrase": self._phrases.known(subject, random, whole=asks != "value")}
        if asks == "count":
            return fill(self._frames[asks], slots, random), {"value": len(subject.entities)}
        right = sorted(subject.entities)
        if asks == "value":
            attribute, value = self._value(right, random)
            slots["attribute"] = Text(self._kb.attributes[attribute].name)
            return fill(self._frames[asks], slots, random), {"value": value}
        attribute, right = self._extreme(right, random, largest=asks == "largest")
        slots["attribute"] = Text(self._kb.attributes[attribute].name)
        return fill(self._frames[asks], slots, random), self._answers(right)

    def _set(self, subject: Subject, random: np.random.Generator) -> tuple[Text, dict[str, Any]]:
        """Ask for a set itself: often with the question word that fits it, which tells relations to others apart."""
        fitting = self._kinds.fitting(subject.entities) if random.random() < ASKED_BY_KIND else None
        apart = self._kinds.others(fitting) if fitting else frozenset[int]()
        phrase = self._phrases.known(subject, random, apart=apart)
        return fill(self._frames[fitting or "set"], {"phrase": phrase}, random), self._answers(subject.entities)

    def _answers(self, rows: Iterable[int]) -> dict[str, Any]:
        return {"answers": [self._kb.ids[row] for row in sorted(rows)]}

    def _extreme(self, rows: list[int], random: np.random.Generator, *, largest: bool) -> tuple[int, list[int]]:
        """Draw an attribute, and return who of `rows` has most or least of it.

        Raises:
            UnsayableError: no two of them differ in it.
        """
        attribute = int(random.integers(self._values.shape[1]))
        values = self._values[rows, attribute]
        if len(np.unique(values[~np.isnan(values)])) <= 1:
            raise UnsayableError
        self._refuse_rivals(attribute, rows)
        best = np.nanmax(values) if largest else np.nanmin(values)
        return attribute, [row for row, value in zip(rows, values.tolist(), strict=True) if value == best]

    def _value(self, rows: list[int], random: np.random.Generator) -> tuple[int, float]:
        """Draw an attribute, and return its value.

        Raises:
            UnsayableError: there are several, or none.
        """
        attribute = int(random.integers(self._values.shape[1]))
        if len(rows) != 1 or np.isnan(self._values[rows[0], attribute]):
            raise UnsayableError
        self._refuse_rivals(attribute, rows)
        return attribute, float(self._values[rows[0], attribute])

    def _refuse_rivals(self, attribute: int, rows: list[int]) -> None:
        """Refuse an attribute that is called like another one which some of `rows` have: a question could mean either.

        Raises:
            UnsayableError: there is one.
        """
        if not np.isnan(self._values[np.ix_(rows, self._rivals[attribute])]).all():
            raise UnsayableError

    def _made(self, asks: Asks, subject: Subject, text: Text, right: dict[str, Any], number: int) -> Made:
        kind = f"{asks} {subject.shape}"
        topics = [
            {"entity": self._kb.ids[subject.branches[branch][0]], "mention": text.text[start:end], "start": start}
            for start, end, branch in text.mentions
        ]
        line = {"id": f"{kind.replace(' ', '-')}-{number}", "question": text.text, **right, "topics": topics, "kind": kind}
        return Made(line=line, dev=any(self._held_out(start) for start, _ in subject.branches))

    def _held_out(self, entity: int) -> bool:
        digest = hashlib.sha256(f"{self._seed} {self._kb.ids[entity]}".encode()).digest()
        return int.from_bytes(digest[:4]) < DEV_SHARE * 2**32
