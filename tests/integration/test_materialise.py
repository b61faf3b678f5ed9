"""Materialising what `kgqa load` wrote: equal to the files, whatever their order, and never a mixture of two states."""

import random
import re

import pytest
import torch

from kgqa.data import Dataset
from kgqa.errors import GraphChanged, GraphError
from kgqa.graph import read
from kgqa.graph.load import load
from kgqa.kb import KnowledgeBase
from kgqa.kb.materialise import materialise, materialise_files
from tests.integration.graphs import run
from tests.integration.test_load import ODD_ENTITIES, ODD_FACTS
from tests.worlds import write_folder

pytestmark = pytest.mark.neo4j


@pytest.fixture
def odd(tmp_path):
    return Dataset.read(write_folder(tmp_path / "odd", entities=ODD_ENTITIES, facts=[*ODD_FACTS, ODD_FACTS[0]]))


def test_the_graph_and_its_files_are_one_knowledge_base(graph, odd, tmp_path, monkeypatch):
    load(graph, odd)
    monkeypatch.setattr(read, "PAGE_ENTITIES", 2)
    monkeypatch.setattr(read, "PAGE_FACTS", 25)

    of_graph = materialise(graph, tmp_path / "of-graph")
    of_files = materialise_files(odd.path, tmp_path / "of-files")

    assert of_graph.fingerprint == of_files.fingerprint
    assert of_graph.counts() == of_files.counts()
    left, right = KnowledgeBase.load(tmp_path / "of-graph"), KnowledgeBase.load(tmp_path / "of-files")
    assert list(left.ids) == list(right.ids) == sorted(entity["id"] for entity in ODD_ENTITIES)
    assert list(left.names) == list(right.names)
    assert list(left.descriptions) == list(right.descriptions)
    assert left.named.tolist() == right.named.tolist()
    assert left.relations == right.relations
    assert left.attributes == right.attributes
    assert torch.equal(left.values.nan_to_num(-7), right.values.nan_to_num(-7))
    for name in ("subject", "relation", "object"):
        assert torch.equal(getattr(left.facts, name), getattr(right.facts, name))
    assert set(left.aliases.trie) == set(right.aliases.trie)
    assert all(left.aliases.candidates(key) == right.aliases.candidates(key) for key in left.aliases.trie)


def test_an_entity_that_kgqa_did_not_load_is_refused_with_the_facts_that_lead_to_it(graph, odd, tmp_path):
    load(graph, odd)
    run(graph, "MATCH (e:Entity) WITH e LIMIT 1 CREATE (e)-[:KNOWS]->(:Entity {id: 'by hand', name: 'By Hand'})")
    with pytest.raises(GraphError, match=r"found 1 that something else did: they have no row\. .* `kgqa load --merge`"):
        materialise(graph, tmp_path / "snapshot")
    assert not (tmp_path / "snapshot").exists()


def test_a_name_that_was_changed_in_the_graph_names_its_entity(graph, tmp_path):
    load(graph, Dataset.read(write_folder(tmp_path / "films")))
    run(graph, "MATCH (e:Entity {id: 'contact'}) SET e.name = 'Kontakt'")
    run(graph, "MATCH (e:Entity {id: 'zemeckis'}) SET e.name = ''")
    materialise(graph, tmp_path / "snapshot")
    kb = KnowledgeBase.load(tmp_path / "snapshot")
    row = kb.row("contact")
    assert (kb.name(row), kb.aliases.candidates("kontakt")) == ("Kontakt", [row])
    assert not kb.named[kb.row("zemeckis")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("SET e.name = 7", "entity 'contact': expected name to be text, found 7"),
        ("SET e.description = ['x']", "entity 'contact': expected description to be text, found ['x']"),
        ("SET e.released = 'long ago'", "entity 'contact': expected released to be a finite number, found 'long ago'"),
        ("SET e.released = 0.0 / 0.0", "entity 'contact': expected released to be a finite number, found nan"),
    ],
)
def test_a_property_that_was_changed_to_something_else_is_named(graph, tmp_path, change, message):
    load(graph, Dataset.read(write_folder(tmp_path / "films")))
    run(graph, f"MATCH (e:Entity {{id: 'contact'}}) {change}")
    with pytest.raises(GraphError, match=re.escape(message)):
        materialise(graph, tmp_path / "snapshot")


def test_an_alias_that_is_no_text_is_named_with_its_entity(graph, tmp_path):
    load(graph, Dataset.read(write_folder(tmp_path / "films")))
    for change in ("SET a.text = 7", "REMOVE a.text"):
        run(graph, f"MATCH (a:Alias)-->(:Entity {{id: 'contact'}}) {change}")
        with pytest.raises(GraphError, match="entity 'contact': expected alias to be text, found"):
            materialise(graph, tmp_path / "snapshot")
    run(graph, "MATCH (e:Entity {id: 'cast_away'}) REMOVE e.id")
    with pytest.raises(GraphError, match="entity None: expected id to be text, found None"):
        materialise(graph, tmp_path / "snapshot")


def test_the_order_of_the_lines_does_not_change_the_fingerprint(graph, odd, tmp_path):
    chosen = random.Random(2)
    entities, facts = list(ODD_ENTITIES), list(ODD_FACTS)
    chosen.shuffle(entities)
    chosen.shuffle(facts)
    shuffled = Dataset.read(write_folder(tmp_path / "shuffled", entities=entities, facts=facts))
    assert shuffled.fingerprint != odd.fingerprint

    load(graph, shuffled, size=4)

    assert materialise(graph, tmp_path / "snapshot").fingerprint == materialise_files(odd.path, tmp_path / "files").fingerprint


@pytest.mark.parametrize(
    ("stage", "change"),
    [
        ("entities", "MATCH (e:Entity {id: 'zemeckis'}) SET e.name = 'Bob'"),
        ("entities", "MATCH (e:Entity {id: 'contact'}) CREATE (e)-[:DIRECTED_BY]->(:Entity {id: 'new', row: 1000})"),
        ("entities", "MATCH (e:Entity {id: 'contact'})-[f:DIRECTED_BY]->() DELETE f"),
        ("facts", "CREATE (:Entity {id: 'new', row: 1000, name: 'New'})"),
    ],
)
def test_a_graph_that_changes_while_it_is_read_is_no_snapshot(graph, tmp_path, stage, change):
    load(graph, Dataset.read(write_folder(tmp_path / "films")))
    changed = []

    def interfere(said, _done, _total):
        if said == stage and not changed:
            changed.append(said)
            run(graph, change)

    with pytest.raises(GraphChanged, match=r"changed while it was read.*Run the command again"):
        materialise(graph, tmp_path / "snapshot", progress=interfere)

    assert changed == [stage]
    assert not (tmp_path / "snapshot").exists()


def test_an_empty_graph_names_the_ways_to_fill_it(graph, tmp_path):
    with pytest.raises(GraphError, match=r"found none. Load a data set with `kgqa load`.*--mapping"):
        materialise(graph, tmp_path / "snapshot")


def test_a_relationship_type_that_is_in_no_catalogue_is_refused(graph, tmp_path):
    load(graph, Dataset.read(write_folder(tmp_path / "films")))
    run(graph, "MATCH (a:Entity {id: 'contact'}) MATCH (b:Entity {id: 'broyles'}) CREATE (a)-[:STRANGE]->(b)")

    with pytest.raises(GraphError, match="types of the catalogue between entities, found 'STRANGE'"):
        materialise(graph, tmp_path / "snapshot")
