"""Find names that a text nearly spells: without their accents, with a word inflected or misspelt, without their end."""

import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from kgqa.kb.aliases import AliasIndex

MIN_LETTERS: Final = 5
"""Shorter words are looked up as they stand: nearly every short word is one letter from another."""

MIN_ACCENTED: Final = 3
"""Accents are looked for in words of so many letters."""

MAX_LETTERS: Final = 50
"""Longer words have no typing errors: no name has such words, and a word has 53 variants for each of its letters."""

MAX_CONTEXT: Final = 4
"""How many words of a name may stand before the one that is inexact, and how many behind it."""

MAX_COMPLETIONS: Final = 3
"""A text that begins more names than this is not taken for one of them."""

_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz"
_PLURALS: Final = (("ies", "y"), ("es", ""), ("s", ""))
_PEOPLES: Final = (
    ("n", ""), ("an", ""), ("an", "e"), ("an", "o"), ("ian", ""), ("ian", "a"), ("ian", "y"), ("ese", ""), ("ese", "a"),
    ("i", ""), ("ish", ""), ("ish", "and"), ("ish", "en"), ("nish", "land"), ("er", ""), ("", "y"),
)  # fmt: skip
"""Endings of English words for peoples, and of their countries: australia-n, brazil-ian, ital-ian, canad-ian, engl-ish, …"""

_IRREGULAR: Final = {
    "argentine": "argentina", "danish": "denmark", "dutch": "netherlands", "filipino": "philippines", "french": "france",
    "greek": "greece", "icelandic": "iceland", "irish": "ireland", "norwegian": "norway", "peruvian": "peru",
    "portuguese": "portugal", "spanish": "spain", "swiss": "switzerland", "welsh": "wales",
}  # fmt: skip
"""Peoples whose word is formed in another way."""


def _accented_letters() -> dict[str, str]:
    """Return how each Latin letter may be written that was typed without its accents."""
    found = {"d": "đ", "i": "ı", "l": "ł", "o": "ø"}  # which Unicode does not take apart
    for letter in map(chr, (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))):
        plain = unicodedata.normalize("NFD", letter)[0]
        if plain in _ALPHABET:
            found[plain] = found.get(plain, "") + letter
    return found


_ACCENTED: Final = _accented_letters()


_MARKED: Final = "aeioumn"
_MARKS: Final = "\u0300\u0301\u0304\u0323"
"""Accents that stand on these letters beside others, as in Yoruba "ọ́": no single letter of Unicode has both."""


def inflections(word: str) -> Iterator[str]:
    """Yield what a word may be an inflection of: its singular, or the place of a people.

    >>> list(inflections("cities"))
    ['city', 'citi', 'citie', 'citiesy', 'cityy', 'citiy', 'citiey']
    >>> "canada" in set(inflections("canadians")), "italy" in set(inflections("italian")), "spain" in set(inflections("spanish"))
    (True, True, True)
    """
    singulars = _without(word, _PLURALS)
    yield from singulars
    for singular in (word, *singulars):
        yield from _without(singular, _PEOPLES)
        if singular in _IRREGULAR:
            yield _IRREGULAR[singular]


def accented(index: AliasIndex, words: list[str], place: int) -> Iterator[tuple[int, int, str]]:
    """Yield (first, last, alias) for runs of words that are an alias but for accents: not typed, or typed where there are none.

    Letter by letter, as far as names begin so.

    Args:
        index: the aliases.
        words: the words of a question.
        place: a word that each run has.
    """
    for first in range(max(0, place - MAX_CONTEXT), place + 1):
        begun = [""]
        for last in range(first, min(len(words), place + MAX_CONTEXT + 1)):
            for letter in words[last] if last == first else f" {words[last]}":
                options = letter + _ACCENTED.get(letter, "") + unicodedata.normalize("NFD", letter)[:1]
                begun = [text + option for text in begun for option in dict.fromkeys(options) if _begins(index, text + option)]
                if letter in _MARKED:
                    begun += [text + mark for text in begun for mark in _MARKS if _begins(index, text + mark)]
            if not begun:
                break
            if last >= place:
                typed = " ".join(words[first : last + 1])
                yield from ((first, last, text) for text in begun if text != typed and text in index.trie)


def misspellings(word: str) -> Iterator[str]:
    """Yield what a word may be meant for: one letter left out, added, changed, or two swapped, but not the first.

    A word with a digit is meant as it stands: another year is another year. Nor is one looked for that is far too long.

    >>> {"hanks", "hank", "hnakz", "hankyz"} <= set(misspellings("hankz"))
    True
    """
    for place in range(1, len(word) + 1) if word.isalpha() and len(word) <= MAX_LETTERS else ():
        before, behind = word[:place], word[place:]
        if behind:
            yield before + behind[1:]
        if len(behind) > 1:
            yield before + behind[1] + behind[0] + behind[2:]
        for letter in _ALPHABET:
            yield before + letter + behind
            if behind:
                yield before + letter + behind[1:]


def nearly(index: AliasIndex, words: list[str], place: int, variants: Iterator[str]) -> Iterator[tuple[int, int, str]]:
    """Yield (first, last, alias) for runs of words that are an alias once the word at `place` is replaced by a variant.

    Args:
        index: the aliases.
        words: the words of a question.
        place: the word that is inexact.
        variants: what it may stand for.
    """
    befores = [(first, " ".join([*words[first:place], ""])) for first in range(max(0, place - MAX_CONTEXT), place + 1)]
    starts = [(first, before) for first, before in befores if _begins(index, before)]
    for variant in dict.fromkeys(variants):
        for first, before in starts:
            if _begins(index, before + variant):
                for last in range(place, min(len(words), place + MAX_CONTEXT + 1)):
                    alias = " ".join([before + variant, *words[place + 1 : last + 1]])
                    if alias in index.trie:
                        yield first, last, alias


def completions(index: AliasIndex, words: list[str], place: int, taken: set[int]) -> Iterator[tuple[int, int, str]]:
    """Yield (first, last, alias) for runs of two words and more that begin an alias, but no more than a few.

    Args:
        index: the aliases.
        words: the words of a question.
        place: a word that each run has.
        taken: places of words that no run may have.
    """
    for first in range(max(0, place - MAX_CONTEXT), place + 1):
        for last in range(max(place, first + 1), min(len(words), first + MAX_CONTEXT + 1)):
            if not taken & set(range(first, last + 1)):
                text = " ".join([*words[first : last + 1], ""])
                found = list(islice(index.trie.iterkeys(text), MAX_COMPLETIONS + 1))
                yield from ((first, last, alias) for alias in found if len(found) <= MAX_COMPLETIONS)


def _without(word: str, endings: Iterable[tuple[str, str]]) -> list[str]:
    """Return the word with each ending that it has replaced, as far as enough of it is left."""
    stems = [(word.removesuffix(ending), instead) for ending, instead in endings if word.endswith(ending)]
    return [stem + instead for stem, instead in stems if len(stem + instead) >= MIN_LETTERS - 1]


def _begins(index: AliasIndex, text: str) -> bool:
    return next(index.trie.iterkeys(text), None) is not None
