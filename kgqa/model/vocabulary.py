"""The words that have an embedding of their own, and the marks that stand for others."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

PADDING: Final = 0
UNKNOWN: Final = 1
MENTION: Final = 2
"""Stands for the mention that a branch is about."""
OTHER: Final = 3
"""Stands for another mention of the question that is known to be one."""

MARKS: Final = 4
"""How many numbers are marks."""

MENTION_WORD: Final = "[mention]"
"""How the mark `MENTION` is written where words are kept as text; no token has brackets."""
OTHER_WORD: Final = "[other]"
"""How the mark `OTHER` is written where words are kept as text."""


COMMON: Final = 0.01
"""A word that stands in this share of the questions says what is asked: it is no inexact name."""

_LEAST_COMMON: Final = 3
"""In how many questions a common word stands at least: of few questions one is already a hundredth."""


class Vocabulary:
    """Words, numbered after the marks in the order given; and which words are common in questions."""

    def __init__(self, words: Sequence[str], common: Iterable[str] = ()) -> None:
        self.words = list(words)
        self.common = frozenset(common)
        self._numbers = {word: number for number, word in enumerate(self.words, start=MARKS)}

    @classmethod
    def of(cls, texts: Iterable[Iterable[str]], *, min_count: int, always: Iterable[str] = ()) -> "Vocabulary":
        """Collect the words that stand at least `min_count` times in tokenised texts, and those of `always`, sorted."""
        listed = [list(text) for text in texts]
        counts = Counter(word for text in listed for word in text)
        holding = Counter(word for text in listed for word in set(text))
        common = {word for word, number in holding.items() if number >= max(_LEAST_COMMON, COMMON * len(listed))}
        return cls(sorted({word for word, count in counts.items() if count >= min_count}.union(always)), common)

    def __len__(self) -> int:
        """Return the number of words and marks."""
        return MARKS + len(self.words)

    def __contains__(self, word: str) -> bool:
        """Tell whether a word has a number."""
        return word in self._numbers

    def number(self, word: str) -> int:
        """Return a word's number, `UNKNOWN` if it has none."""
        return self._numbers.get(word, UNKNOWN)
