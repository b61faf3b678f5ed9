"""Lay a question out as branches: one for each span, which reads the question as if that span were its mention.

A branch replaces its own span by one mark. Tokens of other spans keep their words but are flagged, so that names the model
never saw are still known to be names; topics that came with the question are replaced by a second mark.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from kgqa.data import Topic
from kgqa.kb import KnowledgeBase
from kgqa.model.spans import Span, find_inexact_spans, find_spans, topic_spans
from kgqa.model.vocabulary import MARKS, MENTION, MENTION_WORD, OTHER, OTHER_WORD, PADDING, Vocabulary
from kgqa.text import Token, tokenise

FEATURES: Final = 4
"""Features of a span: its length in tokens, up to four (a longer name is no likelier), the logarithm of its number of candidates,
whether a longer span contains it, and whether it is inexact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A question as one of its spans sees it: numbers of words and marks, which of them lie in other spans, and their texts.

    Two branches with the same words, flags and texts are one reading. The texts are left out where an encoder does not need
    them, so that words that have no number make no readings of their own.
    """

    span: Span
    words: tuple[int, ...]
    flags: tuple[bool, ...]
    texts: tuple[str, ...]
    mention: int
    features: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A question ready for the model: its tokens and its branches. No branch: nothing in it is a known name."""

    text: str
    tokens: tuple[Token, ...]
    branches: tuple[Branch, ...]


def lay_out(
    text: str,
    vocabulary: Vocabulary,
    kb: KnowledgeBase,
    *,
    topics: Sequence[Topic] | None = None,
    keep_texts: bool = False,
    without: int | None = None,
) -> Layout:
    """Lay out a question.

    Args:
        text: the question.
        vocabulary: numbers its words.
        kb: knows which texts are names.
        topics: only these are its mentions then, and their entities are certain.
        keep_texts: keep the words as texts, for a pretrained encoder; all words have the same number then.
        without: no branch reads the token at this place; what is a mention, and of what, is that of the whole question.
    """
    tokens = tokenise(text)
    if topics is None:
        exact = find_spans(tokens, kb)
        nearly = find_inexact_spans(tokens, exact, kb, vocabulary)
        spans = sorted([*exact, *nearly], key=lambda span: (span.first, span.last)) if nearly else exact
    else:
        spans = topic_spans(tokens, topics, kb)
    numbers = [MARKS] * len(tokens) if keep_texts else [vocabulary.number(token.key) for token in tokens]
    keys = [token.key for token in tokens] if keep_texts else None
    at: list[list[Span]] = [[] for _ in tokens]
    for span in spans:
        for place in range(span.first, span.last + 1):
            at[place].append(span)
    branches = tuple(_branch(span, at, numbers, keys, without) for span in spans)
    return Layout(text=text, tokens=tuple(tokens), branches=branches)


def _branch(
    span: Span, at: Sequence[Sequence[Span]], numbers: Sequence[int], keys: Sequence[str] | None, without: int | None
) -> Branch:
    """Read a question as one of its spans sees it; `at` has the spans that cover each of its words."""
    words: list[int] = []
    flags: list[bool] = []
    texts: list[str] = []
    mention = 0
    for place, number in enumerate([*numbers, PADDING]):
        if place == span.first:
            mention = len(words)
            words.append(MENTION)
            flags.append(False)
            texts.append(MENTION_WORD)
        if span.first <= place <= span.last or place in (without, len(numbers)):
            continue
        covering = [other for other in at[place] if not other.overlaps(span)]
        if covering and span.given:  # then all spans are
            if all(other.first == place for other in covering):
                words.append(OTHER)
                flags.append(True)
                texts.append(OTHER_WORD)
            continue
        words.append(number)
        flags.append(bool(covering))
        if keys is not None:
            texts.append(keys[place])
    contained = len(span) > 0 and any(len(other) > len(span) and span.last <= other.last for other in at[span.first])
    features = (min(len(span), 4) / 4.0, math.log(len(span.candidates)) / 4.0, float(contained), float(not span.exact))
    kept = () if keys is None else tuple(texts)
    return Branch(span=span, words=tuple(words), flags=tuple(flags), texts=kept, mention=mention, features=features)


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """B questions as S branches, of which the distinct readings are encoded once.

    Attributes:
        questions: B.
        words: shape (readings, L), int64, padded with `PADDING`.
        flags: shape (readings, L), bool: the token lies in another span.
        texts: the words of each reading as texts, empty where they were not kept.
        mention: shape (readings,), the place of the mark `MENTION`.
        reading: shape (S,), the reading of each branch.
        question: shape (S,), ascending, the question of each branch.
        features: shape (S, FEATURES).
        given: shape (S,), bool: the branch's entity came with the question.
        exact: shape (S,), bool: the branch's span is an alias as it stands.
        candidate_branch, candidate: shape (C,), the branch and the row of each candidate; the branches ascend.
        clash: shape (2, pairs): branches of one question whose spans share a token.
    """

    questions: int
    words: Tensor
    flags: Tensor
    texts: tuple[tuple[str, ...], ...]
    mention: Tensor
    reading: Tensor
    question: Tensor
    features: Tensor
    given: Tensor
    exact: Tensor
    candidate_branch: Tensor
    candidate: Tensor
    clash: Tensor

    @property
    def branches(self) -> int:
        """Return S."""
        return len(self.question)


def collate(layouts: Sequence[Layout]) -> Batch:
    """Join the layouts of B questions, each of which has a branch."""
    readings: dict[tuple[tuple[int, ...], tuple[bool, ...], tuple[str, ...]], int] = {}
    mention: list[int] = []
    reading: list[int] = []
    question: list[int] = []
    features: list[tuple[float, ...]] = []
    given: list[bool] = []
    exact: list[bool] = []
    candidate_branch: list[int] = []
    candidate: list[int] = []
    clash: list[tuple[int, int]] = []
    for number, layout in enumerate(layouts):
        start = len(question)
        for offset, branch in enumerate(layout.branches):
            key = (branch.words, branch.flags, branch.texts)
            if key not in readings:
                readings[key] = len(readings)
                mention.append(branch.mention)
            reading.append(readings[key])
            question.append(number)
            features.append(branch.features)
            given.append(branch.span.given)
            exact.append(branch.span.exact)
            candidate_branch += [start + offset] * len(branch.span.candidates)
            candidate += branch.span.candidates
            for earlier, other in enumerate(layout.branches[:offset]):
                if other.span.overlaps(branch.span):
                    clash += [(start + earlier, start + offset), (start + offset, start + earlier)]
    length = max(len(words) for words, _, _ in readings)
    return Batch(
        questions=len(layouts),
        words=torch.tensor([[*words, *[PADDING] * (length - len(words))] for words, _, _ in readings]),
        flags=torch.tensor([[*flags, *[False] * (length - len(flags))] for _, flags, _ in readings]),
        texts=tuple(texts for _, _, texts in readings),
        mention=torch.tensor(mention, dtype=torch.int64),
        reading=torch.tensor(reading, dtype=torch.int64),
        question=torch.tensor(question, dtype=torch.int64),
        features=torch.tensor(features),
        given=torch.tensor(given, dtype=torch.bool),
        exact=torch.tensor(exact, dtype=torch.bool),
        candidate_branch=torch.tensor(candidate_branch, dtype=torch.int64),
        candidate=torch.tensor(candidate, dtype=torch.int64),
        clash=torch.tensor(clash, dtype=torch.int64).view(-1, 2).T,
    )
