"""Tell by the names of relations which entities people ask for with "who", and which with "where"."""

from collections.abc import Collection, Mapping, Sequence
from itertools import takewhile
from typing import Final

import numpy as np

from kgqa.kb import KnowledgeBase
from kgqa.synthesis.names import words_of
from kgqa.synthesis.walks import Walker

FITS: Final = 0.7
"""A question word fits a set if it fits at least this share of its entities."""

_PREPOSITIONS: Final = frozenset(("at", "by", "for", "from", "in", "of", "on", "to"))


class Kinds:
    """Which question word fits each entity: every relation whose name tells what stands at its ends has a vote.

    Args:
        kb: the graph.
        walker: its facts by relation.
        telling: by question word the words that tell, of `subjects` and of `objects`, as `wordings.toml` has them.
    """

    def __init__(self, kb: KnowledgeBase, walker: Walker, telling: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        self.words = tuple(telling)
        """The question words, K of them."""
        votes = np.zeros((len(telling), kb.num_entities), dtype=np.int64)
        for relation in walker.used.tolist():
            stored, forward = kb.stored(relation)
            if not (forward or stored.inverse_name):
                continue
            name = words_of(kb, relation)
            subjects, objects = walker.ends(relation)
            for own, words in zip(votes, telling.values(), strict=True):
                own[subjects] += _ends(name, words["subjects"])  # once, however many facts
                own[objects] += _ends(name, words["objects"])
        most = votes.max(0)
        self._kind = np.where((most > 0) & ((votes == most).sum(0) == 1), votes.argmax(0), len(votes))  # K: none is known to fit
        kinds = len(self.words) + 1
        led = np.bincount(
            kb.facts.relation.numpy().astype(np.int64) * kinds + self._kind[kb.facts.object.numpy()],
            minlength=kb.num_relations * kinds,
        )
        led = led.reshape(-1, kinds)
        shares = led[:, :-1] / np.maximum(led.sum(1, keepdims=True), 1)
        self._others = {
            word: frozenset(np.flatnonzero(own <= 1 - FITS).tolist()) for word, own in zip(self.words, shares.T, strict=True)
        }

    @property
    def known(self) -> bool:
        """Tell whether a question word fits any entity."""
        return bool((self._kind < len(self.words)).any())

    def fitting(self, entities: Collection[int]) -> str | None:
        """Return the question word that fits a set, None if none is known to."""
        counts = np.bincount(self._kind[list(entities)], minlength=len(self.words) + 1)[:-1]
        best = int(counts.argmax())
        return self.words[best] if counts[best] / len(entities) >= FITS else None

    def others(self, asked_with: str) -> frozenset[int]:
        """Return the relations that lead to what a question word does not fit."""
        return self._others[asked_with]


def _ends(name: Sequence[str], telling: Sequence[str]) -> bool:
    """Tell whether a name, or what stands before its first preposition, ends with one of some words.

    >>> [_ends(name.split(), ["place", "by", "plays"]) for name in ("place of birth", "directed by", "plays for team", "places")]
    [True, True, True, False]
    """
    ends = (name, takewhile(lambda word: word not in _PREPOSITIONS, name))
    return any(f" {' '.join(end)}".endswith(f" {words}") for end in map(list, ends) for words in telling)
