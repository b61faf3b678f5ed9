"""Loading into a real Neo4j: every odd text arrives, a killed load goes on, and nothing is mixed up."""

import os
import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from kgqa.data import Dataset
from kgqa.errors import GraphError, LoadError
from kgqa.graph import load as load_module
from kgqa.graph.load import load
from kgqa.graph.load_batches import alias_rows
from kgqa.kb.materialise import materialise, materialise_files
from tests.integration.graphs import counts, create_movies, run
from tests.worlds import FILMS_ENTITIES, FILMS_FACTS, write_folder

pytestmark = pytest.mark.neo4j

ODD_ENTITIES = (
    {"id": "quote'\"`s", "name": 'O\'Neil "the `quoted`" \\ back\\slash', "aliases": ["`", "''", '"'], "attributes": {"row": 0}},
    {"id": r"\u0060 id", "name": r"six characters \u0060", "attributes": {r"\u0060": 7, "naïve `size`": -1.5, "1st": 1e300}},
    {"id": "😀", "name": "👩🏽‍🚀", "aliases": ["smiley 😀"], "description": "an emoji 😀", "attributes": {"name": 3}},
    {"id": "עברית", "name": "שלום עולם", "aliases": ["\u202eabc", "مرحبا"]},
    {"id": "lines", "name": "first\nsecond\r\nthird\ttab", "description": "a paragraph\n\nanother, with \\n"},
    {"id": "long", "name": "n" * 10_000, "aliases": ["n" * 10_000 + "!", "é" * 10_000], "description": "d" * 10_000},
    {"id": " spaced ", "name": "  spaced  ", "attributes": {"row": -0.5}},
    {"id": "event", "name": None},
    {"id": "$id}) DETACH DELETE (n", "name": "}) MATCH (n) DETACH DELETE n //", "aliases": ["$name", "#,;|"]},
)

ODD_RELATIONS = ("likes", "a `tick`", r"\u0060", "with space", "😀", "]->() DETACH DELETE n //", "match", "naïve", "R", "r")

ODD_FACTS = tuple(
    (subject["id"], relation, object_["id"])
    for place, subject in enumerate(ODD_ENTITIES)
    for step, relation in enumerate(ODD_RELATIONS)
    for object_ in [ODD_ENTITIES[(place + step) % len(ODD_ENTITIES)]]
)

READ_TEXTS = """
MATCH (e:Entity)
RETURN e.id AS id, e.name AS name, e.description AS description,
       COLLECT { MATCH (a:Alias)-[:NAMES]->(e) RETURN a.text ORDER BY a.text } AS texts
"""

READ_FACTS = """
MATCH (s:Entity)-[f]->(o:Entity)
MATCH (r:Relation {type: type(f)})
RETURN s.id AS subject, r.id AS relation, o.id AS object
"""

KILLED_LOAD = """
import os, sys
from pathlib import Path
from kgqa.data import Dataset
from kgqa.graph.connection import Connection
from kgqa.graph.load import load

with Connection.connect(os.environ["TEST_URI"], ("neo4j", os.environ["TEST_PASSWORD"])) as connection:
    load(connection, Dataset.read(Path(sys.argv[1])), size=500, progress=lambda *said: print(*said, flush=True))
"""


def test_odd_texts_come_back_as_they_were_written(graph, tmp_path):
    dataset = Dataset.read(write_folder(tmp_path / "odd", entities=ODD_ENTITIES, facts=ODD_FACTS))

    report = load(graph, dataset)

    assert (report.entities, report.relations, report.facts, report.skipped) == (9, 10, 90, 0)
    texts = {row.pop("id"): row for row in graph.read(READ_TEXTS)}
    for entity in ODD_ENTITIES:
        expected = sorted({text for text in (entity["name"], *entity.get("aliases", ())) if text is not None})
        assert texts[entity["id"]]["name"] == entity["name"]
        assert texts[entity["id"]]["description"] == entity.get("description")
        assert sorted(texts[entity["id"]]["texts"]) == expected
    facts = [(row["subject"], row["relation"], row["object"]) for row in graph.read(READ_FACTS)]
    assert sorted(facts) == sorted(ODD_FACTS)
    attributes = {
        row["id"]: row["property"] for row in graph.read("MATCH (a:Attribute) RETURN a.id AS id, a.property AS property")
    }
    values = graph.read("MATCH (e:Entity {id: $id}) RETURN properties(e) AS values", {"id": r"\u0060 id"})[0]["values"]
    assert {name: values.get(attributes[name]) for name in attributes} == {
        r"\u0060": 7.0,
        "naïve `size`": -1.5,
        "1st": 1e300,
        "name": None,
        "row": None,
    }


def test_of_two_data_sets_that_are_loaded_at_the_same_moment_one_is_refused(graph, tmp_path, monkeypatch):
    datasets = [Dataset.read(write_folder(tmp_path / name)) for name in ("one", "two")]
    together = threading.Barrier(2, timeout=60)
    done = load_module._done

    def done_together(*arguments):
        found = done(*arguments)
        together.wait()
        return found

    datasets[1] = replace(datasets[1], fingerprint="f" * 64)
    monkeypatch.setattr(load_module, "_done", done_together)
    with ThreadPoolExecutor(2) as threads:
        ended = [thread.exception() for thread in [threads.submit(load, graph, dataset) for dataset in datasets]]
    (refused,) = [error for error in ended if error is not None]
    assert isinstance(refused, LoadError)
    assert "expected no other load, found that of" in str(refused)
    monkeypatch.setattr(load_module, "_done", done)
    loaded = datasets[ended.index(None)]
    assert materialise(graph, tmp_path / "snapshot").fingerprint == materialise_files(loaded.path, tmp_path / "files").fingerprint
    load(graph, datasets[1 - ended.index(None)], merge=True)


def test_nothing_is_added_to_entities_that_kgqa_did_not_load(graph, tmp_path):
    run(graph, "CREATE (:Entity {id: 'contact'})")
    before = counts(graph)
    with pytest.raises(LoadError, match="found 'contact', which something else did: it has no row"):
        load(graph, Dataset.read(write_folder(tmp_path / "films")), merge=True)
    assert counts(graph) == before


def test_a_load_that_was_cut_otherwise_is_left_as_it_is(graph, tmp_path, monkeypatch):
    dataset = Dataset.read(write_folder(tmp_path / "films"))
    load(graph, dataset, size=3)
    before = counts(graph)
    monkeypatch.setattr(load_module, "CUT", 99)
    report = load(graph, dataset, size=3)
    assert report.skipped == report.batches
    assert counts(graph) == before
    run(graph, "MATCH (b:LoadBatch {stage: 'plan'}) REMOVE b.finished, b.cut")  # as the first versions left it
    with pytest.raises(LoadError, match="found one that another version cut into other batches"):
        load(graph, dataset, size=3)


def test_a_name_of_more_entities_than_a_batch_has_rows_names_them_all(graph, tmp_path):
    entities = [{"id": f"e{number}", "name": "Untitled"} for number in range(25)]
    folder = write_folder(tmp_path / "untitled", entities=entities, facts=[("e0", "r", "e1")])
    load(graph, Dataset.read(folder), size=10)
    assert (counts(graph)["aliases"], counts(graph)["names"]) == (1, 25)
    assert materialise(graph, tmp_path / "snapshot").fingerprint == materialise_files(folder, tmp_path / "files").fingerprint


def test_a_load_that_is_killed_goes_on_where_it_stopped(graph, server, tmp_path):
    folder = _random_folder(tmp_path / "large", entities=4_000, facts=20_000)
    dataset = Dataset.read(folder)
    _kill_a_load(folder, server, after=2_000)

    present = counts(graph)
    assert 2_000 <= present["facts"] < 20_000
    with pytest.raises(GraphError, match=r"the load of 'large' was not finished. Run `kgqa load` again"):
        materialise(graph, tmp_path / "half")
    assert not (tmp_path / "half").exists()
    with pytest.raises(LoadError, match="begun with 500 rows in a batch, found 600"):
        load(graph, dataset, size=600)
    films = Dataset.read(write_folder(tmp_path / "films"))
    with pytest.raises(LoadError, match="expected finished loads to add to, found that of 'large' interrupted"):
        load(graph, films, merge=True)
    assert counts(graph) == present

    report = load(graph, dataset, size=500)

    assert (report.batches, report.skipped) == (8 + 8 + 40, present["batches"] - 1)
    assert 0 < report.skipped < report.batches
    undisturbed = counts(graph)
    aliases = alias_rows(dataset)
    assert undisturbed["entities"] == 4_000
    assert undisturbed["facts"] == 20_000
    assert undisturbed["aliases"] == len(aliases)
    assert undisturbed["names"] == sum(len(alias.entities) for alias in aliases)
    assert undisturbed["relationships"] == undisturbed["facts"] + undisturbed["names"]
    assert undisturbed["batches"] == report.batches + 1
    files = materialise_files(dataset.path, tmp_path / "files")
    assert materialise(graph, tmp_path / "snapshot").fingerprint == files.fingerprint

    again = load(graph, dataset, size=500)

    assert again.skipped == again.batches == report.batches
    assert counts(graph) == undisturbed


def test_the_folder_that_one_stands_in_has_a_name_too(graph, tmp_path, monkeypatch):
    monkeypatch.chdir(write_folder(tmp_path / "films"))
    load(graph, Dataset.read(Path()))
    other = Dataset.read(write_folder(tmp_path / "other", facts=[("contact", "directed_by", "zemeckis")]))
    with pytest.raises(LoadError, match="found the data set 'films'"):
        load(graph, other)


def test_another_data_set_is_refused_unless_it_is_merged(graph, tmp_path):
    films = Dataset.read(write_folder(tmp_path / "films"))
    more_entities = [
        {
            "id": "zemeckis",
            "name": "Robert Zemeckis",
            "aliases": ["Bob Z"],
            "description": "director",
            "attributes": {"born": 1951},
        },
        {"id": "gump", "name": "Forrest Gump", "attributes": {"released": 1994}},
        {"id": "contact", "aliases": ["Cosmos' Contact"]},
    ]
    more_facts = [("gump", "directed_by", "zemeckis"), ("contact", "directed_by", "zemeckis"), ("gump", "likes", "contact")]
    more = Dataset.read(write_folder(tmp_path / "more", entities=more_entities, facts=more_facts))
    load(graph, films)
    before = counts(graph)

    with pytest.raises(LoadError, match=r"expected an empty graph, or 'more' as it is now; found the data set 'films'.*--merge"):
        load(graph, more)
    assert counts(graph) == before

    load(graph, more, merge=True, size=2)

    both = [*(entity for entity in FILMS_ENTITIES if entity["id"] not in ("zemeckis", "contact")), more_entities[1]]
    both.append({**more_entities[0], "aliases": ["Bob Z", "Zemeckis"]})
    both.append({"id": "contact", "name": "Contact", "aliases": ["Cosmos' Contact"], "attributes": {"released": 1997}})
    union = Dataset.read(write_folder(tmp_path / "both", entities=both, facts=[*FILMS_FACTS, *more_facts[::2]]))
    assert materialise(graph, tmp_path / "snapshot").fingerprint == materialise_files(union.path, tmp_path / "files").fingerprint
    merged = counts(graph)
    assert (merged["entities"], merged["facts"], merged["relations"]) == (8, 7, 5)
    assert load(graph, more, merge=True, size=2).skipped == 2 + 2 + 2
    assert counts(graph) == merged


@pytest.mark.parametrize(
    ("entity", "message"),
    [
        (
            {"id": "zemeckis", "name": "Bob"},
            "entity 'zemeckis': expected the name 'Robert Zemeckis' that the graph has, found 'Bob'",
        ),
        (
            {"id": "contact", "name": "Contact", "attributes": {"released": 1998}},
            "entity 'contact': expected the released 1997.0 that the graph has, found 1998.0",
        ),
    ],
)
def test_an_entity_with_another_value_is_not_merged(graph, tmp_path, entity, message):
    load(graph, Dataset.read(write_folder(tmp_path / "films")))
    before = counts(graph)
    more = Dataset.read(write_folder(tmp_path / "more", entities=[entity], facts=[(entity["id"], "likes", entity["id"])]))

    with pytest.raises(LoadError, match=f"{message} in 'more'"):
        load(graph, more, merge=True)

    assert counts(graph) == before


@pytest.mark.parametrize("change", [{"name": "made by"}, {"name": "directed by", "inverse_name": "made"}])
def test_a_relation_with_another_name_is_not_merged(graph, tmp_path, change):
    load(graph, Dataset.read(write_folder(tmp_path / "films")))
    before = counts(graph)
    facts = [("contact", "directed_by", "zemeckis")]
    relations = [{"id": "directed_by", **change}]
    more = Dataset.read(
        write_folder(tmp_path / "more", entities=[{"id": "contact"}, {"id": "zemeckis"}], facts=facts, relations=relations)
    )

    with pytest.raises(
        LoadError, match=r"relation 'directed_by': expected the \w+ .* that the graph has, found 'made.* in 'more'"
    ):
        load(graph, more, merge=True)

    assert counts(graph) == before


def test_a_graph_of_someone_else_is_refused(bare, tmp_path):
    create_movies(bare)
    films = Dataset.read(write_folder(tmp_path / "films"))

    with pytest.raises(LoadError, match=r"found a node \((Person|Movie)\) that kgqa did not load"):
        load(bare, films)
    run(bare, "MATCH (n:Person|Movie) DETACH DELETE n")
    run(bare, "CREATE (:Entity {id: 'theirs', row: 0})")
    with pytest.raises(LoadError, match=r"found a node \(Entity\) that kgqa did not load"):
        load(bare, films)

    assert counts(bare)["entities"] == 1
    assert counts(bare)["aliases"] == 0
    assert counts(bare)["migrations"] == 0
    assert bare.read("SHOW CONSTRAINTS YIELD name") == []


def _random_folder(folder, *, entities, facts):
    chosen = random.Random(1)
    triples = set()
    while len(triples) < facts:
        triples.add((f"e{chosen.randrange(entities)}", f"relation {chosen.randrange(3)}", f"e{chosen.randrange(entities)}"))
    lines = [{"id": f"e{number}", "name": f"name {number}", "attributes": {"size": number}} for number in range(entities - 100)]
    lines += [{"id": f"e{entities - 100 + number}", "name": f"name {number}"} for number in range(100)]  # names of two entities
    return write_folder(folder, entities=lines, facts=sorted(triples))


def _kill_a_load(folder, server, *, after):
    """Load in a process of its own and kill it without warning once `after` facts were written."""
    environment = os.environ | {"TEST_URI": server.uri, "TEST_PASSWORD": server.password}
    command = [sys.executable, "-c", KILLED_LOAD, str(folder)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            stage, done, _total = line.split()
            if stage == "facts" and int(done) >= after:
                process.kill()
                break
    assert process.returncode == -9
