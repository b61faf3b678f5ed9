import math
from dataclasses import replace
from pathlib import Path

import pytest

from kgqa.data import Question, Topic
from kgqa.errors import DataError, TrainingError
from kgqa.kb import KnowledgeBase
from kgqa.training.questions import check_answers, draw, gold_of, prepare
from tests.model.small import config, film_questions, untrained
from tests.worlds import snapshot_of, write_folder

HANKS = Question(id="t", text="Who is it?", answers=("hanks_actor",), topics=(Topic(entity="cast_away"),))
COUNT = Question(id="n1", text="How many films did Robert Zemeckis direct?", value=2.0)
NOTHING = Question(id="e", text="Who painted Cast Away?", answers=())
UNUSABLE = (
    Question(id="n2", text="How many films are there?", value=2.0),
    Question(id="u", text="Who directed Jaws?", answers=("zemeckis",)),
)


NO_NUMBER = "asks for a number that no count can be, and that nothing has to which its names lead"


def test_what_cannot_be_learned_is_left_out_and_counted_by_reason(kb: KnowledgeBase) -> None:
    examples = prepare(untrained(kb), [UNUSABLE[0], *film_questions(), UNUSABLE[1]], topics="resolved")
    assert [example.layout.text for example in examples.examples] == [question.text for question in film_questions()]
    assert dict(examples.left_out) == {
        "holds no name of an entity": 2,
    }
    assert len(examples) == 4


def test_a_question_that_no_path_answers_is_left_out(kb: KnowledgeBase) -> None:
    far = Question(id="f", text="Who wrote films by Tom Hanks, Contact?", answers=("shaking_earth",))
    near = untrained(kb, settings=config(hops=1))
    assert len(prepare(near, [far], topics="resolved")) == 1  # the other Tom Hanks wrote it
    contact = Question(id="c", text="Who starred in films by the director of Contact?", answers=("hanks_actor",))
    with pytest.raises(TrainingError, match="1 × no name in it leads to an answer within 2 hops"):
        prepare(untrained(kb), [contact], topics="resolved")
    assert len(prepare(untrained(kb, settings=config(hops=3)), [contact], topics="resolved")) == 1


def test_a_question_without_an_answer_is_shown_in_other_words_too_where_mentions_are_found(kb: KnowledgeBase) -> None:
    examples = prepare(untrained(kb), [NOTHING, *film_questions()], topics="resolved")
    assert len(examples.examples) == 5
    assert [example.layout.text for example in examples.reworded] == [examples[5].layout.text]
    assert len(examples) == 6
    given = replace(NOTHING, topics=(Topic(entity="cast_away"),))
    assert prepare(untrained(kb), [given], topics="given").reworded == []


def test_with_given_topics_a_question_needs_a_topic_that_is_an_entity_not_a_name(kb: KnowledgeBase) -> None:
    stranger = Question(id="s", text="Who directed Contact?", answers=("zemeckis",), topics=(Topic(entity="nobody"),))
    examples = prepare(untrained(kb), [HANKS, stranger, film_questions()[0]], topics="given")
    assert [example.layout.text for example in examples.examples] == ["Who is it?"]
    assert examples.examples[0].layout.branches[0].span.given
    assert dict(examples.left_out) == {"has no topic": 1, "has a topic that is no entity of the snapshot": 1}


def test_numbers_that_nothing_can_answer_are_left_out(kb: KnowledgeBase) -> None:
    text = "How many films did Robert Zemeckis direct?"
    asked = [Question(id=str(value), text=text, value=value) for value in (2.0, -1.0, 1.5, 1e6, 1e300)]
    examples = prepare(untrained(kb), asked, topics="resolved")
    assert [example.value for example in examples.examples] == [2.0]
    assert dict(examples.left_out) == {NO_NUMBER: 4}


def test_a_number_that_is_no_count_must_be_had_by_what_is_named_or_reached(tmp_path: Path) -> None:
    masses = {"sun": 1.989e30, "sol": 2.5, "earth": 1e9, "unnamed": 7.5}
    entities = [
        {"id": key, "name": None if key == "unnamed" else key.title(), "attributes": {"mass": mass}}
        for key, mass in masses.items()
    ]
    facts = [("earth", "orbits", "sun"), ("unnamed", "orbits", "sun")]
    folder = write_folder(tmp_path / "stars", entities=entities, facts=facts)
    kb = snapshot_of(folder, tmp_path / "snapshot")
    asked = [
        Question(id="own", text="How heavy is Sun?", value=1.989e30),
        Question(id="reached", text="How heavy is what Earth orbits?", value=1.989e30 * (1 + 1e-7)),
        Question(id="elsewhere", text="How heavy is Sol?", value=1.989e30),
        Question(id="unnamed", text="How heavy is what orbits Sun?", value=7.5),
        Question(id="whole", text="How many are Sol?", value=3),
    ]
    examples = prepare(untrained(kb), asked, topics="resolved")
    assert [example.value for example in examples.examples] == [asked[0].value, asked[1].value, 3]
    assert dict(examples.left_out) == {NO_NUMBER: 2}
    assert gold_of(examples, kb.num_entities).values.tolist() == [asked[0].value, asked[1].value, 3.0]


def test_a_question_whose_answers_all_have_no_name_is_left_out_and_others_keep_those_that_have(tmp_path: Path) -> None:
    entities = [{"id": "film", "name": "Cast Away"}, {"id": "role", "name": None}, {"id": "chuck", "name": "Chuck"}]
    facts = [("film", "has_role", "role"), ("film", "has_role", "chuck")]
    kb = snapshot_of(write_folder(tmp_path / "roles", entities=entities, facts=facts), tmp_path / "snapshot")
    text = "What roles are in Cast Away?"
    asked = [Question(id="none", text=text, answers=("role",)), Question(id="some", text=text, answers=("role", "chuck"))]
    examples = prepare(untrained(kb), asked, topics="resolved")
    assert [example.answers for example in examples.examples] == [(kb.row("chuck"),)]
    assert dict(examples.left_out) == {"has only answers without a name": 1}


def test_answers_are_rows_in_ascending_order(kb: KnowledgeBase) -> None:
    question = Question(id="q", text="What films did Robert Zemeckis direct?", answers=("contact", "cast_away"))
    examples = prepare(untrained(kb), [question, film_questions()[0]], topics="resolved").examples
    assert [example.answers for example in examples] == [(1, 2), (6,)]
    assert gold_of(examples, kb.num_entities).entities.tolist() == [1, 2, 7 + 6]


def test_what_is_right_is_entities_or_a_number_or_nothing(kb: KnowledgeBase) -> None:
    examples = prepare(untrained(kb), [NOTHING, film_questions()[0], COUNT], topics="resolved").examples
    gold = gold_of(examples, kb.num_entities)
    assert gold.nothing.tolist() == [True, False, False]
    assert [math.isnan(value) for value in gold.values.tolist()] == [True, True, False]
    assert gold.values[2].item() == 2.0
    assert gold.entities.tolist() == [7 + 6]


def test_nothing_to_learn_from_is_an_error_that_says_how_many_and_why(kb: KnowledgeBase) -> None:
    with pytest.raises(TrainingError) as error:
        prepare(untrained(kb), UNUSABLE, topics="resolved")
    for part in ("none among 2", "2 × holds no name"):
        assert part in str(error.value)


def test_drawing_depends_on_the_seed_alone_and_keeps_the_order() -> None:
    questions = [Question(id=f"{number:03}", text="?", answers=()) for number in range(100)]
    drawn = draw(questions, 30, 1)
    assert len(drawn) == len({question.id for question in drawn}) == 30
    assert drawn == sorted(drawn, key=lambda question: question.id)
    assert drawn == draw(questions, 30, 1)
    assert drawn != draw(questions, 30, 2)


@pytest.mark.parametrize("number", [None, 3, 4])
def test_all_questions_are_drawn_if_no_number_is_set_or_there_are_not_more(number: int | None) -> None:
    questions = [Question(id=str(place), text="?", answers=()) for place in range(3)]
    assert draw(questions, number, 0) == questions


def test_an_answer_that_is_no_entity_is_refused_with_its_question(kb: KnowledgeBase) -> None:
    check_answers([*film_questions(), *UNUSABLE], kb, Path("train.jsonl"))
    stranger = Question(id="q9", text="Who directed Jaws?", answers=("zemeckis", "spielberg"))
    with pytest.raises(DataError, match=r"train\.jsonl: .*'spielberg' in question 'q9'"):
        check_answers([*film_questions(), stranger], kb, Path("train.jsonl"))
