"""Reading a graph that kgqa did not load, through a mapping that `propose` wrote or a test did."""

from itertools import pairwise

import pytest

from kgqa.data import Dataset
from kgqa.errors import GraphChanged, GraphError, MappingError
from kgqa.graph import read_mapped
from kgqa.graph.load import load
from kgqa.graph.mapping import Mapping, NodeMapping
from kgqa.graph.propose import propose
from kgqa.kb import KnowledgeBase
from kgqa.kb.materialise import materialise
from tests.integration.graphs import CREDITS, MOVIES, ODD, PERSONS, create_movies, run
from tests.worlds import write_folder

pytestmark = pytest.mark.neo4j

PERSON = NodeMapping(label="Person", id="name", name="name")
MOVIE = NodeMapping(label="Movie", id="title", name="title")


@pytest.fixture
def movies(bare):
    create_movies(bare)
    return bare


def test_a_proposed_mapping_fits_the_graph_it_was_made_for(movies, tmp_path):
    path = tmp_path / "mapping.toml"
    path.write_text(propose(movies), encoding="utf-8")

    mapping = Mapping.read(path)

    assert mapping.nodes == (
        NodeMapping(label="Movie", id="title", name="title", attributes=("number", "released")),
        NodeMapping(label="Person", id="name", name="name", aliases=("nickname",), attributes=("born",), description="bio"),
    )
    assert mapping.include == ("ACTED_IN", "DIRECTED", "WROTE")
    assert mapping.attribute_names == {"born": "born", "number": "number", "released": "released"}
    materialise(movies, tmp_path / "snapshot", mapping=mapping)
    kb = KnowledgeBase.load(tmp_path / "snapshot")
    assert list(kb.ids) == sorted([f"Movie:{m['title']}" for m in MOVIES] + [f"Person:{p['name']}" for p in PERSONS])
    assert _facts(kb) == {(f"Person:{person}", type_, f"Movie:{movie}") for person, type_, movie in CREDITS}
    hanks, odd = kb.row("Person:Tom Hanks"), kb.row(f"Person:{ODD}")
    assert (kb.name(hanks), kb.descriptions[hanks], kb.name(odd)) == ("Tom Hanks", "An actor.", ODD)
    assert kb.aliases.candidates("t hanks") == kb.aliases.candidates("tom hanks") == [hanks]
    born, _number, released = (kb.values[:, place] for place in range(3))
    assert [attribute.id for attribute in kb.attributes] == ["born", "number", "released"]
    assert (born[hanks], born[odd], released[kb.row("Movie:Contact")]) == (1956, 1900.5, 1997)
    assert released[hanks].isnan()
    assert [relation.name for relation in kb.relations] == ["acted in", "directed", "wrote"]


def test_a_proposal_prefers_what_a_constraint_says_is_unique_and_leaves_out_what_has_no_id(movies):
    movies.run_schema("CREATE CONSTRAINT FOR (m:Movie) REQUIRE m.number IS UNIQUE")
    run(movies, "CREATE (:Genre {name: 'drama'}), (:Genre), (:Award {name: 'same'}), (:Award {name: 'same'}), (:Empty)")
    run(movies, "CREATE (n:$($label)) SET n = $values", label='od`d "\\u0060"\n', values={"k`ey\\u0060": "one"})

    text = propose(movies)
    nodes = {node.label: node for node in Mapping.from_tables(_toml(text), "proposal").nodes}

    assert (nodes["Movie"].id, nodes["Movie"].name) == ("number", "title")
    assert nodes['od`d "\\u0060"\n'].id == "k`ey\\u0060"
    assert set(nodes) == {"Movie", "Person", 'od`d "\\u0060"\n'}
    assert all(f'# [entities."{label}"]' in text for label in ("Award", "Empty", "Genre"))


def test_a_graph_that_kgqa_loaded_needs_no_proposal(graph, tmp_path):
    load(graph, Dataset.read(write_folder(tmp_path / "data")))

    with pytest.raises(GraphError, match="needs no mapping"):
        propose(graph)


def test_a_graph_without_nodes_has_no_proposal(bare):
    with pytest.raises(GraphError, match="expected a graph with nodes, found none"):
        propose(bare)


def test_relationships_are_included_excluded_and_named(movies, tmp_path):
    included = Mapping(nodes=(PERSON, MOVIE), include=("WROTE", "DIRECTED"), names={"WROTE": "written by hand"})
    excluded = Mapping(nodes=(PERSON, MOVIE), exclude=("ACTED_IN",))

    materialise(movies, tmp_path / "included", mapping=included)
    materialise(movies, tmp_path / "excluded", mapping=excluded)

    left, right = KnowledgeBase.load(tmp_path / "included"), KnowledgeBase.load(tmp_path / "excluded")
    assert _facts(left) == _facts(right) == {(f"Person:{p}", t, f"Movie:{m}") for p, t, m in CREDITS if t != "ACTED_IN"}
    assert [relation.name for relation in left.relations] == ["directed", "written by hand"]
    assert [relation.name for relation in right.relations] == ["directed", "wrote"]


def test_both_directions_and_attributes_are_called_what_the_mapping_says(movies, tmp_path):
    run(movies, "MATCH (p:Person {name: 'Tom Hanks'}) SET p.heightCm = 183, p.shoeSize = 44")
    person = NodeMapping(label="Person", id="name", name="name", attributes=("heightCm", "shoeSize"))
    mapping = Mapping(nodes=(person, MOVIE), inverse_names={"WROTE": "written by"}, attribute_names={"heightCm": "height"})

    materialise(movies, tmp_path / "snapshot", mapping=mapping)

    kb = KnowledgeBase.load(tmp_path / "snapshot")
    assert [(relation.id, relation.inverse_name) for relation in kb.relations] == [
        ("ACTED_IN", None),
        ("DIRECTED", None),
        ("WROTE", "written by"),
    ]
    assert [(attribute.id, attribute.name) for attribute in kb.attributes] == [("heightCm", "height"), ("shoeSize", "shoe size")]


def test_a_node_with_two_labels_is_an_entity_of_the_first_one(movies, tmp_path):
    run(movies, "MATCH (p:Person {name: 'Tom Hanks'}) SET p:Actor CREATE (p)<-[:MARRIED_TO]-(:Actor {name: 'Rita Wilson'})")
    mapping = Mapping(nodes=(NodeMapping(label="Actor", id="name", name="name"), PERSON, MOVIE))

    materialise(movies, tmp_path / "snapshot", mapping=mapping)

    kb = KnowledgeBase.load(tmp_path / "snapshot")
    assert kb.num_entities == len(PERSONS) + len(MOVIES) + 1
    assert kb.row("Person:Tom Hanks") is None
    assert ("Actor:Rita Wilson", "MARRIED_TO", "Actor:Tom Hanks") in _facts(kb)
    assert ("Actor:Tom Hanks", "ACTED_IN", "Movie:Cast Away") in _facts(kb)
    assert len(_facts(kb)) == len(CREDITS) + 1


def test_an_id_that_a_node_of_an_earlier_label_has_too_is_refused(movies, tmp_path):
    run(movies, "CREATE (:Person:Alien {alias: 'X', name: 'Tom Hanks'})")
    alien = NodeMapping(label="Alien", id="alias", name="name")
    with pytest.raises(MappingError, match="label 'Person': expected 'name' to be unique among the nodes of the label, found 1"):
        materialise(movies, tmp_path / "snapshot", mapping=Mapping(nodes=(alien, PERSON, MOVIE)))


def test_whole_numbers_are_ids_too_and_lead_back_to_numbers(movies, tmp_path):
    run(
        movies,
        "CREATE (:Movie {number: -3}), (:Movie {number: 4611686018427387905, title: ' '}), (:Movie {number: 7, title: ''})",
    )
    mapping = Mapping(nodes=(PERSON, NodeMapping(label="Movie", id="number", name="title")))

    manifest = materialise(movies, tmp_path / "snapshot", mapping=mapping)

    kb = KnowledgeBase.load(tmp_path / "snapshot")
    assert {"Movie:-3", "Movie:2", "Movie:4611686018427387905"} <= set(kb.ids)
    assert manifest.mapping.locate("Movie:-3") == (manifest.mapping.nodes[1], -3)
    named = {id_: bool(kb.named[kb.row(id_)]) for id_ in ("Movie:-3", "Movie:2", "Movie:4611686018427387905", "Movie:7")}
    # As the Cypher has it, whose condition is <> '': blanks are a name, though nobody can say it.
    assert named == {"Movie:-3": False, "Movie:2": True, "Movie:4611686018427387905": True, "Movie:7": False}
    assert kb.aliases.candidates("") == []
    assert ("Person:Robert Zemeckis", "DIRECTED", "Movie:2") in _facts(kb)


@pytest.mark.parametrize("indexed", [False, True])
def test_no_entity_is_lost_where_code_points_and_utf_16_sort_differently(bare, tmp_path, monkeypatch, indexed):
    ids = ["a", "z", "é", "\u07ff\u0800", "\uff5e", "\ufffd", "\U00010000", "😀", "", "A", "a ", "~"]
    run(bare, "UNWIND $ids AS id CREATE (:Thing {key: id, name: 'thing ' + id})", ids=ids)
    pairs = [list(pair) for pair in pairwise([*ids, ids[0]])]
    run(bare, "UNWIND $pairs AS p MATCH (a:Thing {key: p[0]}) MATCH (b:Thing {key: p[1]}) CREATE (a)-[:NEXT]->(b)", pairs=pairs)
    if indexed:
        bare.run_schema("CREATE CONSTRAINT FOR (t:Thing) REQUIRE t.key IS UNIQUE")
    monkeypatch.setattr(read_mapped, "PAGE_ENTITIES", 2)
    monkeypatch.setattr(read_mapped, "PAGE_FACTS", 2)

    materialise(bare, tmp_path / "s", mapping=Mapping(nodes=(NodeMapping(label="Thing", id="key", name="name"),)))

    assert _facts(KnowledgeBase.load(tmp_path / "s")) == {(f"Thing:{a}", "NEXT", f"Thing:{b}") for a, b in pairs}


def test_a_mapping_that_does_not_fit_says_where(movies, tmp_path):
    run(movies, "CREATE (:Odd {id: 1}), (:Odd {id: 'one'}), (:Half {id: 1}), (:Half), (:Same {id: 'x'}), (:Same {id: 'x'})")
    run(movies, "CREATE (:Listed {id: [1]}), (:Gone {id: 1}) WITH 1 AS one MATCH (g:Gone) DELETE g")

    def named(label):
        return Mapping(nodes=(NodeMapping(label=label, id="id", name="id"),))

    for mapping, message in (
        (named("Actress"), r"label 'Actress': expected one of this graph's \(.*Movie.*Person.*\). Correct the mapping."),
        (Mapping(nodes=(PERSON, MOVIE), include=("SANG_IN",)), "relationship type 'SANG_IN': expected one of .*ACTED_IN"),
        (Mapping(nodes=(PERSON, MOVIE), names={"SANG_IN": "sang"}), "relationship type 'SANG_IN'"),
        (Mapping(nodes=(PERSON, MOVIE), inverse_names={"SANG_IN": "sung by"}), "relationship type 'SANG_IN'"),
        (Mapping(nodes=(PERSON, MOVIE), attribute_names={"heightcm": "height"}), "property 'heightcm': expected one of"),
        (Mapping(nodes=(NodeMapping(label="Person", id="name", name="never seen"),)), "property 'never seen': expected one of"),
        (named("Half"), "label 'Half': expected every node to have the property 'id', found 1 without"),
        (named("Same"), "label 'Same': expected 'id' to be unique among the nodes of the label, found 1 repeats"),
        (named("Odd"), "label 'Odd': expected 'id' to be text, or a whole number, found INTEGER and STRING"),
        (named("Listed"), "label 'Listed': expected 'id' to be text, or a whole number, found LIST<INTEGER"),
        (
            Mapping(nodes=(NodeMapping(label="Person", id="name", name="name", attributes=("bio",)),)),
            "Person 'Tom Hanks': expected bio to be a finite number, found 'An actor.'. Take bio out of the attributes.",
        ),
    ):
        with pytest.raises(MappingError, match=message):
            materialise(movies, tmp_path / "snapshot", mapping=mapping)
    assert not (tmp_path / "snapshot").exists()


def test_a_list_of_names_is_no_name(movies, tmp_path):
    run(movies, "MATCH (p:Person {name: 'Tom Hanks'}) SET p.called = ['Tom', 'Hanks']")
    mapping = Mapping(nodes=(NodeMapping(label="Person", id="name", name="called"), MOVIE))
    with pytest.raises(MappingError, match=r"Person 'Tom Hanks': expected called to be one name, found a list\. Name it among"):
        materialise(movies, tmp_path / "snapshot", mapping=mapping)


@pytest.mark.parametrize("value", [b"\x00\xff", float("nan")])
@pytest.mark.parametrize("property_", ["name", "aliases", "description"])
def test_what_nobody_says_is_no_text(movies, tmp_path, value, property_):
    run(movies, "MATCH (p:Person {name: 'Tom Hanks'}) SET p.called = $value", value=value)
    named = {"name": "name"} | {property_: ("called",) if property_ == "aliases" else "called"}
    mapping = Mapping(nodes=(NodeMapping(label="Person", id="name", **named), MOVIE))
    with pytest.raises(MappingError, match="Person 'Tom Hanks': expected called to be text, found "):
        materialise(movies, tmp_path / "snapshot", mapping=mapping)


@pytest.mark.parametrize("value", ["0.0 / 0.0", "1.0 / 0.0"])
def test_a_number_that_is_none_is_refused(movies, tmp_path, value):
    run(movies, f"MATCH (p:Person {{name: 'Tom Hanks'}}) SET p.height = {value}")
    mapping = Mapping(nodes=(NodeMapping(label="Person", id="name", name="name", attributes=("height",)), MOVIE))
    with pytest.raises(MappingError, match=r"Person 'Tom Hanks': expected height to be a finite number, found (nan|inf)"):
        materialise(movies, tmp_path / "snapshot", mapping=mapping)


def test_a_graph_without_facts_between_the_entities_is_refused(movies, tmp_path):
    with pytest.raises(GraphError, match="expected facts between the entities, found none"):
        materialise(movies, tmp_path / "snapshot", mapping=Mapping(nodes=(PERSON,)))


@pytest.mark.parametrize(
    ("stage", "change"),
    [
        ("entities", "MATCH (m:Movie {number: 1}) CREATE (:Person {name: 'New'})-[:WROTE]->(m)"),
        ("entities", "MATCH (p:Person {name: 'Tom Hanks'}) CREATE (p)-[:WROTE]->(:Movie {title: 'New'})"),
        ("facts", "MATCH (p:Person {name: 'Tom Hanks'}) SET p.born = 0"),
    ],
)
def test_a_graph_that_changes_while_it_is_read_is_no_snapshot(movies, tmp_path, stage, change):
    changed = []

    def interfere(said, done, _total):
        if said == stage and done >= len(PERSONS) and not changed:
            changed.append(said)
            run(movies, change)

    with pytest.raises(GraphChanged, match="changed while it was read"):
        materialise(movies, tmp_path / "snapshot", mapping=Mapping(nodes=(MOVIE, PERSON)), progress=interfere)

    assert changed == [stage]
    assert not (tmp_path / "snapshot").exists()


def _facts(kb):
    half = len(kb.relations)
    triples = zip(kb.facts.subject.tolist(), kb.facts.relation.tolist(), kb.facts.object.tolist(), strict=True)
    return {(kb.ids[s], kb.relations[p].id, kb.ids[o]) for s, p, o in triples if p < half}


def _toml(text):
    import tomllib

    return tomllib.loads(text)
