"""Questions without an answer in further wordings."""

from kgqa.data import Question
from kgqa.kb import KnowledgeBase
from kgqa.text import tokenise
from kgqa.training.nothing import reworded

PAINTED = Question(id="p", text="Who painted Cast Away?", answers=())
OTHERS = [
    Question(id="d", text="Who directed Contact?", answers=("zemeckis",)),
    Question(id="n", text="How many films did Zemeckis direct?", value=2.0),
]


def test_a_question_without_an_answer_is_shown_once_more_with_another_word(kb: KnowledgeBase) -> None:
    words = {"who", "painted", "cast", "away", "directed", "how", "many", "films", "did", "direct"}  # no name is put in
    for seed in range(20):
        (again,) = reworded([PAINTED, *OTHERS], kb, seed=seed)
        before, after = ([token.key for token in tokenise(text)] for text in (PAINTED.text, again.text))
        assert again.answers == ()
        assert after[2:] == before[2:] == ["cast", "away"]  # a name stays
        assert sum(one != other for one, other in zip(before[:2], after[:2], strict=True)) <= 1
        assert set(after) <= words


def test_what_is_an_answered_question_in_other_words_is_not_shown_as_one_without_an_answer(kb: KnowledgeBase) -> None:
    answered = Question(id="a", text="Who directed Cast Away", answers=("zemeckis",))
    texts = [question.text for seed in range(50) for question in reworded([PAINTED, answered, *OTHERS], kb, seed=seed)]
    assert len(set(texts)) > 5
    assert "Who directed Cast Away?" not in texts
    assert "Who directed Cast Away?" in [
        question.text for seed in range(50) for question in reworded([PAINTED, *OTHERS], kb, seed=seed)
    ]


def test_the_words_depend_on_the_seed_alone(kb: KnowledgeBase) -> None:
    many = [Question(id=str(place), text=f"Who painted Cast Away {place}?", answers=()) for place in range(30)]
    texts = [[question.text for question in reworded([*many, *OTHERS], kb, seed=seed)] for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_questions_with_answers_or_numbers_are_left_as_they_are(kb: KnowledgeBase) -> None:
    assert reworded(OTHERS, kb, seed=0) == []


def test_a_question_of_nothing_but_names_stays_alone(kb: KnowledgeBase) -> None:
    assert reworded([Question(id="c", text="Contact, Cast Away", answers=()), *OTHERS], kb, seed=0) == []
