"""Find the spans of a question that may be mentions, and the entities that each may name."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from kgqa.data import Topic
from kgqa.kb import KnowledgeBase, inexact
from kgqa.model.vocabulary import Vocabulary
from kgqa.text import Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Tokens `first` to `last` (inclusive) of a question, and its candidates as rows of the knowledge base.

    `given` marks a topic that came with the question: its entity is certain. `exact` is false where the text only nearly is an
    alias.
    """

    first: int
    last: int
    candidates: tuple[int, ...]
    given: bool = False
    exact: bool = True

    def overlaps(self, other: "Span") -> bool:
        """Tell whether two spans share a token."""
        return self.first <= other.last and other.first <= self.last

    def __len__(self) -> int:
        return self.last - self.first + 1


def find_spans(tokens: Sequence[Token], kb: KnowledgeBase) -> list[Span]:
    """Return every run of tokens whose normalised text is an alias, in the order of first token, then length."""
    text = " ".join(token.key for token in tokens)
    starts, ends, place = [], {}, 0
    for number, token in enumerate(tokens):
        starts.append(place)
        place += len(token.key)
        ends[place] = number
        place += 1
    spans = []
    for first, start in enumerate(starts):
        for key in kb.aliases.prefixes(text[start:]):
            last = ends.get(start + len(key), -1)  # a key that ends inside a token is no match
            if last >= first:
                spans.append(Span(first=first, last=last, candidates=tuple(kb.aliases.candidates(key))))
    return spans


def find_inexact_spans(tokens: Sequence[Token], exact: Sequence[Span], kb: KnowledgeBase, vocabulary: Vocabulary) -> list[Span]:
    """Return runs of tokens that are nearly an alias, in the order of first token, then length.

    One word lacks its accents, or is inflected (`kgqa.kb.inexact`), that is in no exact span and not common in questions; or
    misspelt, or the end of the name is left out, where no training question knows the word. No run is returned that is an exact
    span.

    Args:
        tokens: the question.
        exact: its exact spans.
        kb: the knowledge base.
        vocabulary: the words of the training questions.
    """
    words = [token.key for token in tokens]
    named = {place for span in exact for place in range(span.first, span.last + 1)}
    open_places = [
        place
        for place, word in enumerate(words)
        if place not in named and len(word) >= inexact.MIN_ACCENTED and word not in vocabulary.common
    ]
    found: dict[tuple[int, int], set[int]] = defaultdict(set)
    for place in open_places:
        for first, last, alias in inexact.accented(kb.aliases, words, place):
            found[first, last].update(kb.aliases.candidates(alias))
        if len(words[place]) < inexact.MIN_LETTERS:
            continue
        variants = [inexact.inflections(words[place])]
        if words[place] not in vocabulary:
            variants.append(inexact.misspellings(words[place]))
            for first, last, alias in inexact.completions(kb.aliases, words, place, named):
                found[first, last].update(kb.aliases.candidates(alias))
        for first, last, alias in inexact.nearly(kb.aliases, words, place, chain.from_iterable(variants)):
            found[first, last].update(kb.aliases.candidates(alias))
    for span in exact:
        found.pop((span.first, span.last), None)
    return [
        Span(first=first, last=last, candidates=tuple(sorted(candidates)), exact=False)
        for (first, last), candidates in sorted(found.items())
    ]


def topic_spans(tokens: Sequence[Token], topics: Sequence[Topic], kb: KnowledgeBase) -> list[Span]:
    """Return a span for each topic that is an entity of the knowledge base.

    A topic without a place in the text gets an empty span after the last token, so that nothing is masked.
    """
    spans = []
    for topic in topics:
        row = kb.row(topic.entity)
        if row is None:
            continue
        inside = [
            place
            for place, token in enumerate(tokens)
            if topic.start is not None and topic.end is not None and token.start < topic.end and topic.start < token.end
        ]
        first, last = (inside[0], inside[-1]) if inside else (len(tokens), len(tokens) - 1)
        spans.append(Span(first=first, last=last, candidates=(row,), given=True))
    return spans
