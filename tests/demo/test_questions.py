from collections import Counter

import pytest

from kgqa.data import EntityRecord
from kgqa.demo import DEMO_QUESTIONS
from kgqa.demo.graph import Graph, read_graph
from kgqa.demo.questions import (
    MAX_ANSWERS,
    PER_KIND,
    answers_of,
    has_one_reading,
    instances,
    is_held_out,
    largest,
    make_questions,
)
from kgqa.demo.templates import Kind, fill, read_templates
from kgqa.text import tokenise

GRAPH = read_graph()
TEMPLATES = read_templates()
KINDS = {kind.name: kind for kind in TEMPLATES.kinds}

SMALL = Graph.of(
    [
        EntityRecord(id="big", name="Big"),
        EntityRecord(id="tall", name="Tall", attributes={"height": 3}),
        EntityRecord(id="taller", name="Taller", attributes={"height": 5}),
        EntityRecord(id="as-tall", name="As Tall", attributes={"height": 5}),
        EntityRecord(id="paris", name="Paris"),
        EntityRecord(id="paris-texas", name="Paris, Texas", aliases=("Paris",)),
        EntityRecord(id="france", name="France"),
        EntityRecord(id="usa", name="USA"),
    ],
    [],
    [
        ("big", "in", "paris"),
        ("tall", "in", "paris"),
        ("taller", "in", "paris"),
        ("paris", "country", "france"),
        ("paris-texas", "country", "usa"),
    ],
)


@pytest.fixture(scope="module")
def questions():
    files = {"train": [], "dev": []}
    for file, question in make_questions(GRAPH, TEMPLATES):
        files[file].append(question)
    return files


def kind(**topics):
    return Kind(
        name="test",
        asks="set",
        topics={slot: tuple(path) for slot, path in topics.items()},
        leave_start=False,
        attribute=None,
        train=(),
        dev=(),
    )


@pytest.mark.parametrize(
    ("name", "topics", "expected"),
    [
        ("director of a film", {"film": "casablanca-film"}, {"michael-curtiz"}),
        ("writers of a film", {"film": "the-godfather-film"}, {"mario-puzo", "francis-ford-coppola"}),
        ("films of a director", {"director": "steve-mcqueen-director"}, {"12-years-a-slave", "shame"}),
        ("films with an actor", {"actor": "steve-mcqueen-actor"}, {"the-great-escape", "the-magnificent-seven"}),
        ("other films of the director of a film", {"film": "shame"}, {"12-years-a-slave"}),
        ("co-stars", {"actor": "hayden-christensen"}, {"ewan-mcgregor", "natalie-portman", "samuel-l-jackson"}),
        ("films with two actors", {"actor": "tom-hanks-actor", "other": "leonardo-dicaprio"}, {"catch-me-if-you-can"}),
        ("character of an actor in a film", {"actor": "robert-de-niro", "film": "the-godfather-series"}, {"vito-corleone"}),
        ("character of an actor in a film", {"actor": "michael-biehn", "film": "alien-series"}, {"dwayne-hicks"}),
        ("city of a work", {"work": "the-night-watch"}, {"amsterdam"}),
        ("country of a work", {"work": "the-night-watch"}, {"netherlands"}),
        (
            "works of an artist in a museum",
            {"artist": "johannes-vermeer", "museum": "mauritshuis"},
            {"girl-with-a-pearl-earring-painting"},
        ),
        ("buildings of an architect", {"architect": "antoni-gaudi"}, {"sagrada-familia", "casa-mila"}),
        ("country of a building", {"building": "taj-mahal"}, {"india"}),
        ("capital of a country", {"country": "australia-country"}, {"canberra"}),
    ],
)
def test_answers_written_out_by_hand(name, topics, expected):
    assert answers_of(GRAPH, KINDS[name], topics) == expected


def test_every_answer_is_what_the_topics_lead_to(questions):
    for question in questions["train"] + questions["dev"]:
        topics = [topic["entity"] for topic in question["topics"]]
        asked = KINDS[question["kind"]]
        paths = dict(zip(slots_in_order(asked, question), topics, strict=True))
        reached = answers_of(GRAPH, asked, paths)
        assert 0 < len(reached) <= MAX_ANSWERS
        if asked.asks == "count":
            assert question["value"] == len(reached)
        elif asked.asks == "no_answer":
            assert question["answers"] == []
        elif asked.asks == "value":
            (entity,) = topics
            assert question["value"] == GRAPH.entities[entity].attributes[asked.attribute]
        elif asked.attribute is not None:
            assert question["answers"] == largest(GRAPH, reached, asked.attribute)
        else:
            assert set(question["answers"]) == reached


def slots_in_order(asked, question):
    """Return the slots in the order in which their mentions stand in the text."""
    for wording in asked.train + asked.dev:
        slots = sorted(asked.topics, key=lambda slot, wording=wording: wording.index(f"{{{slot}}}"))
        mentions = {slot: topic["mention"] for slot, topic in zip(slots, question["topics"], strict=True)}
        entities = {slot: topic["entity"] for slot, topic in zip(slots, question["topics"], strict=True)}
        articles = {slot: "the " for slot in slots if mentions[slot] in TEMPLATES.articles.get(entities[slot], ())}
        if fill(wording, mentions, articles)[0] == question["question"]:
            return slots
    raise AssertionError(f"no wording gives {question['question']!r}")


def test_mentions_stand_where_the_topics_say(questions):
    for file in questions.values():
        for question in file:
            for topic in question["topics"]:
                end = topic["start"] + len(topic["mention"])
                assert question["question"][topic["start"] : end] == topic["mention"]
                assert topic["entity"] in GRAPH.candidates(topic["mention"])


def test_wordings_and_topics_of_dev_are_not_in_train(questions):
    assert [name for name, asked in KINDS.items() if set(asked.train) & set(asked.dev)] == []
    asked = {topic["entity"] for question in questions["train"] for topic in question["topics"]}
    assert not any(is_held_out(entity, TEMPLATES) for entity in asked)
    for question in questions["dev"]:
        assert any(topic["entity"] not in asked for topic in question["topics"]), question["question"]


def test_no_question_of_the_demo_and_nothing_it_names_is_in_train(questions):
    texts = {question["question"] for question in questions["train"]}
    assert not texts & {question.text for question in DEMO_QUESTIONS}
    asked = {topic["entity"] for question in questions["train"] for topic in question["topics"]}
    assert not asked & {"mona-lisa-painting", "tom-hanks-actor", "natalie-portman", "star-wars-film", "star-wars-series"}


def test_there_are_enough_questions_of_every_kind_and_none_twice(questions):
    assert 3000 <= len(questions["train"]) <= 6000
    assert 400 <= len(questions["dev"]) <= 900
    for file in ("train", "dev"):
        counts = Counter(question["kind"] for question in questions[file])
        assert set(counts) == set(KINDS)
        assert all(count <= PER_KIND[file] * len(KINDS[name].topics) ** 2 for name, count in counts.items())
        assert counts["director of a film"] == PER_KIND[file]
        assert len({question["question"] for question in questions[file]}) == len(questions[file])
    ids = [question["id"] for file in questions.values() for question in file]
    assert len(set(ids)) == len(ids)


def test_training_asks_by_names_that_may_mean_several_entities(questions):
    ambiguous = [
        question
        for question in questions["train"]
        if any(len(GRAPH.candidates(topic["mention"])) > 1 for topic in question["topics"])
    ]
    assert len(ambiguous) > 300


def test_no_wording_holds_the_name_of_an_entity():
    for asked in TEMPLATES.kinds:
        for wording in asked.train + asked.dev:
            for part in fill(wording, dict.fromkeys(asked.topics, "|"), {})[0].split("|"):
                words = [token.key for token in tokenise(part)]
                runs = {" ".join(words[first:last]) for first in range(len(words)) for last in range(first + 1, len(words) + 1)}
                assert not runs & set(GRAPH.named), wording


def test_templates_name_only_what_there_is():
    relations = {relation.id for relation in GRAPH.relations}
    for asked in TEMPLATES.kinds:
        assert {relation.removeprefix("~") for path in asked.topics.values() for relation in path} <= relations
    assert TEMPLATES.held_out <= set(GRAPH.entities)
    for entity, names in TEMPLATES.articles.items():
        assert all(entity in GRAPH.candidates(name) for name in names), entity


def test_a_mention_whose_other_entity_leads_elsewhere_has_no_single_reading():
    country = kind(city=["country"])
    assert not has_one_reading(SMALL, country, {"city": "Paris"}, frozenset({"france"}))
    assert has_one_reading(SMALL, country, {"city": "Paris, Texas"}, frozenset({"usa"}))


def test_a_mention_whose_other_entity_leads_nowhere_has_a_single_reading():
    assert has_one_reading(SMALL, kind(city=["~in"]), {"city": "Paris"}, frozenset({"big", "tall", "taller"}))


def test_two_topics_are_asked_together_only_where_both_are_needed():
    both = kind(city=["~in"], country=["~country", "~in"])
    assert instances(SMALL, both) == []
    needed = [
        (instance.topics["actor"], instance.topics["film"])
        for instance in instances(GRAPH, KINDS["character of an actor in a film"])
    ]
    assert ("natalie-portman", "star-wars-series") in needed
    assert ("jodie-foster", "the-silence-of-the-lambs-film") not in needed


def test_the_largest_leaves_out_what_has_no_value_and_keeps_ties():
    everything = frozenset(SMALL.entities)
    assert largest(SMALL, everything, "height") == ["as-tall", "taller"]
    assert largest(SMALL, frozenset({"big"}), "height") == []


def test_filling_a_wording_tells_where_the_mentions_start():
    text, starts = fill("Which works of {artist} are in {museum}?", {"artist": "Goya", "museum": "Prado"}, {"museum": "the "})
    assert text == "Which works of Goya are in the Prado?"
    assert starts == {"artist": 15, "museum": 31}
