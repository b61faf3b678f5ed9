"""From a graph in Neo4j to an answer that its own Cypher returns: a graph that kgqa loaded, and one that it did not."""

import pytest

from kgqa.config import Config
from kgqa.graph.mapping import Mapping
from kgqa.qa import QA
from kgqa.sdk import Graph, train
from tests.integration.graphs import CREDITS, ODD, create_movies, run
from tests.worlds import FILMS_QUESTIONS, QUICK, write_folder, write_lines

pytestmark = pytest.mark.neo4j

MAPPING = {
    "entities": {
        "Person": {"id": "name", "name": "name", "attributes": ["born"]},
        "Movie": {"id": "title", "name": "title", "attributes": ["released"]},
    },
    "relationships": {"names": {"ACTED_IN": "acted in", "WROTE": "wrote"}},
}


def asked(movies):
    """Questions about the movies' people, answered from the list of credits."""
    words = {"ACTED_IN": "Who acted in {}?", "DIRECTED": "Who directed {}?", "WROTE": "Who wrote {}?"}
    for number, (relation, wording) in enumerate(words.items()):
        for movie in movies:
            people = [f"Person:{person}" for person, credit, title in CREDITS if (credit, title) == (relation, movie)]
            if people:
                yield {"id": f"{number}-{movie}", "question": wording.format(movie), "answers": people, "kind": relation}


@pytest.fixture
def movies(graph):
    create_movies(graph)
    return Graph.of(graph)


def test_a_graph_that_kgqa_loaded_is_answered_and_confirmed(graph, tmp_path):
    live = Graph.of(graph)
    live.load(write_folder(tmp_path / "data"))
    kb = live.materialize(tmp_path / "snapshot")
    questions = write_lines(tmp_path / "questions.jsonl", FILMS_QUESTIONS)
    settings = Config.from_tables(QUICK)
    report = train(kb, questions, dev=questions, out=tmp_path / "model", config=settings)
    assert report.best.correct == 1.0

    qa = QA.load(tmp_path / "model", graph=live)
    answer = qa.ask("Who wrote films starring Tom Hanks?")

    assert answer.entities[0].id == "broyles"
    assert answer.mentions[0].entity.id == "hanks_actor"
    assert {candidate.id for candidate in answer.mentions[0].candidates} == {"hanks_actor", "hanks_scientist"}
    assert answer.confirmation == "confirmed"
    assert {"id": "broyles", "name": "William Broyles Jr."} in answer.rows
    assert [(fact.subject, fact.relation, fact.object) for fact in answer.paths[0].facts] == [
        ("cast_away", "starring", "hanks_actor"),
        ("cast_away", "written_by", "broyles"),
    ]
    assert graph.read(answer.cypher.text, answer.cypher.parameters) == [dict(row) for row in answer.rows]


def test_an_answer_that_is_no_longer_in_the_graph_is_not_confirmed(graph, tmp_path):
    live = Graph.of(graph)
    live.load(write_folder(tmp_path / "data"))
    kb = live.materialize(tmp_path / "snapshot")
    questions = write_lines(tmp_path / "questions.jsonl", FILMS_QUESTIONS)
    train(kb, questions, dev=questions, out=tmp_path / "model", config=Config.from_tables(QUICK))
    run(graph, "MATCH (:Entity {id: 'contact'})-[r:DIRECTED_BY]->() DELETE r")

    answer = QA.load(tmp_path / "model", graph=live).ask("Who directed Contact?")

    assert answer.entities[0].id == "zemeckis"
    assert (answer.confirmation, answer.rows) == ("not confirmed", ())
    assert "changed since the snapshot" in answer.note


def test_a_graph_that_kgqa_did_not_load_is_answered_with_its_own_labels(movies, tmp_path):
    kb = movies.materialize(tmp_path / "snapshot", mapping=Mapping.from_tables(MAPPING, "test"))
    titles = ("Forrest Gump", "Cast Away", "Contact", "Sleepless in Seattle", "You've Got Mail")
    questions = write_lines(tmp_path / "questions.jsonl", asked(titles))
    report = train(kb, questions, dev=questions, out=tmp_path / "model", config=Config.from_tables(QUICK))
    assert report.best.correct == 1.0

    answer = QA.load(tmp_path / "model", graph=movies).ask("Who wrote Contact?")

    assert [entity.id for entity in answer.entities] == [f"Person:{ODD}"]
    assert answer.confirmation == "confirmed"
    assert answer.rows == ({"id": ODD, "name": ODD},)
    assert "(a0:Movie {title: $start})" in answer.cypher.text
    assert "<-[:WROTE]-(answer:Person)" in answer.cypher.text
    assert answer.cypher.parameters["start"] == "Contact"


def test_an_answer_beyond_the_limit_of_its_query_is_proved_alone(movies, tmp_path):
    kb = movies.materialize(tmp_path / "snapshot", mapping=Mapping.from_tables(MAPPING, "test"))
    films = sorted(f"Movie:{title}" for person, credit, title in CREDITS if (person, credit) == ("Tom Hanks", "ACTED_IN"))
    lines = [{"id": "q", "question": "Tom Hanks films?", "answers": films}]
    questions = write_lines(tmp_path / "questions.jsonl", lines)
    train(kb, questions, dev=questions, out=tmp_path / "model", config=Config.from_tables(QUICK))

    for limit in (1, 2, 3):
        answer = QA.load(tmp_path / "model", graph=movies, limit=limit).ask("Tom Hanks films?")
        assert sorted(entity.id for entity in answer.entities) == films
        assert len(answer.rows) == limit
        assert answer.confirmation == "confirmed"


def test_a_connection_that_is_lost_leaves_the_answer_unchecked(graph, tmp_path):
    live = Graph.of(graph)
    live.load(write_folder(tmp_path / "data"))
    kb = live.materialize(tmp_path / "snapshot")
    questions = write_lines(tmp_path / "questions.jsonl", FILMS_QUESTIONS)
    train(kb, questions, dev=questions, out=tmp_path / "model", config=Config.from_tables(QUICK))
    live.close()

    answer = QA.load(tmp_path / "model", graph=live).ask("Who directed Contact?")

    assert answer.entities[0].id == "zemeckis"
    assert answer.confirmation == "not checked"
    assert answer.note.startswith("Not checked: ")
