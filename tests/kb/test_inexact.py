"""Names that a text nearly spells are found, and the search agrees with a slow one over all aliases."""

import random
from itertools import product

import pytest

from kgqa.kb.aliases import AliasIndex
from kgqa.kb.inexact import MAX_CONTEXT, MAX_LETTERS, accented, completions, inflections, misspellings, nearly

NAMES = (
    "tom hanks", "hanks", "new york city", "australia", "the australian open", "wayne state university", "city",
    "golden gate bridge", "golden age", "united states of america", "a b c d e f g h",
)  # fmt: skip


@pytest.fixture(scope="module")
def index() -> AliasIndex:
    return AliasIndex.build([(name, row) for row, name in enumerate(NAMES)])


def distance(left: str, right: str) -> int:
    """The number of letters left out, added, changed, or swapped with their neighbours (optimal string alignment)."""
    rows = [[max(i, j) if not i or not j else 0 for j in range(len(right) + 1)] for i in range(len(left) + 1)]
    for i, j in product(range(1, len(left) + 1), range(1, len(right) + 1)):
        options = [rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (left[i - 1] != right[j - 1])]
        if i > 1 and j > 1 and left[i - 2 : i] == right[j - 1] + right[j - 2]:
            options.append(rows[i - 2][j - 2] + 1)
        rows[i][j] = min(options)
    return rows[-1][-1]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("australian", "australia"), ("australians", "australia"), ("brazilian", "brazil"), ("italian", "italy"),
        ("canadian", "canada"), ("mexican", "mexico"), ("chinese", "china"), ("japanese", "japan"), ("germans", "germany"),
        ("iraqi", "iraq"), ("swedish", "sweden"), ("english", "england"), ("finnish", "finland"), ("haitian", "haiti"),
        ("chilean", "chile"), ("french", "france"), ("dutch", "netherlands"), ("swiss", "switzerland"),
        ("cities", "city"), ("buses", "bus"), ("films", "film"),
    ],
)  # fmt: skip
def test_inflected_words_are_led_back(word: str, meant: str) -> None:
    if len(meant) >= 4:
        assert meant in set(inflections(word))
    else:
        assert meant not in set(inflections(word))  # too little is left of it


def test_no_inflection_is_the_word_itself() -> None:
    assert all(word not in set(inflections(word)) for word in ("atlantis", "italian", "glass", "series"))


def test_misspellings_are_all_words_one_letter_away_that_begin_alike() -> None:
    drawn = random.Random(0)
    found = set(misspellings("hanks"))
    for _ in range(3000):
        letters = list("hanks")
        place = drawn.randrange(1, 6)
        change = drawn.choice(("drop", "add", "change", "swap"))
        if change == "add":
            letters.insert(place, drawn.choice("abcxyz"))
        elif place < 5 and change == "drop":
            del letters[place]
        elif place < 5 and change == "change":
            letters[place] = drawn.choice("abcxyz")
        elif place < 4:
            letters[place], letters[place + 1] = letters[place + 1], letters[place]
        assert "".join(letters) in found | {"hanks"}
    assert all(distance("hanks", word) <= 1 and word[0] == "h" for word in found)


def test_a_word_with_a_digit_is_meant_as_it_stands() -> None:
    assert list(misspellings("2014")) == []
    assert list(misspellings("covid19")) == []


def test_a_word_that_is_longer_than_any_name_has_no_typing_error() -> None:
    assert len(set(misspellings("a" * MAX_LETTERS))) > 1000
    assert list(misspellings("a" * (MAX_LETTERS + 1))) == []


def slow(words: list[str], place: int, variants: set[str]) -> set[tuple[int, int, str]]:
    found = set()
    for first in range(max(0, place - MAX_CONTEXT), place + 1):
        for last in range(place, min(len(words), place + MAX_CONTEXT + 1)):
            for variant in variants:
                alias = " ".join([*words[first:place], variant, *words[place + 1 : last + 1]])
                if alias in NAMES:
                    found.add((first, last, alias))
    return found


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("who is tom hankz", 3),
        ("what is in new yrok city now", 4),
        ("australians like the australien open", 3),
        ("australians like it", 0),
        ("tom tom hanksy tom", 2),
        ("a b c d x f g h", 4),
    ],
)
def test_the_search_finds_what_a_slow_one_finds(index: AliasIndex, question: str, place: int) -> None:
    words = question.split()
    variants = {*misspellings(words[place]), *inflections(words[place]), "e"}
    found = set(nearly(index, words, place, iter(variants)))
    assert found == slow(words, place, variants)
    assert found


ACCENTED_NAMES = (
    "élodie trần", "trần", "söderberg", "inês", "cote", "côté", "maria", "téléphone rouge", "ọlọ́run", "ẹ̀kọ́",
)  # fmt: skip
ACCENTED = AliasIndex.build([(name, row) for row, name in enumerate(ACCENTED_NAMES)])


@pytest.mark.parametrize(
    ("question", "place", "expected"),
    [
        ("where was elodie tran born", 2, [(2, 3, "élodie trần")]),
        ("where was elodie tran born", 3, [(2, 3, "élodie trần"), (3, 3, "trần")]),
        ("who is soderberg", 2, [(2, 2, "söderberg")]),
        ("who is ines", 2, [(2, 2, "inês")]),
        ("the telephone rouge", 1, [(1, 2, "téléphone rouge")]),
        ("who is cote", 2, [(2, 2, "côté")]),  # "cote" itself is exact
        ("who is olorun", 2, [(2, 2, "ọlọ́run")]),
        ("where is eko", 2, [(2, 2, "ẹ̀kọ́")]),
        ("who is marïa", 2, [(2, 2, "maria")]),
        ("who is söderberg", 2, []),
        ("who is sodenberg", 2, []),
    ],
)
def test_names_are_found_without_their_accents(question: str, place: int, expected: list[tuple[int, int, str]]) -> None:
    assert sorted(accented(ACCENTED, question.split(), place)) == expected


def test_a_name_may_be_begun(index: AliasIndex) -> None:
    def completed(text: str, place: int, taken: frozenset[int] = frozenset()) -> list[tuple[int, int, str]]:
        return list(completions(index, text.split(), place, set(taken)))

    assert completed("where is wayne state", 2) == [(2, 3, "wayne state university")]
    assert completed("the golden gate", 2) == [(1, 2, "golden gate bridge")]
    assert completed("where is golden", 2) == []  # one word is too little
    assert completed("where is wayne state", 2, frozenset({3})) == []
    assert completed("the united states of", 1) == [(1, 2, NAMES[9]), (1, 3, NAMES[9])]


def test_what_begins_many_names_is_none_of_them() -> None:
    names = AliasIndex.build([(f"the film {number}", number) for number in range(9)])
    assert list(completions(names, ["the", "film"], 1, set())) == []
