"""What is selected stands for all wordings, frequent ones first, and each text once."""

import pytest

from kgqa.errors import ConfigError, QuestionError
from kgqa.kb import KnowledgeBase
from kgqa.selection import select as module
from kgqa.selection.select import select
from tests.worlds import films

ASKED = [
    "Who directed Contact?",
    "Who directed Cast Away?",
    "who directed The Shaking Earth",
    "Who directed Contact?",
    "When was Contact released?",
    "When was Cast Away released?",
    "Films starring Tom Hanks",
]


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    return films(tmp_path_factory.mktemp("films"))


def test_wordings_come_by_how_many_questions_they_stand_for(kb: KnowledgeBase) -> None:
    selection = select(kb, ASKED, 2)
    assert selection.places == (0, 4)
    assert (selection.wordings, selection.compared, selection.covered) == (3, 3, 6)


def test_then_other_texts_of_the_same_wordings_follow_each_text_once(kb: KnowledgeBase) -> None:
    assert select(kb, ASKED, 5).places == (0, 4, 6, 1, 5)
    assert select(kb, ASKED, 100).places == (0, 4, 6, 1, 5, 2)
    assert select(kb, ASKED, 100).covered == 7
    assert select(kb, [], 3).places == ()


def test_the_most_frequent_wordings_are_compared(kb: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    selection = select(kb, ASKED, 2)
    assert (selection.wordings, selection.compared) == (3, 2)
    assert {ASKED[place] for place in selection.places} == {"Who directed Contact?", "When was Contact released?"}


@pytest.mark.parametrize("number", [0, -1, 5001])
def test_a_number_that_cannot_be_selected_is_refused(kb: KnowledgeBase, number: int) -> None:
    with pytest.raises(ConfigError, match=r"expected a number of questions from 1 to 5,000, found .*\. Choose another\."):
        select(kb, ASKED, number)


def test_what_cannot_be_asked_is_refused(kb: KnowledgeBase) -> None:
    with pytest.raises(QuestionError, match="found an empty text"):
        select(kb, ["Who directed Contact?", " "], 1)
