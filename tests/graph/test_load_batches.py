"""The batches of a load: every row once, and the number that Neo4j must say it wrote."""

import numpy as np
import pytest

from kgqa.data import Dataset
from kgqa.graph import load_batches
from kgqa.graph.load_batches import LONGEST_KEY, alias_batches, alias_rows, entity_batches, fact_batches
from tests.worlds import FILMS_FACTS, write_folder

TYPES = {"directed_by": "DIRECTED_BY", "starring": "STARRING", "written_by": "WRITTEN_BY", "author": "AUTHOR"}


@pytest.fixture
def films(tmp_path):
    return Dataset.read(write_folder(tmp_path / "films"))


def test_a_text_that_names_two_entities_is_one_alias(films):
    aliases = {alias.text: alias.entities for alias in alias_rows(films)}

    assert aliases["Tom Hanks"] == [3, 4]
    assert aliases["Robert Zemeckis"] == aliases["Zemeckis"] == [2]
    assert len(aliases) == 7


def test_the_key_of_a_long_alias_is_cut_to_what_an_index_holds(tmp_path):
    entities = [{"id": "a", "name": "x" * 10_000 + "1", "aliases": ["x" * 10_000 + "2"]}]
    dataset = Dataset.read(write_folder(tmp_path / "long", entities=entities, facts=[("a", "r", "a")]))

    first, second = alias_rows(dataset)

    assert first.key == second.key == "x" * LONGEST_KEY
    assert first.id != second.id


@pytest.mark.parametrize("size", [1, 3, 100])
def test_every_entity_and_alias_is_in_one_batch(films, size):
    entities = list(entity_batches(films, base=100, properties={"released": "released"}, size=size, merge=False))
    aliases = list(alias_batches(alias_rows(films), np.arange(100, 107), size=size, merge=False))

    rows = [row for batch in entities for row in batch.parameters["rows"]]
    assert [(row[0], row[1]) for row in rows] == [(entity.id, 100 + place) for place, entity in enumerate(films.entities)]
    assert rows[0][2] == {"name": "Cast Away", "released": 2000.0}
    assert [batch.number for batch in entities] == list(range(len(entities)))
    assert sum(batch.expected for batch in entities) == 7
    assert sum(batch.rows for batch in aliases) == 7
    assert sum(batch.expected for batch in aliases) == 8  # relationships: "Tom Hanks" names two
    named = [row[3] for batch in aliases for row in batch.parameters["rows"] if row[1] == "Tom Hanks"]
    assert [row for rows in named for row in rows] == [103, 104]
    assert all(len(rows) <= size for rows in named)


def test_a_batch_has_no_more_text_than_a_small_server_holds(films, monkeypatch):
    monkeypatch.setattr(load_batches, "MOST_TEXT", 30)
    entities = list(entity_batches(films, base=0, properties={"released": "released"}, size=100, merge=False))
    texts = [[row[0] + row[2].get("name", "") for row in batch.parameters["rows"]] for batch in entities]
    assert len(texts) > 1
    assert all(len(batch) == 1 or sum(map(len, batch)) <= 30 for batch in texts)
    assert sum(len(batch) for batch in texts) == len(films.entities)


@pytest.mark.parametrize("size", [1, 2, 100])
def test_every_fact_is_in_one_batch_and_names_the_rows_of_its_ends(films, size):
    rows = np.array([70, 60, 50, 40, 30, 20, 10])

    batches = list(fact_batches(films, rows, types=TYPES, size=size, merge=True))

    ids = {row: entity.id for row, entity in zip(rows.tolist(), films.entities, strict=True)}
    found = []
    for batch in batches:
        ends = batch.parameters["entities"]
        assert ends == sorted(set(ends))
        assert batch.expected == batch.rows == len(batch.parameters["facts"]) <= size
        found += [(ids[ends[subject]], type_, ids[ends[object_]]) for subject, type_, object_ in batch.parameters["facts"]]
    assert sorted(found) == sorted((subject, TYPES[relation], object_) for subject, relation, object_ in FILMS_FACTS)


def test_batches_that_merge_and_batches_that_create_differ_in_their_statements_only(films):
    def both(make):
        return [[(batch.number, batch.parameters, batch.expected) for batch in make(merge)] for merge in (False, True)]

    rows = np.arange(7)
    for make in (
        lambda merge: entity_batches(films, base=0, properties={"released": "y"}, size=3, merge=merge),
        lambda merge: alias_batches(alias_rows(films), rows, size=3, merge=merge),
        lambda merge: fact_batches(films, rows, types=TYPES, size=3, merge=merge),
    ):
        created, merged = both(make)
        assert created == merged
        assert {"CREATE" in batch.statement for batch in make(False)} == {True}
        assert {"MERGE" in batch.statement for batch in make(True)} == {True}
