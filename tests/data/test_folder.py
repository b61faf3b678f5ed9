import re

import numpy as np
import pytest

from kgqa.data import FolderReader, folder
from kgqa.errors import DataError
from tests.worlds import write_folder

ENTITIES = tuple({"id": identifier} for identifier in ("a", "b", "c", "é 1"))
FACTS = (("a", "p", "b"), ("b", "q", "c"), ("c", "p", "é 1"), ("é 1", "r", "a"), ("a", "p", "b"))
RELATIONS = tuple({"id": identifier} for identifier in "rqp")


def pages(path) -> list[list[tuple[int, int, int]]]:
    reader = FolderReader(path)
    assert len(list(reader.entities())) == len(ENTITIES)
    read = list(reader.facts())
    assert all(page.dtype == np.int32 and page.shape == (len(page), 3) for page in read)
    return [[tuple(fact) for fact in page.tolist()] for page in read]


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize("relations", [None, RELATIONS])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_pages_of_any_size_hold_the_same_facts(tmp_path, monkeypatch, size, relations, end):
    monkeypatch.setattr(folder, "_PAGE", size)
    path = write_folder(tmp_path, entities=ENTITIES, facts=FACTS, relations=relations)
    (path / "facts.tsv").write_bytes(end.join("\t".join(fact) for fact in FACTS).encode())
    p, q, r = (0, 1, 2) if relations is None else (2, 1, 0)
    read = pages(path)
    assert [fact for page in read for fact in page] == [(0, p, 1), (1, q, 2), (2, p, 3), (3, r, 0), (0, p, 1)]
    assert (len(read) == 1) == (size > 1000)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["a\tp\tb\ta", "p\tb"], "4 columns"),
        (["a\tp", "b\ta\tp\tb"], "2 columns"),
        (["a\tp\tb\t"], "4 columns"),
        (["a\tp\tx"], "a object that stands in entities.jsonl, found 'x'"),
        (["x\tp\ta"], "a subject that stands in entities.jsonl, found 'x'"),
        (["a\tx\tb"], "a relation that stands in relations.jsonl, found 'x'"),
        (["a\tp\tb\rc"], "a object that stands in entities.jsonl"),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_a_bad_line_is_named_on_whatever_page_it_is(tmp_path, monkeypatch, size, lines, text):
    monkeypatch.setattr(folder, "_PAGE", size)
    path = write_folder(tmp_path, entities=ENTITIES, facts=FACTS, relations=RELATIONS)
    with open(path / "facts.tsv", "a", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(["", *lines, "a\tp\tb"]))
    with pytest.raises(DataError, match=text) as caught:
        pages(path)
    assert caught.value.line == len(FACTS) + 2


def test_what_is_no_text_is_named_with_its_line(tmp_path):
    path = write_folder(tmp_path, entities=ENTITIES, facts=FACTS)
    with open(path / "facts.tsv", "ab") as file:
        file.write(b"a\tp\t\xff\n")
    with pytest.raises(DataError, match="0xff") as caught:
        pages(path)
    assert caught.value.line == len(FACTS) + 1


def test_relations_are_numbered_as_the_facts_name_them(tmp_path):
    reader = FolderReader(write_folder(tmp_path, entities=ENTITIES, facts=FACTS))
    assert (list(reader.entities())[-1].id, list(reader.relations)) == ("é 1", [])
    list(reader.facts())
    assert list(reader.relations) == ["p", "q", "r"]


@pytest.mark.parametrize(("relation", "found"), [("r" * 1001, "1001 characters"), ("a\0b", "'a\\x00b'")])
def test_a_relation_that_cannot_be_an_id_is_refused_with_its_line(tmp_path, relation, found):
    path = write_folder(tmp_path, entities=ENTITIES, facts=[*FACTS, (FACTS[0][0], relation, FACTS[0][2])])
    reader = FolderReader(path)
    list(reader.entities())
    with pytest.raises(DataError, match=rf"facts\.tsv, line {len(FACTS) + 1}: .*{re.escape(found)}"):
        list(reader.facts())


def test_a_relation_without_a_line_of_its_own_is_called_by_its_id_in_words(tmp_path):
    path = write_folder(tmp_path, entities=ENTITIES, facts=[(FACTS[0][0], "directedBy", FACTS[0][2])])
    reader = FolderReader(path)
    list(reader.entities())
    list(reader.facts())
    assert reader.relations["directedBy"].name == "directed by"
