"""Word a set of entities so that it has one reading: "wife of Tom Hanks" only where all that may mean this wife.

Its relations are told apart by their words from the others that the same entities have, and where a mention may name several
entities, no other choice among them leads to anything else.
"""

from collections.abc import Sequence, Set
from itertools import chain
from typing import Final

import numpy as np

from kgqa.kb import KnowledgeBase
from kgqa.synthesis.names import Mentions, RelationWords
from kgqa.synthesis.subjects import Subject
from kgqa.synthesis.walks import Path, Walker
from kgqa.synthesis.wordings import Text, Wordings, fill

SHORTENED: Final = 0.5
"""How often words of a relation's name are left out."""

_MOST_NAMESAKES: Final = 50
"""A mention that may name more entities than this is not used."""


class UnsayableError(Exception):
    """Raised where what was drawn cannot be said so that it has one reading."""


class Phrases:
    """Words sets of entities of one knowledge base."""

    def __init__(self, kb: KnowledgeBase, walker: Walker, wordings: Wordings) -> None:
        self._walker = walker
        self._wordings = wordings.phrases
        self._mentions, self._relations = Mentions(kb), RelationWords(kb)

    def known(self, subject: Subject, random: np.random.Generator, *, whole: bool = False, apart: Set[int] = frozenset()) -> Text:
        """Word a set.

        Args:
            subject: the set.
            random: what is drawn from.
            whole: the question asks for what the whole set tells: a namesake that leads to a part of it is another reading.
            apart: relations that the question's own words tell from those that lead to the set.

        Raises:
            UnsayableError: the words drawn have another reading.
        """
        mentions = [self._mention(subject, branch, random, whole=whole) for branch in range(len(subject.branches))]
        starts = [self._mentions.candidates(mention.text) for mention in mentions]
        paths = [path for _, path in subject.branches]
        shared = len(paths) > 1 and len(set(paths)) == 1
        if shared:  # the relation is said once, of both
            starts, paths = [list(chain.from_iterable(starts))], paths[:1]
        relations = [
            word for own, path in zip(starts, paths, strict=True) for word in self._relation_words(own, path, random, apart)
        ]
        if subject.shape == "itself":
            return mentions[0]
        first = fill(self._wordings["one"], {"relation": relations[0], "entity": mentions[0]}, random)
        if subject.shape == "one":
            return first
        if subject.shape == "two":
            return fill(self._wordings["two"], {"relation": relations[1], "inner": first}, random)
        if shared:
            return fill(self._wordings["shared"], {"relation": relations[0], "left": mentions[0], "right": mentions[1]}, random)
        second = fill(self._wordings["one"], {"relation": relations[1], "entity": mentions[1]}, random)
        return fill(self._wordings["both"], {"left": first, "right": second}, random)

    def _relation_words(self, starts: Sequence[int], path: Path, random: np.random.Generator, apart: Set[int]) -> list[Text]:
        """Return words for each relation of a path; its rivals are what all that a mention may name has beside it.

        Of the last relation, which leads to what is asked for, those that are told `apart` are no rivals.
        """
        words = []
        for hop, relation in enumerate(path):
            here = {entity for start in starts for entity in self._walker.follow(start, path[:hop]) or ()}
            rivals = {other for entity in here for other in self._walker.relations(entity).tolist()} - {relation}
            if hop == len(path) - 1:
                rivals -= apart
            said = self._relations.draw(relation, rivals, random, shorten=SHORTENED)
            if said is None:
                raise UnsayableError
            words.append(Text(said))
        return words

    def _mention(self, subject: Subject, branch: int, random: np.random.Generator, *, whole: bool) -> Text:
        start, path = subject.branches[branch]
        for _ in range(2):
            name = self._mentions.draw(start, random)
            others = [other for other in self._mentions.candidates(name) if other != start]
            if len(others) <= _MOST_NAMESAKES:
                reached = [self._walker.follow(other, path) for other in others]
                if not any(found is None or self._is_other(found, subject, whole=whole) for found in reached):
                    return Text(name, ((0, len(name), branch),))
        raise UnsayableError

    @staticmethod
    def _is_other(found: Set[int], subject: Subject, *, whole: bool) -> bool:
        """Tell whether what a namesake leads to answers the question otherwise."""
        return bool(found) and not (found == subject.entities if whole else found <= subject.entities)
