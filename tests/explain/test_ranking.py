import copy

import numpy as np
import pytest

from kgqa.explain.answer import Answer, RankedEntity
from kgqa.explain.ranking import Ranking
from kgqa.kb import KnowledgeBase
from tests.worlds import FILMS_ENTITIES, films, snapshot_of, write_folder


@pytest.fixture
def kb(tmp_path) -> KnowledgeBase:
    return films(tmp_path)


@pytest.fixture
def ranking(kb) -> Ranking:
    rows = np.array([kb.row("zemeckis"), kb.row("contact"), kb.row("broyles")])
    return Ranking(kb, rows, np.array([0.9, 0.5, 0.1]))


EXPECTED = (
    RankedEntity(id="zemeckis", name="Robert Zemeckis", score=0.9),
    RankedEntity(id="contact", name="Contact", score=0.5),
    RankedEntity(id="broyles", name="William Broyles Jr.", score=0.1),
)


def test_it_reads_like_a_tuple_of_entities(ranking):
    assert tuple(ranking) == EXPECTED
    assert (len(ranking), ranking[0], ranking[-1]) == (3, EXPECTED[0], EXPECTED[2])
    assert ranking[:2] == EXPECTED[:2]
    assert (*ranking[2:], *ranking[:0]) == EXPECTED[2:]
    assert ranking == EXPECTED
    assert ranking != EXPECTED[:2]
    assert ranking != "abc"
    assert {ranking: 1}[ranking[:]] == 1
    assert EXPECTED[1] in ranking
    with pytest.raises(IndexError):
        ranking[3]


def test_an_answer_with_it_becomes_plain_values_that_know_nothing_of_the_graph(ranking):
    answer = Answer(question="q", entities=ranking[:1], others=ranking[1:])
    assert answer.json()["entities"] == ({"id": "zemeckis", "name": "Robert Zemeckis", "score": 0.9},)
    assert [entity["id"] for entity in answer.json()["others"]] == ["contact", "broyles"]
    assert copy.deepcopy(ranking) == EXPECTED
    assert isinstance(copy.deepcopy(ranking), tuple)


def test_many_are_shown_as_a_few(tmp_path, ranking):
    assert repr(ranking) == repr(EXPECTED)
    entities = [*FILMS_ENTITIES, *({"id": f"n{number:02}"} for number in range(20))]
    many = snapshot_of(write_folder(tmp_path / "many", entities=entities), tmp_path / "many-snapshot")
    shown = repr(Ranking(many, np.arange(27), np.ones(27)))
    assert shown.endswith(", … and 17 more)")
    assert shown.count("RankedEntity") == 10
