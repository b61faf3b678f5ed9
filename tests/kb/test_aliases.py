import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.errors import SnapshotError, StorageError
from kgqa.kb.aliases import AliasIndex

letters = st.text(alphabet="ab é👍", min_size=1, max_size=5)
entries = st.dictionaries(letters, st.lists(st.integers(0, 50), min_size=1, max_size=4, unique=True), max_size=8)


def build(keys) -> AliasIndex:
    """Build from the rows of each key."""
    return AliasIndex.build(sorted(((key, row) for key, rows in keys.items() for row in rows), key=lambda pair: pair[1]))


@settings(deadline=None, max_examples=50)
@given(entries, letters)
def test_a_key_names_its_entities_in_ascending_order_and_no_other_key_does(keys, other):
    index = build(keys)
    assert len(index) == len(keys)
    assert {key: index.candidates(key) for key in keys} == {key: sorted(rows) for key, rows in keys.items()}
    assert index.candidates(other) == sorted(keys.get(other, []))


@settings(deadline=None, max_examples=50)
@given(entries, st.text(alphabet="ab é👍", max_size=8))
def test_all_keys_that_a_text_begins_with_are_found_shortest_first(keys, text):
    assert build(keys).prefixes(text) == sorted((key for key in keys if text.startswith(key)), key=len)


def test_a_key_that_begins_another_key_is_a_key_of_its_own():
    index = build({"tom hanks": [4, 2], "tom": [7], "tom hanks jr": [1], "to": [0]})
    assert index.candidates("tom") == [7]
    assert index.candidates("tom hanks") == [2, 4]
    assert index.candidates("tom h") == []
    assert index.prefixes("tom hanks junior") == ["to", "tom", "tom hanks"]
    assert index.prefixes("xtom") == []


def test_an_index_without_keys_names_nothing():
    index = build({})
    assert len(index) == 0
    assert index.candidates("a") == []
    assert index.prefixes("a") == []


def test_a_saved_index_is_read_back(tmp_path):
    odd = ["``]->()", "\\u0060", "'\"", "שלום", "👍", "x" * 10_000]
    index = build({key: [place, 99] for place, key in enumerate(odd)})
    index.save(tmp_path / "trie")
    loaded = AliasIndex.load(tmp_path / "trie", index.pointer, index.entities)
    assert [loaded.candidates(key) for key in odd] == [[place, 99] for place in range(len(odd))]


def test_a_place_that_cannot_be_written_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StorageError, match="could not be written"):
        build({"a": [0]}).save(tmp_path / "file" / "trie")


@pytest.mark.parametrize("content", [b"", b"We love Marisa.", b"not a trie at all"])
def test_a_damaged_index_is_named(tmp_path, content):
    index = build({"a": [0]})
    (tmp_path / "trie").write_bytes(content)
    with pytest.raises(SnapshotError, match="trie: could not be read"):
        AliasIndex.load(tmp_path / "trie", index.pointer, index.entities)
