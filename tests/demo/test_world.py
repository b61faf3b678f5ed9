import filecmp
import os
import subprocess
import sys

import pytest

from kgqa.config import Config
from kgqa.data import Dataset, read_questions
from kgqa.demo import DEMO_QUESTIONS, settings, write_world
from kgqa.demo.graph import INVERSE, names_of, read_graph
from kgqa.demo.questions import answers_of, largest
from kgqa.demo.templates import read_templates

GRAPH = read_graph()
KINDS = {kind.name: kind for kind in read_templates().kinds}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("demo") / "world")


def answers(kind, **topics):
    return answers_of(GRAPH, KINDS[kind], topics)


def test_the_world_is_a_canonical_folder_without_repeats(folder):
    dataset = Dataset.read(folder)
    assert dataset.repeats == 0
    assert len(dataset.entities) == len(GRAPH.entities)
    assert len(dataset.facts) == len(GRAPH.facts)
    assert dataset.attribute_names() == ["created", "floors", "height", "population", "released"]


def test_every_entity_has_a_name_and_a_description_and_takes_part_in_a_fact():
    in_facts = {entity for subject, _, object_ in GRAPH.facts for entity in (subject, object_)}
    assert set(GRAPH.entities) == in_facts
    assert [entity.id for entity in GRAPH.entities.values() if not (entity.name and entity.description)] == []


def test_every_relation_is_declared_and_used_and_named_in_both_directions():
    declared = [relation.id for relation in GRAPH.relations]
    assert sorted(declared) == sorted({relation for _, relation, _ in GRAPH.facts})
    assert [relation.id for relation in GRAPH.relations if not (relation.name and relation.inverse_name)] == []


def test_no_alias_of_an_entity_says_the_same_as_its_name_or_another_alias():
    doubled = [entity.id for entity in GRAPH.entities.values() if len(set(names_of(entity))) < len(names_of(entity))]
    assert doubled == []


def test_three_persons_may_be_meant_by_tom_hanks_and_one_of_them_acted():
    assert GRAPH.candidates("Tom Hanks") == ("tom-hanks-actor", "tom-hanks-seismologist", "tom-hanks-theologian")
    acted = [person for person in GRAPH.candidates("tom hanks") if GRAPH.walk(person, [f"{INVERSE}starring"])]
    assert acted == ["tom-hanks-actor"]


@pytest.mark.parametrize(
    ("mention", "entities"),
    [
        ("Mona Lisa", {"mona-lisa-painting", "mona-lisa-film", "mona-lisa-song"}),
        ("Nighthawks", {"nighthawks-painting", "nighthawks-film"}),
        ("Goldfinger", {"goldfinger-film", "goldfinger-novel", "goldfinger-song", "auric-goldfinger"}),
        ("Star Wars", {"star-wars-film", "star-wars-series"}),
        ("Steve McQueen", {"steve-mcqueen-actor", "steve-mcqueen-director"}),
        ("Girl with a Pearl Earring", {f"girl-with-a-pearl-earring-{what}" for what in ("painting", "film", "novel")}),
        ("Lincoln", {"lincoln-film", "lincoln-city", "abraham-lincoln"}),
        ("Casablanca", {"casablanca-film", "casablanca-city"}),
        ("Australia", {"australia-film", "australia-country"}),
        ("Titanic", {"titanic-film", "titanic-ship"}),
        ("Frida", {"frida", "frida-kahlo"}),
        ("Paris, Texas", {"paris-texas-film", "paris-texas-city"}),
        ("Paris", {"paris", "paris-texas-city"}),
        ("Cambridge", {"cambridge-england", "cambridge-massachusetts"}),
        ("Harry Potter", {"harry-potter-character", "harry-potter-series"}),
    ],
)
def test_a_name_may_mean_several_entities(mention, entities):
    assert set(GRAPH.candidates(mention)) == entities


@pytest.mark.parametrize(
    ("mention", "entity"), [("NYC", "new-york-city"), ("UK", "united-kingdom"), ("da Vinci", "leonardo-da-vinci")]
)
def test_an_alias_means_one_entity(mention, entity):
    assert GRAPH.candidates(mention) == (entity,)


def test_what_the_demo_asks_follows_from_the_facts():
    mona_lisa, tom_hanks, portman, spielberg, tallest, eiffel, composer = DEMO_QUESTIONS
    assert answers("city of a work", work="mona-lisa-painting") == set(mona_lisa.answers)
    assert answers("writers of films with an actor", actor="tom-hanks-actor") == set(tom_hanks.answers)
    assert len(answers("number of films of a director", director="steven-spielberg")) == spielberg.value
    buildings = answers("tallest building in a city", city="new-york-city")
    assert largest(GRAPH, buildings, "height") == list(tallest.answers)
    assert GRAPH.entities["eiffel-tower"].attributes["height"] == eiffel.value
    assert composer.answers == ()
    for film in GRAPH.candidates("Star Wars"):
        assert answers("character of an actor in a film", actor="natalie-portman", film=film) <= set(portman.answers)
    assert answers("character of an actor in a film", actor="natalie-portman", film="star-wars-series") == set(portman.answers)


def test_natalie_portman_in_star_wars_needs_both_names():
    assert len(GRAPH.walk("natalie-portman", [f"{INVERSE}portrayed_by"])) > 3
    assert len(GRAPH.walk("star-wars-series", [f"{INVERSE}appears_in"])) > 5


def test_the_demo_asks_seven_questions():
    kinds = ["two-hop", "two-hop", "two-entity", "count", "maximum", "value", "no-answer"]
    assert [question.kind for question in DEMO_QUESTIONS] == kinds


def test_the_settings_are_those_of_the_shipped_file():
    assert settings().training.topics == "resolved"
    assert settings() != Config()


def test_both_splits_ask_for_entities_counts_extremes_values_and_what_is_not_there(folder):
    for split in ("train", "dev"):
        questions = read_questions(folder / "questions" / f"{split}.jsonl")
        assert {KINDS[question.kind].asks for question in questions} == {"set", "count", "largest", "value", "no_answer"}
        assert all((question.value is not None) == (KINDS[question.kind].asks in ("count", "value")) for question in questions)
        assert all((question.answers == ()) == (KINDS[question.kind].asks == "no_answer") for question in questions)


def test_the_world_is_the_same_to_the_byte_whatever_the_hash_seed(folder, tmp_path):
    program = "import sys; from pathlib import Path; from kgqa.demo import write_world; write_world(Path(sys.argv[1]))"
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "again")], check=True, env=environment)
    names = ["entities.jsonl", "facts.tsv", "relations.jsonl", *(f"questions/{name}.jsonl" for name in ("train", "dev"))]
    same, different, missing = filecmp.cmpfiles(folder, tmp_path / "again", names, shallow=False)
    assert (same, different, missing) == (names, [], [])
