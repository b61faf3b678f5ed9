"""Made questions have one reading and the right answer, and are the same for the same seed."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from kgqa.kb import KnowledgeBase
from kgqa.synthesis.names import Mentions, RelationWords
from kgqa.synthesis.questions import SHARES, Made, make_questions
from kgqa.synthesis.wordings import Text, fill, read_wordings
from tests.worlds import snapshot_of, write_folder


@pytest.fixture(scope="module")
def made(cinema: KnowledgeBase) -> list[Made]:
    return list(make_questions(cinema, 600, seed=0))


def test_the_same_seed_makes_the_same_questions(cinema: KnowledgeBase, made: list[Made]) -> None:
    assert list(make_questions(cinema, 600, seed=0)) == made
    assert list(make_questions(cinema, 600, seed=1)) != made


def test_all_that_can_be_asked_is_asked(made: list[Made]) -> None:
    kinds = Counter(question.line["kind"].split()[0] for question in made)
    assert set(kinds) == set(SHARES)
    assert {question.line["kind"] for question in made} >= {"set one", "set two", "set both", "count one", "largest one"}
    assert len({question.line["question"] for question in made}) > 0.9 * len(made)


def test_mentions_stand_where_the_topics_say(made: list[Made]) -> None:
    for question in made:
        for topic in question.line["topics"]:
            start = topic["start"]
            assert question.line["question"][start : start + len(topic["mention"])] == topic["mention"]


def test_entities_of_dev_questions_are_asked_about_in_no_other(made: list[Made]) -> None:
    entities = {
        dev: {topic["entity"] for question in made if question.dev is dev for topic in question.line["topics"]}
        for dev in (False, True)
    }
    alone = {
        topic["entity"]
        for question in made
        if question.dev
        for topic in question.line["topics"]
        if len(question.line["topics"]) == 1
    }
    assert alone
    assert not alone & entities[False]


def test_extremes_and_counts_are_right(cinema: KnowledgeBase, made: list[Made]) -> None:
    """Those of "director of" can be checked from the names alone: person n directed the films n, n + 4 and n + 8."""
    checked = Counter[str]()
    for question in made:
        kind, text = question.line["kind"], question.line["question"]
        topics = question.line["topics"]
        if not kind.endswith("one") or not topics[0]["entity"].startswith("person") or "director" not in text:
            continue
        person = int(topics[0]["entity"].removeprefix("person"))
        films = [f"film{person}", f"film{person + 4}", f"film{person + 8}"]
        checked[kind] += 1
        if kind == "count one":
            assert question.line["value"] == len(films)
        elif kind == "set one":
            assert sorted(question.line["answers"]) == sorted(films)
        else:
            assert question.line["answers"] == [films[0] if kind == "smallest one" else films[-1]]
    assert checked.keys() == {"set one", "count one", "largest one", "smallest one"}


def test_values_are_those_of_the_entity_itself_or_of_the_one_that_is_reached(cinema: KnowledgeBase, made: list[Made]) -> None:
    names = [attribute.name for attribute in cinema.attributes]
    own = [question.line for question in made if question.line["kind"] == "value itself"]
    assert own
    assert any(question.line["kind"] == "value one" for question in made)
    for line in own:
        row = cinema.row(line["topics"][0]["entity"])
        assert row is not None
        (asked,) = [place for place, name in enumerate(names) if name in line["question"]]
        assert line["value"] == float(cinema.values[row, asked])


def test_a_name_of_two_entities_is_used_only_where_it_does_not_matter(cinema: KnowledgeBase, made: list[Made]) -> None:
    """One Tom Hanks wrote film 11, the other starred in films 0 and 1: nothing else is called "starring" of Tom Hanks."""
    about = [
        question.line for question in made if any(topic["mention"].lower() == "tom hanks" for topic in question.line["topics"])
    ]
    assert about
    for line in about:
        if line["kind"] == "set one":
            # "knows" leads from each of the two to the other, so nothing tells who is meant.
            assert "know" not in line["question"].lower().replace("do you know", "").replace("want to know", "")


def test_relations_that_go_both_ways_under_one_name_are_not_asked_for(cinema: KnowledgeBase) -> None:
    words = RelationWords(cinema)
    knows = [row for row in range(cinema.num_relations) if cinema.stored(row)[0].name == "knows"]
    random = np.random.default_rng(0)
    assert words.draw(knows[0], {knows[1]}, random, shorten=0.0) is None
    assert words.draw(knows[0], set(), random, shorten=0.0) == "knows"


def test_shortened_names_still_tell_a_relation_from_its_rivals(cinema: KnowledgeBase) -> None:
    words = RelationWords(cinema)
    number = {cinema.relation_name(row): row for row in range(cinema.num_relations)}
    random = np.random.default_rng(0)
    drawn = {words.draw(number["directed by"], {number["written by"]}, random, shorten=1.0) for _ in range(50)}
    assert drawn == {"directed by", "directed"}


def test_an_entity_is_called_by_each_of_its_names(cinema: KnowledgeBase) -> None:
    mentions, random = Mentions(cinema), np.random.default_rng(0)
    row = cinema.row("person3")
    assert row is not None
    assert {mentions.draw(row, random) for _ in range(50)} == {"Person 3", "p 3"}


def test_every_question_has_an_answer(made: list[Made]) -> None:
    assert all(question.line.get("value") or question.line.get("answers") for question in made)


def test_every_wording_has_the_slots_of_its_kind() -> None:
    wordings = read_wordings()
    slots = {
        "one": {"relation", "entity"},
        "two": {"relation", "inner"},
        "both": {"left", "right"},
        "shared": {"relation", "left", "right"},
    }
    frames = {
        asks: {"phrase"} | ({"attribute"} if asks in ("largest", "smallest", "value") else set()) for asks in wordings.frames
    }
    random = np.random.default_rng(0)
    for kinds, expected in ((wordings.phrases, slots), (wordings.frames, frames)):
        assert kinds.keys() == expected.keys()
        for kind, texts in kinds.items():
            for text in texts:
                filled = fill([text], {slot: Text(f"<{slot}>") for slot in expected[kind]}, random).text
                assert all(f"<{slot}>" in filled for slot in expected[kind])


def test_braces_in_a_name_are_left_alone() -> None:
    filled = fill(["Who is {phrase}?"], {"phrase": Text("{entity}", ((0, 8, 0),))}, np.random.default_rng(0))
    assert filled == Text("Who is {entity}?", ((7, 15, 0),))


def test_a_count_or_an_extreme_of_a_part_is_another_reading(tmp_path: Path) -> None:
    """One Tom Hanks made five films, another one of them."""
    entities = [
        *({"id": f"film{place}", "name": f"Film {place}", "attributes": {"released": 1990 + place}} for place in range(5)),
        *({"id": name, "name": "Tom Hanks"} for name in ("most", "one")),
        *({"id": f"person{place}", "name": f"Person {place}"} for place in range(8)),
    ]
    facts = [("most", "made", f"film{place}") for place in range(5)] + [("one", "made", "film2")]
    facts += [(f"person{place}", "made", f"film{film}") for place in range(8) for film in (place % 5, (place + 1) % 5)]
    kb = snapshot_of(write_folder(tmp_path / "data", entities=entities, facts=facts), tmp_path / "snapshot")
    made = [question.line for question in make_questions(kb, 600, seed=0)]
    of_hanks = [line for line in made if "made of Tom Hanks" in line["question"]]
    assert of_hanks
    assert all(line["kind"].startswith("set") for line in of_hanks)


def test_a_relation_is_not_said_as_an_attribute_is(tmp_path: Path) -> None:
    entities = [
        *({"id": f"land{place}", "name": f"Land {place}", "attributes": {"population": 1000 + place}} for place in range(9)),
        *({"id": f"figure{place}", "name": f"{1000 + place} people"} for place in range(9)),
    ]
    facts = [(f"land{place}", relation, f"figure{place}") for place in range(9) for relation in ("population", "people of")]
    kb = snapshot_of(write_folder(tmp_path / "data", entities=entities, facts=facts), tmp_path / "snapshot")
    made = [question.line for question in make_questions(kb, 400, seed=0)]
    sets = [line["question"] for line in made if line["kind"].startswith(("set", "count"))]
    assert any("people of" in question for question in sets)
    assert not any("population" in question for question in sets)
    assert any("value" in line and "population" in line["question"] for line in made)


def test_an_attribute_that_is_called_like_another_one_is_asked_for_where_only_one_is_there(tmp_path: Path) -> None:
    entities = [
        {
            "id": f"tower{place}",
            "name": f"Tower {place}",
            "attributes": {"Height": 100.0 + place} | ({"height": 10.0 + place} if place % 2 else {}),
        }
        for place in range(20)
    ]
    facts = [(f"tower{place}", "stands beside", f"tower{(place + 2) % 20}") for place in range(20)]
    kb = snapshot_of(write_folder(tmp_path / "data", entities=entities, facts=facts), tmp_path / "snapshot")
    made = [question.line for question in make_questions(kb, 2000, seed=0)]
    own = [line for line in made if line["kind"] == "value itself"]
    assert own
    assert {line["topics"][0]["entity"] for line in own} <= {f"tower{place}" for place in range(0, 20, 2)}
