"""Select the questions to answer by hand first, of all that were asked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, zip_longest
from typing import Final

import numpy as np

from kgqa.data.questions import check_text
from kgqa.errors import ConfigError
from kgqa.kb import KnowledgeBase
from kgqa.progress import Progress, silent
from kgqa.selection.cover import cover
from kgqa.selection.wordings import Wording, alike, wordings

MOST: Final = 5000
"""So many wordings are compared, and so many questions selected at most: what is compared takes the square of it in memory."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What was selected.

    Attributes:
        places: which of the texts, in the order in which they are worth answering: the first of them are what fewer would be.
        wordings: how many wordings all texts have.
        compared: how many of these were compared, the most frequent ones; the others are not selected from.
        covered: how many of the texts have one of the selected wordings.
    """

    places: tuple[int, ...]
    wordings: int
    compared: int
    covered: int


def select(kb: KnowledgeBase, texts: Sequence[str], number: int, *, progress: Progress = silent) -> Selection:
    """Select `number` questions whose wordings stand for the wordings of all.

    A text that stands several times counts so often and is selected once. Where all wordings that are compared are selected, a
    second text of each follows, in the same order, then a third.

    Args:
        kb: the graph, which tells what is a mention.
        texts: questions.
        number: how many; all distinct ones if there are no more.
        progress: told in how many of the texts mentions were found.

    Raises:
        ConfigError: the number is not from 1 to `MOST`.
        QuestionError: a text cannot be asked.
    """
    if not 1 <= number <= MOST:
        raise ConfigError(f"select: expected a number of questions from 1 to {MOST:,}, found {number:,}. Choose another.")
    for text in texts:
        check_text(text)
    found = wordings(texts, kb, progress)
    frequent = Counter(found)
    compared = sorted(frequent, key=lambda wording: (-frequent[wording], _draw(wording)))[:MOST]
    places: dict[Wording, dict[str, int]] = {wording: {} for wording in compared}
    for place, (wording, text) in enumerate(zip(found, texts, strict=True)):
        if wording in places:
            places[wording].setdefault(text, place)
    weights = np.array([frequent[wording] for wording in compared], dtype=np.float32)
    chosen = [compared[one] for one in cover(alike(compared), weights, number)]
    turns = chain.from_iterable(zip_longest(*(places[wording].values() for wording in chosen)))
    return Selection(
        places=tuple([place for place in turns if place is not None][:number]),
        wordings=len(frequent),
        compared=len(compared),
        covered=sum(frequent[wording] for wording in chosen),
    )


def _draw(wording: Wording) -> bytes:
    """Return what puts equally frequent wordings into an order that has nothing to do with that of the file."""
    return sha256(" ".join(wording).encode()).digest()
