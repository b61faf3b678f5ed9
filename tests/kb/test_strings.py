import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.kb.strings import StringTable

WORDS = ["", "\0", "a", "aa", "b", "é", "\u202ef", "שלום", "\uffff", "👍", "x" * 10_000]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(max_size=5)))
def test_a_table_holds_its_texts_in_their_order(texts):
    table = StringTable.of(texts)
    assert list(table) == texts
    assert len(table) == len(texts)
    assert table[1:] == texts[1:]
    assert table[::-1] == texts[::-1]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.text(alphabet="ab\0é\uffff👍", max_size=3), unique=True), st.text(alphabet="ab\0é\uffff👍", max_size=3))
def test_a_text_is_found_exactly_where_it_stands_in_a_sorted_table(texts, wanted):
    texts = sorted(texts)
    table = StringTable.of(texts)
    assert [table.find(text) for text in texts] == list(range(len(texts)))
    assert table.find(wanted) == (texts.index(wanted) if wanted in texts else None)


def test_odd_texts_are_found():
    table = StringTable.of(sorted(WORDS))
    assert [table[table.find(word)] for word in WORDS] == WORDS


def test_half_of_a_surrogate_pair_is_not_found():
    assert StringTable.of(["a", "👍"]).find("\ud83d") is None


@pytest.mark.parametrize("row", [-1, 2, 100])
def test_a_row_that_is_not_there_is_named(row):
    with pytest.raises(IndexError, match=f"expected a row from 0 to 1, found {row}"):
        StringTable.of(["a", "b"])[row]


def test_an_empty_table_has_nothing():
    table = StringTable.of([])
    assert list(table) == []
    assert table.find("a") is None
