"""Normalise names and questions, and cut them into tokens that know where they stood.

Names and questions go through the same function, so that a mention is found in a question exactly when its tokens are the
tokens of an alias. Letters, digits and the marks on them form words; symbols such as "+", "$" and emoji form tokens of
their own, so that "C" and "C++" stay apart; punctuation and white space only separate.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

import regex

_WORD = r"[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}]|[\u00ad\u2060\ufeff]+(?=[\p{L}\p{N}]))*"
_SYMBOLS = r"[\p{Sc}\p{Sm}\p{So}][\p{Sc}\p{Sm}\p{So}\p{M}\u200d\U0001F3FB-\U0001F3FF]*"
_TOKEN = regex.compile(f"{_WORD}|{_SYMBOLS}")

_UNSEEN: Final = dict.fromkeys(map(ord, "\0\u00ad\u2060\ufeff"))
"""Soft hyphens and joiners, which a word may have in it, and what a trie of names cannot hold."""

_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class Token:
    """A word or symbol of a text: `key` is its normalised form, `start` and `end` are character offsets in the original text."""

    key: str
    start: int
    end: int


def tokenise(text: str) -> list[Token]:
    """Cut `text` into tokens.

    >>> [token.key for token in tokenise("Who directed Spider-Man?")]
    ['who', 'directed', 'spider', 'man']
    """
    tokens = []
    for match in _TOKEN.finditer(text):
        key = _key(match.group())
        if key:
            tokens.append(Token(key, match.start(), match.end()))
    return tokens


def normalise(text: str) -> str:
    """Return the form under which a name is looked up: NFKC, case folded, punctuation and white space folded to single spaces.

    A name of nothing but punctuation keeps its signs, so that it is still told from others.

    >>> normalise("  WALL·E ")
    'wall e'
    >>> normalise("?!")
    '?!'
    """
    key = " ".join(token.key for token in tokenise(text))
    if key:
        return key
    folded = _fold(text)  # brings in a letter where U+0345 stands alone
    return " ".join(_TOKEN.findall(folded)) or " ".join(folded.split())


def readable(identifier: str) -> str:
    """Return the name of a relation or attribute in words.

    >>> readable("ACTED_IN"), readable("heightCm"), readable("has_DNASequence")
    ('acted in', 'height cm', 'has DNA sequence')
    """
    spaced = identifier.lower() if identifier.isupper() else _CAPITAL.sub(" ", identifier)
    words = spaced.replace("_", " ").split()
    return " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words) or identifier


def _key(token: str) -> str:
    if token.isascii():
        return token.lower()
    # Folding can bring in separators ("½" becomes "1⁄2"), so what comes out is cut once more.
    return " ".join(_TOKEN.findall(_fold(token)))


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text.translate(_UNSEEN)).casefold()
    # "İ" is folded to an i with a dot above it, which nobody types.
    return unicodedata.normalize("NFKC", re.sub("i\u0307+", "i", folded))
