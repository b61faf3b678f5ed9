import json

import numpy as np
import pytest

from kgqa.data import Dataset, EntityRecord, RelationRecord
from kgqa.data.dataset import fingerprint_of_files
from kgqa.errors import DataError
from tests.worlds import FILMS_ENTITIES, FILMS_FACTS, write_folder

AB = ({"id": "a", "name": "A"}, {"id": "b", "name": "B"})


def refusal(folder) -> DataError:
    with pytest.raises(DataError) as caught:
        Dataset.read(folder)
    return caught.value


def test_the_five_fact_world_is_read_as_it_stands(tmp_path):
    dataset = Dataset.read(write_folder(tmp_path))
    assert [entity.id for entity in dataset.entities] == [entity["id"] for entity in FILMS_ENTITIES]
    assert dataset.entities[0] == EntityRecord(id="cast_away", name="Cast Away", attributes={"released": 2000.0})
    assert dataset.entities[2].aliases == ("Zemeckis",)
    assert [relation.id for relation in dataset.relations] == ["directed_by", "starring", "written_by", "author"]
    assert dataset.relations[0] == RelationRecord(id="directed_by", name="directed by")
    named = [
        (dataset.entities[subject].id, dataset.relations[relation].id, dataset.entities[object_].id)
        for subject, relation, object_ in dataset.facts
    ]
    assert sorted(named) == sorted(FILMS_FACTS)
    assert dataset.facts.dtype == np.int32
    assert dataset.facts.tolist() == sorted(dataset.facts.tolist())
    assert dataset.repeats == 0
    assert dataset.attribute_names() == ["released"]
    assert dataset.path == tmp_path


def test_relations_that_are_declared_keep_their_names_also_without_facts(tmp_path):
    relations = (
        {"id": "p", "name": "likes", "inverse_name": "is liked by", "description": "d"},
        {"id": "made_by"},
        {"id": "never_used", "name": None},
    )
    dataset = Dataset.read(write_folder(tmp_path, entities=AB, facts=[("a", "p", "b")], relations=relations))
    assert dataset.relations == [
        RelationRecord(id="p", name="likes", inverse_name="is liked by", description="d"),
        RelationRecord(id="made_by", name="made by"),
        RelationRecord(id="never_used", name="never used"),
    ]


def test_facts_said_again_are_counted_and_kept_once(tmp_path):
    dataset = Dataset.read(write_folder(tmp_path, entities=AB, facts=[("a", "p", "b"), ("b", "p", "a")] * 2 + [("a", "p", "b")]))
    assert dataset.facts.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert dataset.repeats == 3


def test_an_entity_may_lead_to_itself_and_stand_alone(tmp_path):
    dataset = Dataset.read(write_folder(tmp_path, entities=AB, facts=[("a", "p", "a")]))
    assert dataset.facts.tolist() == [[0, 0, 0]]
    assert len(dataset.entities) == 2


@pytest.mark.parametrize("name", ["entities.jsonl", "facts.tsv"])
def test_a_missing_file_is_named(tmp_path, name):
    write_folder(tmp_path)
    (tmp_path / name).unlink()
    error = refusal(tmp_path)
    assert (error.path, error.line) == (str(tmp_path / name), None)


@pytest.mark.parametrize(("name", "found"), [("entities.jsonl", "at least one entity"), ("facts.tsv", "at least one fact")])
@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff\n"], ids=["empty", "blank", "mark"])
def test_an_empty_graph_is_refused(tmp_path, name, found, content):
    write_folder(tmp_path)
    (tmp_path / name).write_text(content, encoding="utf-8")
    error = refusal(tmp_path)
    assert error.path == str(tmp_path / name)
    assert found in str(error)


@pytest.mark.parametrize(
    ("fact", "text"),
    [
        (("a", "p"), "expected subject<TAB>relation<TAB>object, found 2 columns"),
        (("a", "p", "b", "c"), "expected subject<TAB>relation<TAB>object, found 4 columns"),
        (("a p b",), "found 1 columns"),
        (("x", "p", "b"), "expected a subject that stands in entities.jsonl, found 'x'"),
        (("a", "p", "x"), "object that stands in entities.jsonl, found 'x'"),
        (("a", "p", ""), "found ''"),
        (("a", " ", "b"), "expected a relation that stands in relations.jsonl, found ' '"),
        (("A", "p", "b"), "found 'A'"),
    ],
)
def test_a_fact_that_is_wrong_is_refused_with_its_line(tmp_path, fact, text):
    facts = [("a", "p", "b"), fact, ("a", "p", "a")]
    error = refusal(write_folder(tmp_path, entities=AB, facts=facts))
    assert (error.path, error.line) == (str(tmp_path / "facts.tsv"), 2)
    assert text in str(error)


def test_a_relation_that_is_not_declared_is_refused_with_its_line(tmp_path):
    error = refusal(write_folder(tmp_path, entities=AB, facts=[("a", "p", "b"), ("a", "q", "b")], relations=[{"id": "p"}]))
    assert (error.path, error.line) == (str(tmp_path / "facts.tsv"), 2)
    assert "found 'q'" in str(error)


@pytest.mark.parametrize("which", ["entities", "relations"])
def test_an_id_that_stands_twice_is_refused_with_the_second_line(tmp_path, which):
    lines = [{"id": "a"}, {"id": "b"}, {"id": "a", "name": "another"}]
    error = refusal(write_folder(tmp_path, **({"entities": AB} | {which: lines})))
    assert (error.path, error.line) == (str(tmp_path / f"{which}.jsonl"), 3)
    assert "expected every id once, found 'a' again" in str(error)


@pytest.mark.parametrize("name", ["entities.jsonl", "facts.tsv", "relations.jsonl"])
def test_bytes_that_are_no_utf_8_are_refused_with_their_line(tmp_path, name):
    write_folder(tmp_path, relations=[{"id": relation} for relation in ("directed_by", "starring", "written_by", "author")])
    lines = (tmp_path / name).read_bytes().splitlines(keepends=True)
    (tmp_path / name).write_bytes(b"".join([*lines[:2], b"caf\xe9\n", *lines[2:]]))
    error = refusal(tmp_path)
    assert (error.path, error.line) == (str(tmp_path / name), 3)
    assert "0xe9" in str(error)


@pytest.mark.parametrize(
    ("entity", "text"),
    [
        ({}, "expected an id that is text, found None"),
        ({"id": 3}, "expected an id that is text, found 3"),
        ({"id": " "}, "expected an id that is text, found ' '"),
        ({"id": "x" * 1001}, "expected an id of at most 1000 characters, found 1001 characters"),
        ({"id": "x\ty"}, "without tabs and line ends"),
        ({"id": "x\ny"}, "without tabs and line ends"),
        ({"id": "x\0"}, "without tabs and line ends"),
        ({"id": "x", "label": "X"}, "expected only the keys id, name, aliases, description, attributes, found the key 'label'"),
        ({"id": "x", "name": 3}, "expected name to be text or null, found 3"),
        ({"id": "x", "name": ""}, "expected name to be text or null, found ''"),
        ({"id": "x", "description": ["d"]}, "expected description to be text or null"),
        ({"id": "x", "aliases": "X"}, "expected aliases to be a list of texts, found 'X'"),
        ({"id": "x", "aliases": ["X", 1]}, "expected aliases to be a list of texts"),
        ({"id": "x", "aliases": [" "]}, "expected aliases to be a list of texts"),
        ({"id": "x", "aliases": None}, "expected aliases to be a list of texts, found None"),
        ({"id": "x", "attributes": [1]}, "expected attributes to be an object, found [1]"),
        ({"id": "x", "attributes": {"born": "1956"}}, "expected attributes.born to be a number, found '1956'"),
        ({"id": "x", "attributes": {"born": True}}, "expected attributes.born to be a number, found True"),
        ({"id": "x", "attributes": {"born": None}}, "expected attributes.born to be a number, found None"),
        ({"id": "x", "attributes": {"born": float("nan")}}, "expected attributes.born to be a number, found nan"),
        ({"id": "x", "attributes": {"born": float("inf")}}, "expected attributes.born to be a number, found inf"),
        ({"id": "x", "attributes": {"born": 10**400}}, "expected attributes.born to be a number, found 1000"),
        ({"id": "x", "attributes": {" ": 1}}, "expected the names of attributes to be text, found ' '"),
    ],
)
def test_an_entity_that_is_wrong_is_refused_with_its_line(tmp_path, entity, text):
    error = refusal(write_folder(tmp_path, entities=[*AB, entity], facts=[("a", "p", "b")]))
    assert (error.path, error.line) == (str(tmp_path / "entities.jsonl"), 3)
    assert text in str(error)


@pytest.mark.parametrize(
    ("relation", "text"),
    [
        ({"name": "p"}, "expected an id that is text"),
        ({"id": "p", "type": "P"}, "expected only the keys id, name, inverse_name, description, found the key 'type'"),
        ({"id": "p", "inverse_name": 1}, "expected inverse_name to be text or null, found 1"),
    ],
)
def test_a_relation_that_is_wrong_is_refused_with_its_line(tmp_path, relation, text):
    error = refusal(write_folder(tmp_path, entities=AB, facts=[("a", "p", "b")], relations=[{"id": "o"}, relation]))
    assert (error.path, error.line) == (str(tmp_path / "relations.jsonl"), 2)
    assert text in str(error)


def test_an_id_of_a_thousand_characters_is_allowed(tmp_path):
    long = "\U0001f44d" * 1000
    dataset = Dataset.read(write_folder(tmp_path, entities=[{"id": long}], facts=[(long, "p", long)]))
    assert dataset.entities[0].id == long


def test_aliases_said_again_are_kept_once_in_their_order(tmp_path):
    entities = [{"id": "a", "aliases": ["z", "b", "z"]}]
    assert Dataset.read(write_folder(tmp_path, entities=entities, facts=[("a", "p", "a")])).entities[0].aliases == ("z", "b")


def test_the_fingerprint_is_that_of_the_contents_not_of_the_place(tmp_path):
    first = Dataset.read(write_folder(tmp_path / "one", questions={"train": [{"question": "q"}]}))
    second = Dataset.read(write_folder(tmp_path / "two"))
    assert first.fingerprint == second.fingerprint
    assert len(first.fingerprint) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"entities": [*FILMS_ENTITIES, {"id": "more"}]},
        {"entities": [{**FILMS_ENTITIES[0], "attributes": {"released": 2001}}, *FILMS_ENTITIES[1:]]},
        {"facts": FILMS_FACTS[:-1]},
        {"relations": [{"id": relation} for relation in ("directed_by", "starring", "written_by", "author")]},
    ],
    ids=["entity", "attribute", "fact", "relations"],
)
def test_the_fingerprint_changes_with_every_file(tmp_path, change):
    before = Dataset.read(write_folder(tmp_path / "before")).fingerprint
    assert Dataset.read(write_folder(tmp_path / "after", **change)).fingerprint != before


def test_content_moved_from_one_file_to_the_next_changes_the_fingerprint(tmp_path):
    paths = [tmp_path / "a", tmp_path / "b"]
    prints = set()
    for left, right in (("xy", ""), ("x", "y"), ("", "xy")):
        paths[0].write_text(left, encoding="utf-8")
        paths[1].write_text(right, encoding="utf-8")
        prints.add(fingerprint_of_files(paths))
    assert len(prints) == 3


def test_every_key_of_json_is_written_by_a_record():
    entity = EntityRecord(id="a", name="A", aliases=("x",), description="d", attributes={"n": 1.0})
    assert json.loads(json.dumps(entity.json())) == {
        "id": "a",
        "name": "A",
        "aliases": ["x"],
        "description": "d",
        "attributes": {"n": 1.0},
    }
