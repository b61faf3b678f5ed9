"""Show questions that have no answer in more wordings, so that what they ask for is not taken for the only unknown thing."""

import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from kgqa.data import Question
from kgqa.kb import KnowledgeBase
from kgqa.model.spans import find_spans
from kgqa.text import Token, normalise, tokenise


def reworded(questions: Sequence[Question], kb: KnowledgeBase, *, seed: int) -> list[Question]:
    """Return each question without an answer once more, with one of its words replaced by a word of the other questions.

    Words of names are neither replaced nor put in; what is an answered question then is left out. Without this, questions in new
    wordings that nothing in the graph answers were hardly ever recognised, with it nearly all; twice as many questions without an
    answer are enough.
    """
    nothing = [question for question in questions if question.answers == ()]
    free, named = set[str](), set[str]()
    for question in questions if nothing else ():
        tokens = tokenise(question.text)
        unnamed = {token.key for token in _free(tokens, kb)}
        free |= unnamed
        named |= {token.key for token in tokens} - unnamed
    words = sorted(free - named)
    answered = {normalise(question.text) for question in questions if question.answers != ()} if nothing else set[str]()
    drawn = random.Random(seed)
    found = []
    for question in nothing:
        tokens = _free(tokenise(question.text), kb)
        if tokens and len(words) > 1:
            token = drawn.choice(tokens)
            # The word itself is stepped over: a list of all others for every question takes long where there are many.
            place = bisect_left(words, token.key)
            among_them = place < len(words) and words[place] == token.key
            number = drawn.randrange(len(words) - among_them)
            other = words[number + (among_them and number >= place)]
            text = f"{question.text[: token.start]}{other}{question.text[token.end :]}"
            if normalise(text) not in answered:
                found.append(replace(question, id=f"{question.id}, reworded", text=text, topics=()))
    return found


def _free(tokens: Sequence[Token], kb: KnowledgeBase) -> list[Token]:
    """Return the tokens that are in no name."""
    named = {place for span in find_spans(tokens, kb) for place in range(span.first, span.last + 1)}
    return [token for place, token in enumerate(tokens) if place not in named]
