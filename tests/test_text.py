import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.text import Token, normalise, readable, tokenise

# Letters that change under NFKC or case folding, marks, symbols and separators: what plain st.text() rarely draws together.
ODD = (
    "aBß\u1e9eİıĳﬁ½Ⅷ²™℃Ωω\u0301\u0307\u0338\u0345\u0346"
    "가각\u1100\u1161👍🏽\u200d\u200f\ufeff+$=€-·'\"`?! \t\n\u2028\u00ad\u00b4אבשׁ中"
)
texts = st.one_of(st.text(max_size=40), st.text(alphabet=ODD, max_size=12))


@settings(deadline=None, max_examples=200)
@given(texts)
def test_every_token_is_a_slice_of_the_text_that_stands_after_the_one_before(text):
    end = 0
    for token in tokenise(text):
        assert end <= token.start < token.end <= len(text)
        end = token.end
        assert normalise(text[token.start : token.end]) == token.key


@settings(deadline=None, max_examples=300)
@given(texts)
def test_normalising_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)


@settings(deadline=None, max_examples=100)
@given(texts)
def test_a_text_with_tokens_is_normalised_to_their_keys(text):
    keys = [token.key for token in tokenise(text)]
    if keys:
        assert normalise(text) == " ".join(keys)


@pytest.mark.parametrize("character", sorted(set(ODD)), ids=ascii)
@pytest.mark.parametrize("frame", ["{}", "a{}", "İ{}", "{}a", "?{}", "{}!", "+{}", "\u0345{}"], ids=ascii)
def test_normalising_twice_changes_nothing_whatever_stands_beside_an_odd_character(frame, character):
    once = normalise(frame.format(character))
    assert normalise(once) == once


def test_offsets_count_characters_of_the_text_as_it_was_given():
    text = "Who directed  ＷＡＬＬ·Ｅ 👍?"
    assert tokenise(text) == [
        Token("who", 0, 3),
        Token("directed", 4, 12),
        Token("wall", 14, 18),
        Token("e", 19, 20),
        Token("👍", 21, 22),
    ]


def test_a_letter_that_folds_to_two_keeps_the_offsets_of_the_one():
    assert tokenise("Straße ﬁn") == [Token("strasse", 0, 6), Token("fin", 7, 9)]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Straße", "STRASSE"),
        ("ẞ", "ss"),
        ("İstanbul", "i\u0307stanbul"),
        ("İstanbul", "istanbul"),
        ("İ\u0307x", "ix"),
        ("Han\u00adks", "Hanks"),
        ("Han\u2060ks", "Hanks"),
        ("\ufeffHanks", "Hanks"),
        ("\0..", ".."),
        ("ﬁlm", "FILM"),
        ("Ⅷ", "viii"),
        ("ｈａｎｋｓ", "Hanks"),
        ("caf\u00e9", "cafe\u0301"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("½", "1⁄2"),
        ("™", "TM"),
        ("각", "\u1100\u1161\u11a8"),
        ("  WALL·E ", "wall e"),
        ("Spider-Man", "spider man"),
        ("O'Brien", "o brien"),
        ("a\u2028b", "A\tB"),
    ],
)
def test_spellings_of_one_name_have_one_key(left, right):
    assert normalise(left) == normalise(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("C", "C++"),
        ("C++", "C#"),
        ("A$AP", "AAP"),
        ("👍", "👎"),
        ("👍🏽", "👍"),
        ("cafe", "café"),
        ("?", "??"),
        ("...", "!"),
        ("וַ", "וָ"),
    ],
)
def test_different_names_keep_different_keys(left, right):
    assert normalise(left) != normalise(right)


def test_a_half_is_two_words_with_the_offsets_of_one_character():
    assert tokenise("8½ women") == [Token("81 ⁄ 2", 0, 2), Token("women", 3, 8)]


def test_symbols_are_tokens_of_their_own():
    assert [(token.key, token.start, token.end) for token in tokenise("C++ and $9")] == [
        ("c", 0, 1),
        ("++", 1, 3),
        ("and", 4, 7),
        ("$", 8, 9),
        ("9", 9, 10),
    ]


def test_an_emoji_made_of_several_characters_stays_whole():
    family = "👨\u200d👩\u200d👧"
    assert tokenise(f"a{family}b") == [Token("a", 0, 1), Token(family, 1, 6), Token("b", 6, 7)]


def test_right_to_left_names_are_cut_in_the_order_they_are_stored_without_their_direction_marks():
    text = "\u200fמי ביים את 'סוס'\u200f?"
    assert [token.key for token in tokenise(text)] == ["מי", "ביים", "את", "סוס"]
    assert [text[token.start : token.end] for token in tokenise(text)] == ["מי", "ביים", "את", "סוס"]


def test_marks_stay_on_their_letters():
    text = "हिन्दी"
    assert tokenise(text) == [Token(unicodedata.normalize("NFKC", text), 0, len(text))]


@pytest.mark.parametrize(("name", "key"), [("?!", "?!"), (" . . ", ". ."), ("…", "..."), ("", ""), ("  \t", "")])
def test_a_name_of_nothing_but_punctuation_keeps_its_signs_but_has_no_tokens(name, key):
    assert normalise(name) == key
    assert tokenise(name) == []


def test_ten_thousand_characters_are_one_word_or_ten_thousand():
    assert tokenise("X" * 10_000) == [Token("x" * 10_000, 0, 10_000)]
    assert tokenise("x " * 5_000)[-1] == Token("x", 9_998, 9_999)
    assert len(tokenise("x " * 5_000)) == 5_000


def test_names_of_relations_and_attributes_are_put_into_words():
    named = [readable(name) for name in ("ACTED_IN", "heightCm", "born", "isA", "PART2OF", "näheZu", "hasISBN", "__", "")]
    assert named == ["acted in", "height cm", "born", "is a", "part2of", "nähe zu", "has ISBN", "__", ""]
