"""The wordings of questions, which are what is left without the mentions, and how alike they are."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kgqa.kb import KnowledgeBase
from kgqa.model.spans import find_spans
from kgqa.progress import Progress, silent
from kgqa.text import Token, tokenise

Wording = tuple[str, ...]
"""The words of a question, with `MENTION` for each mention."""

MENTION: Final = "\0"
"""Stands for a mention; no word, as words have letters, digits or symbols."""

_COMMON_SHARE: Final = 0.01
_COMMON_LEAST: Final = 5
"""A name that stands in more of the questions than this is part of their wording: "films", where a tag is called that."""

_AT_ONCE: Final = 4000
"""So many features are compared at the same moment, to bound what memory they take."""


def wordings(texts: Sequence[str], kb: KnowledgeBase, progress: Progress = silent) -> list[Wording]:
    """Return the wording of each text: from the left, the longest names of entities are mentions."""
    tokens = [tokenise(text) for text in texts]
    spans = []
    for done, question in enumerate(tokens, start=1):
        spans.append(_longest(question, kb))
        if done % 1000 == 0 or done == len(tokens):
            progress("mentions", done, len(tokens))
    names = [
        [" ".join(token.key for token in question[first : last + 1]) for first, last in found]
        for question, found in zip(tokens, spans, strict=True)
    ]
    stand = Counter(name for named in names for name in set(named))
    common = max(_COMMON_LEAST, _COMMON_SHARE * len(texts))
    return [
        tuple(_words(question, {first: last for (first, last), name in zip(found, named, strict=True) if stand[name] <= common}))
        for question, found, named in zip(tokens, spans, names, strict=True)
    ]


def alike(found: Sequence[Wording]) -> NDArray[np.float32]:
    """Return the cosines of wordings, [W, W], from 0 to 1; of one without words 1 with itself and 0 with others.

    What is counted are words and pairs of neighbours, each times log(1 + W / wordings that have it).
    """
    counts = [Counter(_features(wording)) for wording in found]
    having = Counter(feature for count in counts for feature in count)
    columns = {feature: column for column, feature in enumerate(having)}
    entries = [
        (row, columns[feature], number * math.log(1 + len(found) / having[feature]))
        for row, count in enumerate(counts)
        for feature, number in count.items()
    ]
    rows, places, values = np.array(entries).reshape(-1, 3).T
    rows, places = rows.astype(np.int64), places.astype(np.int64)
    values /= np.sqrt(np.bincount(rows, values**2, minlength=len(found)))[rows]
    cosines = np.zeros((len(found), len(found)), dtype=np.float32)
    for first in range(0, len(columns), _AT_ONCE):
        here = (places >= first) & (places < first + _AT_ONCE)
        part = np.zeros((len(found), _AT_ONCE), dtype=np.float32)
        part[rows[here], places[here] - first] = values[here]
        cosines += part @ part.T
    np.fill_diagonal(cosines, 1)
    return cosines


def _longest(question: Sequence[Token], kb: KnowledgeBase) -> list[tuple[int, int]]:
    """Return the first and last tokens of the longest exact spans, from the left, none within another."""
    longest: list[tuple[int, int]] = []
    for span in find_spans(question, kb):  # by first token, then length
        if longest and span.first == longest[-1][0]:
            longest[-1] = (span.first, span.last)
        elif not longest or span.first > longest[-1][1]:
            longest.append((span.first, span.last))
    return longest


def _words(question: Sequence[Token], mentions: Mapping[int, int]) -> Iterator[str]:
    """Yield the words, and a mark for each mention; its last token is told by its first."""
    place = 0
    while place < len(question):
        yield MENTION if place in mentions else question[place].key
        place = mentions.get(place, place) + 1


def _features(wording: Wording) -> Iterator[tuple[str, ...]]:
    yield from ((word,) for word in wording)
    yield from pairwise(("", *wording, ""))
