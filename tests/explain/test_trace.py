"""From a prediction to Cypher: what a query forbids follows the gates."""

import dataclasses

import pytest
import torch

from kgqa.data import Topic
from kgqa.explain.trace import trace
from kgqa.graph.mapping import Mapping, NodeMapping
from kgqa.model.confidence import Confidence
from kgqa.model.operators import Operator
from tests.model.small import config, statements, untrained, with_constraint, with_operator, with_plan
from tests.worlds import films, snapshot_of, write_folder


@pytest.fixture
def model(tmp_path):
    """From a film to its director, to the director's films, to their writers; no entity is gone back to."""
    along = [{"directed_by": 1.0}, {"-directed_by": 1.0}, {"written_by": 1.0}]
    model = with_plan(untrained(films(tmp_path), settings=config(hops=3)), along, hops=[0.0, 0.0, 1.0])
    planner = model.reasoner.planner
    planner.plan = dataclasses.replace(planner.plan, leave_last=torch.ones(1, 3))
    return model


def test_a_query_forbids_to_go_back_only_where_a_walk_could(model):
    (prediction,) = model.predict([model.lay_out("what Contact")])

    answer = trace(model, prediction, limit=5)

    assert [entity.id for entity in answer.entities] == ["broyles"]
    lines = answer.cypher.text.splitlines()
    assert lines[lines.index("MATCH (a1)<-[:DIRECTED_BY]-(a2:Entity)") + 1] == "WHERE a2 <> a0"
    assert "EXISTS" not in answer.cypher.text  # a writer is no director


@pytest.mark.parametrize(("other", "found", "forbidden"), [("abc", {"c"}, True), ("ab", {"a", "b"}, False)])
def test_a_query_leaves_out_all_that_the_first_hop_leads_to_but_not_its_own_answer(tmp_path, other, found, forbidden):
    """From a film with a and b to its cast, to their films, to the casts of these, but hardly to those of the first film."""
    entities = [{"id": key, "name": f"Name {key}"} for key in ("f1", "f2", "a", "b", "c")]
    facts = [(film, "starring", person) for film, cast in (("f1", "ab"), ("f2", other)) for person in cast]
    kb = snapshot_of(write_folder(tmp_path / "cast", entities=entities, facts=facts), tmp_path / "kb")
    along = [{"starring": 1.0}, {"-starring": 1.0}, {"starring": 1.0}]
    model = with_plan(untrained(kb, settings=config(hops=3)), along, hops=[0.0, 0.0, 1.0])
    leave = torch.tensor([[0.0, 0.0, 0.9]])
    model.reasoner.planner.plan = dataclasses.replace(model.reasoner.planner.plan, leave_last=leave)

    answer = asked(model, "who Name f1")

    assert {entity.id for entity in answer.entities} == found
    assert ("WHERE NOT EXISTS { MATCH (a0)-[:STARRING]->(answer) }" in answer.cypher.text) is forbidden


@pytest.fixture
def films_of(tmp_path):
    """From a director to the films."""
    return with_plan(untrained(films(tmp_path)), [{"-directed_by": 1.0}, {}], hops=[1.0, 0.0])


def asked(model, text="films Robert Zemeckis"):
    (prediction,) = model.predict([model.lay_out(text)])
    return trace(model, prediction, limit=5)


def test_what_answers_must_be_stands_in_the_answer_and_in_its_queries(films_of):
    answer = asked(with_constraint(films_of, "written_by"))

    assert ([entity.id for entity in answer.entities], answer.having) == (["cast_away"], "written by")
    exists = ["WITH DISTINCT answer", "WHERE EXISTS { (answer)-[:WRITTEN_BY]->(:Entity) }"]
    assert answer.cypher.text.splitlines()[-4:-2] == exists
    assert answer.proof.text.splitlines()[-4:-2] == exists
    counted = asked(with_operator(films_of, Operator.COUNT))
    assert (counted.value, counted.having) == (1.0, "written by")
    assert counted.cypher.text.splitlines()[-2] == f"WHERE answer.name <> '' AND {exists[1].removeprefix('WHERE ')}"
    free = asked(with_constraint(films_of, None))
    assert free.having is None
    assert "EXISTS" not in free.cypher.text


def test_what_the_path_itself_says_of_answers_is_not_said_twice(films_of):
    answer = asked(with_constraint(films_of, "directed_by"))

    assert ([entity.id for entity in answer.entities], answer.having) == (["cast_away", "contact"], None)
    assert "EXISTS" not in answer.cypher.text


def test_a_count_is_a_number_with_what_it_counts_and_the_cypher_that_counts(films_of):
    answer = asked(with_operator(films_of, Operator.COUNT))

    assert (answer.value, answer.operator, answer.abstains) == (2.0, "count", False)
    assert [entity.id for entity in answer.counted] == ["cast_away", "contact"]
    assert list(answer.entities) == []
    assert answer.cypher.text.splitlines()[-3:] == [
        "WITH DISTINCT answer",
        "WHERE answer.name <> ''",
        "RETURN count(answer) AS value",
    ]
    assert answer.cypher.parameters == {"start": "zemeckis"}
    assert answer.json()["counted"][0]["id"] == "cast_away"


@pytest.mark.parametrize(("operator", "film", "function"), [("LARGEST", "cast_away", "max"), ("SMALLEST", "contact", "min")])
def test_an_extreme_is_the_entity_with_the_cypher_that_finds_it(films_of, operator, film, function):
    answer = asked(with_operator(films_of, Operator[operator], attribute=0))

    assert [entity.id for entity in answer.entities] == [film]
    assert (answer.operator, answer.attribute) == (operator.lower(), "released")
    assert f"WITH collect(answer) AS answers, {function}(answer.released) AS value" in answer.cypher.text.splitlines()
    assert "answer.id = $answer" in answer.proof.text
    assert answer.proof.parameters == {"start": "zemeckis", "answer": film}


def test_the_value_of_what_is_mentioned_needs_no_path(films_of):
    answer = asked(with_operator(films_of, Operator.OWN_VALUE, attribute=0), "how old is Cast Away?")

    assert (answer.value, answer.operator, answer.attribute) == (2000.0, "value", "released")
    assert [(one.id, one.value) for one in answer.compared] == [("cast_away", 2000.0)]
    (mention,) = answer.mentions
    assert (mention.text, mention.entity.id, mention.entity.score) == ("Cast Away", "cast_away", 1.0)
    assert (answer.paths, answer.explained) == ((), 1.0)
    assert answer.cypher.text.splitlines()[0] == "MATCH (answer:Entity {id: $start})"
    assert answer.cypher.parameters == {"start": "cast_away", "limit": 5}


def test_the_value_of_a_namesake_is_told_of_that_one(tmp_path):
    entities = [{"id": name, "name": "Tower", "attributes": {"height": height}} for name, height in (("a", 5), ("b", 30))]
    kb = snapshot_of(write_folder(tmp_path / "towers", entities=entities, facts=[("a", "beside", "b")]), tmp_path / "kb")

    answer = asked(with_operator(untrained(kb), Operator.OWN_VALUE, attribute=0), "how tall is Tower?")

    (mention,) = answer.mentions
    (one,) = answer.compared
    assert mention.entity.id == one.id
    assert [candidate.score for candidate in mention.candidates] == [1.0, 0.0]


def test_the_value_of_what_is_reached_is_that_of_the_likeliest(films_of):
    answer = asked(with_operator(films_of, Operator.VALUE, attribute=0))

    assert (answer.value, answer.compared[0].id) == (2000.0, "cast_away")
    assert [path.relations for path in answer.paths] == [("directed by (inverse)",)]
    assert "answer.released AS value" in answer.cypher.text
    assert answer.confidence == pytest.approx(0.5)  # the other film is as likely


def test_nodes_without_a_name_are_left_out_by_the_query_where_there_are_some(films_of, tmp_path):
    assert "WHERE" not in asked(films_of).cypher.text
    model = with_plan(untrained(statements(tmp_path)), [{"has_role": 1.0}, {"played_by": 1.0}], hops=[0.0, 1.0])
    answer = asked(model, "who is in Cast Away?")
    assert [entity.id for entity in answer.entities] == ["hanks"]
    assert answer.cypher.text.splitlines()[-3] == "WHERE answer.name <> ''"


def test_answers_of_two_labels_are_all_asked_for(tmp_path):
    entities = [
        {"id": "Person:z", "name": "Robert Zemeckis"},
        {"id": "Person:p", "name": "Ann Bell"},
        *({"id": f"Company:{place}", "name": f"Company {place}"} for place in range(2)),
    ]
    facts = [("Person:z", "knows", other["id"]) for other in entities[1:]]
    kb = snapshot_of(write_folder(tmp_path / "known", entities=entities, facts=facts), tmp_path / "known-kb")
    kb.mapping = Mapping(
        nodes=tuple(NodeMapping(label=label, id=key, name=key) for label, key in (("Person", "pid"), ("Company", "cid")))
    )
    model = with_plan(untrained(kb), [{"knows": 1.0}, {}], hops=[1.0, 0.0])
    assert "(answer:Person|Company)" in asked(model).cypher.text
    assert len(asked(model).entities) == 3
    counted = asked(with_operator(model, Operator.COUNT))
    assert counted.value == 3
    assert "(answer:Person|Company)" in counted.cypher.text


def test_a_value_that_nothing_has_is_not_in_the_graph(films_of):
    answer = asked(with_operator(films_of, Operator.OWN_VALUE, attribute=0), "how old is Robert Zemeckis?")

    assert (answer.abstains, answer.value, answer.reason) == (True, None, "not in the graph")


def test_a_count_of_nothing_has_no_query(films_of):
    answer = asked(with_operator(films_of, Operator.COUNT), "films Contact")

    assert (answer.value, answer.cypher, answer.abstains) == (0.0, None, False)
    assert "no query" in answer.note


@pytest.mark.parametrize(
    ("text", "operator", "threshold", "reason"),
    [
        ("films?", Operator.SET, 0.0, "no mention"),
        ("films Contact", Operator.SET, 0.0, "no path"),
        ("films Robert Zemeckis", Operator.NOTHING, 0.0, "not in the graph"),
        ("films Robert Zemeckis", Operator.SET, 1.0, "low confidence"),
    ],
)
def test_an_abstention_says_why(films_of, text, operator, threshold, reason):
    model = dataclasses.replace(with_operator(films_of, operator), confidence=Confidence(threshold=threshold))

    answer = asked(model, text)

    assert answer.abstains
    assert answer.reason == reason
    assert answer.note.startswith("No answer: ")
    assert [entity.id for entity in answer.others] == (["cast_away", "contact"] if reason == "low confidence" else [])


def test_where_nothing_that_is_reached_is_what_answers_must_be_the_graph_does_not_hold_it(films_of):
    answer = asked(with_constraint(films_of, "-starring"))

    assert answer.abstains
    assert answer.reason == "not in the graph"


def test_a_mention_is_who_brought_the_answer_not_who_has_the_first_relation(tmp_path):
    """The scientist has the likelier first relation, but only films of the actor were written by anybody."""
    along = [{"-starring": 0.4, "-author": 0.6}, {"written_by": 1.0}]
    model = with_plan(untrained(films(tmp_path)), along, hops=[0.0, 1.0])

    answer = asked(model, "what Tom Hanks")

    (mention,) = answer.mentions
    assert [entity.id for entity in answer.entities] == ["broyles"]
    assert [(one.id, one.score) for one in mention.candidates] == [("hanks_actor", 1.0), ("hanks_scientist", 0.0)]
    assert answer.paths[0].start.id == mention.entity.id
    assert answer.cypher.parameters["start"] == "hanks_actor"


def test_the_paths_of_an_answer_say_how_much_they_explain(tmp_path):
    along = [{"directed_by": 0.5, "starring": 0.3, "written_by": 0.2}]
    model = with_plan(untrained(films(tmp_path), settings=config(hops=1)), along, hops=[1.0])

    answer = asked(model, "who Cast Away")

    assert [entity.id for entity in answer.entities] == ["zemeckis", "hanks_actor"]
    assert [path.relations for path in (*answer.paths, *answer.more_paths)] == [("directed by",)]
    assert answer.explained == pytest.approx(1.0)
    assert answer.mentions[0].weight == pytest.approx(0.5)


def test_each_of_several_mentions_says_how_far_it_reaches_the_answer(tmp_path):
    model = with_plan(untrained(films(tmp_path)), [{"directed_by": 0.75, "starring": 0.25}, {}], hops=[1.0, 0.0])
    topics = [Topic(entity="cast_away"), Topic(entity="contact")]
    (prediction,) = model.predict([model.lay_out("what", topics)])

    answer = trace(model, prediction, limit=5)

    reached = {mention.entity.id: mention.weight for mention in answer.mentions}
    assert reached == {"cast_away": pytest.approx(0.75), "contact": pytest.approx(1.0)}  # Contact stars nobody here
    assert answer.entities[0].score == pytest.approx(min(reached.values()), abs=1e-6)
    assert [answer.mentions[path.mention].entity.id for path in answer.paths] == [path.start.id for path in answer.paths]


def test_an_extreme_shows_its_value_and_the_runner_up(films_of):
    largest = asked(with_operator(films_of, Operator.LARGEST, attribute=0))
    smallest = asked(with_operator(films_of, Operator.SMALLEST, attribute=0))

    assert [(one.id, one.value) for one in largest.compared] == [("cast_away", 2000.0), ("contact", 1997.0)]
    assert [one.id for one in smallest.compared] == ["contact", "cast_away"]
    assert asked(with_operator(films_of, Operator.SET)).compared == ()
