"""Names of relations tell people and places, and questions ask "who" and "where" of what these words fit."""

import re
from pathlib import Path

import pytest

from kgqa.kb import KnowledgeBase
from kgqa.synthesis.kinds import Kinds
from kgqa.synthesis.questions import make_questions
from kgqa.synthesis.walks import Walker
from kgqa.synthesis.wordings import read_wordings
from tests.worlds import snapshot_of, write_folder

NUMBERS = range(8)
FACTS = (
    *((f"person{place}", "place of birth", f"city{place}") for place in NUMBERS),
    *((f"person{place}", "marriage with", f"person{place + 4}") for place in range(4)),
    *((f"person{place}", "marriage rite", f"rite{place % 3}") for place in NUMBERS),
    *((f"film{place}", "made", f"person{place}") for place in NUMBERS),
    *((f"film{place}", "colour", f"rite{place % 3}") for place in NUMBERS),
)


@pytest.fixture(scope="module")
def weddings(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    """People who were born somewhere and married someone in some rite; films, of which nothing tells what they are."""
    folder = tmp_path_factory.mktemp("weddings")
    entities = [
        {"id": f"{kind}{place}", "name": f"{kind.title()} {place}"}
        for kind, numbers in {"person": NUMBERS, "city": NUMBERS, "film": NUMBERS, "rite": range(3)}.items()
        for place in numbers
    ]
    return snapshot_of(write_folder(folder / "data", entities=entities, facts=FACTS), folder / "snapshot")


def kinds_of(kb: KnowledgeBase) -> Kinds:
    return Kinds(kb, Walker(kb), read_wordings().kinds)


def rows(kb: KnowledgeBase, *ids: str) -> list[int]:
    found = [kb.row(entity) for entity in ids]
    assert None not in found
    return [row for row in found if row is not None]


def test_people_and_places_are_told_by_the_relations_that_they_take_part_in(weddings: KnowledgeBase) -> None:
    kinds = kinds_of(weddings)
    assert kinds.known
    assert kinds.fitting(rows(weddings, "person0", "person1")) == "who"
    assert kinds.fitting(rows(weddings, "city0")) == "where"
    assert kinds.fitting(rows(weddings, "film0", "rite0")) is None
    assert kinds.fitting(rows(weddings, "person0", "city0")) is None


def test_the_names_of_inverses_tell_too(tmp_path: Path) -> None:
    entities = [{"id": name, "name": name} for name in ("x", "y", "z")]
    relations = [{"id": "r", "name": "did", "inverse_name": "done by"}, {"id": "s", "name": "did"}]
    data = write_folder(tmp_path / "data", entities=entities, facts=[("x", "r", "y"), ("z", "s", "y")], relations=relations)
    kb = snapshot_of(data, tmp_path / "snapshot")
    kinds = kinds_of(kb)
    assert [kinds.fitting(rows(kb, name)) for name in ("x", "y", "z")] == ["who", None, None]


def test_a_question_word_tells_relations_apart_by_what_they_lead_to(weddings: KnowledgeBase) -> None:
    others = {weddings.relation_name(relation) for relation in kinds_of(weddings).others("who")}
    assert others == {"place of birth", "marriage rite", "colour", "colour (inverse)", "made (inverse)"}


def test_question_words_are_used_of_what_they_fit(weddings: KnowledgeBase) -> None:
    """ "Who marriage of Person 1?" asks for the other person; without "who", "marriage" alone may be the rite."""
    asked = [made.line for made in make_questions(weddings, 1500, seed=0) if made.line["kind"] == "set one"]
    by_word = {word: [line for line in asked if line["question"].startswith(word)] for word in ("Who", "Where")}
    assert {answer.rstrip("0123456789") for line in by_word["Who"] for answer in line["answers"]} == {"person"}
    assert {answer.rstrip("0123456789") for line in by_word["Where"] for answer in line["answers"]} == {"city"}
    of_people = [line for line in asked if line["topics"][0]["entity"].startswith("person")]
    short = [line for line in of_people if "marriage" in line["question"] and not re.search("with|rite", line["question"])]
    assert short
    assert all(line in by_word["Who"] for line in short)


def test_where_nothing_tells_every_question_word_is_used(tmp_path: Path) -> None:
    entities = [{"id": f"{kind}{place}", "name": f"{kind} {place}"} for kind in ("cup", "shelf") for place in range(20)]
    facts = [(f"cup{place}", "beside", f"shelf{place}") for place in range(20)]
    kb = snapshot_of(write_folder(tmp_path / "data", entities=entities, facts=facts), tmp_path / "snapshot")
    assert not kinds_of(kb).known
    first = {made.line["question"].split()[0] for made in make_questions(kb, 200, seed=0)}
    assert {"Who", "Where", "What"} <= first


def test_thousands_of_relations_are_told_apart(tmp_path: Path) -> None:
    """Their rows take two bytes, and times the kinds more."""
    relations = 6_000
    facts = [(f"a{number % 50}", f"relation {number}", f"b{number % 40}") for number in range(relations)]
    entities = [{"id": f"{kind}{number}", "name": f"{kind} {number}"} for kind in "ab" for number in range(50)]
    kb = snapshot_of(write_folder(tmp_path / "data", entities=entities, facts=facts), tmp_path / "snapshot")
    kinds = Kinds(kb, Walker(kb), read_wordings().kinds)
    assert kb.num_relations == 2 * relations
    assert not kinds.known


def test_a_vote_counts_once_however_many_facts_a_relation_has(tmp_path: Path) -> None:
    """X leads many, who are employees for it; two relations say that it is a place."""
    entities = [{"id": f"e{place}", "name": f"E {place}"} for place in range(9)]
    facts = [(f"e{place}", "leader", "e0") for place in range(1, 9)] + [("e1", "city", "e0"), ("e0", "capital", "e2")]
    kb = snapshot_of(write_folder(tmp_path / "data", entities=entities, facts=facts), tmp_path / "snapshot")
    assert kinds_of(kb).fitting(rows(kb, "e0")) == "where"
