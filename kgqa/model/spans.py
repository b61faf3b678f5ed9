"""Find the spans of a question that may be mentions, and the entities that each may name."""

from collections.abc import Sequence
from dataclasses import dataclass

from kgqa.data import Topic
from kgqa.kb import KnowledgeBase
from kgqa.text import Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Tokens `first` to `last` (inclusive) of a question, and its candidates as rows of the knowledge base.

    `given` marks a topic that came with the question: its entity is certain.
    """

    first: int
    last: int
    candidates: tuple[int, ...]
    given: bool = False

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
