"""Questions in, measures out, on a model whose plan is set by hand: it answers with the director of whatever is named."""

from dataclasses import replace

import pytest

from kgqa.data import Question, Topic
from kgqa.evaluation.report import evaluate, given, latencies, per_question
from kgqa.kb import KnowledgeBase
from kgqa.model.operators import Operator
from kgqa.model.prediction import Model
from tests.model.small import untrained, with_operator, with_plan

IN_THE_TEXT = Topic(entity="contact", start=13, end=20)
QUESTIONS = [
    Question(id="1", text="Who directed Contact?", answers=("zemeckis",), kind="director", topics=(IN_THE_TEXT,)),
    Question(id="2", text="What is love?", answers=(), kind="none"),
    Question(id="3", text="Who wrote Cast Away?", answers=("broyles",), kind="writer", topics=(Topic(entity="cast_away"),)),
    Question(id="4", text="Who directed it?", answers=("zemeckis",), kind="director", topics=(Topic(entity="cast_away"),)),
    Question(id="5", text="How many persons directed Contact?", value=1.0),
    Question(id="6", text="Who directed Cast Away?", answers=("zemeckis", "contact"), kind="director"),
]


@pytest.fixture
def model(kb: KnowledgeBase) -> Model:
    return with_plan(untrained(kb), [{"directed_by": 0.75, "starring": 0.25}, {}], [1.0, 0.0])


def test_questions_are_answered_from_the_text_and_scored_each_with_its_own_prediction(model: Model) -> None:
    evaluation = evaluate(model, QUESTIONS)
    assert [item.question.id for item in evaluation.scores] == ["1", "2", "3", "4", "5", "6"]
    assert [item.correct for item in evaluation.scores] == [True, True, False, False, False, True]
    assert [list(item.given.ranked) for item in evaluation.scores] == [
        ["zemeckis"],
        [],
        ["zemeckis", "hanks_actor"],
        [],
        ["zemeckis"],
        ["zemeckis", "hanks_actor"],
    ]
    assert [prediction.layout.text for prediction in evaluation.predictions] == [question.text for question in QUESTIONS]


def test_the_summary_holds_the_measures_of_all_and_of_each_kind(model: Model) -> None:
    summary = evaluate(model, QUESTIONS).summary()
    assert summary["questions"] == 6
    assert summary["correct"] == pytest.approx(3 / 6)
    assert summary["hits@1"] == pytest.approx(2 / 4)
    assert summary["f1"] == pytest.approx((1 + 0 + 0 + 2 / 3) / 4)
    assert summary["exact_values"] == 0.0
    assert (summary["abstained"], summary["abstained_rightly"]) == (2, 1)
    assert {kind: part["correct"] for kind, part in summary["by_kind"].items()} == {
        "director": pytest.approx(2 / 3),
        "none": 1.0,
        "writer": 0.0,
    }


def test_given_topics_take_the_place_of_the_names_in_the_text(model: Model) -> None:
    evaluation = evaluate(model, QUESTIONS, topics="given")
    # Question 4 names nothing but has a topic; question 6 names a film but has none.
    assert [item.correct for item in evaluation.scores] == [True, True, False, True, False, False]
    assert [item.given.abstains for item in evaluation.scores] == [False, True, False, False, True, True]


def test_more_questions_than_a_batch_holds_are_scored_in_their_order_and_progress_is_told(model: Model) -> None:
    told: list[tuple[str, int, int | None]] = []
    many = QUESTIONS * 12
    evaluation = evaluate(model, many, progress=lambda stage, done, total: told.append((stage, done, total)))
    assert [item.question for item in evaluation.scores] == many
    assert [item.correct for item in evaluation.scores] == [True, True, False, False, False, True] * 12
    assert told == [("questions", 64, 72), ("questions", 72, 72)]
    assert len(evaluation.predictions) == 72


def test_latencies_are_milliseconds_of_the_median_and_of_the_slow_questions(model: Model) -> None:
    measured = latencies(model, QUESTIONS)
    assert list(measured) == ["p50", "p95"]
    assert 0.0 < measured["p50"] <= measured["p95"]


def test_every_question_has_a_line_that_says_what_was_answered_and_why(model: Model) -> None:
    with pytest.raises(ValueError, match="keep=True"):
        list(per_question(model, evaluate(model, QUESTIONS)))
    lines = list(per_question(model, evaluate(model, QUESTIONS, keep=True)))
    assert lines[0] == {
        "id": "1",
        "question": "Who directed Contact?",
        "kind": "director",
        "correct": True,
        "answers": [{"id": "zemeckis", "score": 1.0}],
        "value": None,
        "others": [],
        "reason": None,
        "gold": ["zemeckis"],
        "mentions": [{"text": "Contact", "start": 13, "entity": "contact", "score": 1.0}],
        "path": [{"start": "contact", "relations": ["directed by"]}],
        "confidence": 0.999999,
    }
    silent = lines[1]
    assert (silent["correct"], silent["answers"], silent["gold"], silent["confidence"]) == (True, [], [], 0.0)
    assert (silent["mentions"], silent["path"]) == ([], [])
    assert lines[4]["gold"] == 1.0
    assert [answer["id"] for answer in lines[5]["answers"]] == ["zemeckis"]
    assert [other["id"] for other in lines[5]["others"]] == ["hanks_actor"]
    assert lines[5]["gold"] == ["zemeckis", "contact"]


def test_guesses_that_are_held_back_are_no_answers_and_numbers_are_told(model: Model) -> None:
    unsure = replace(model, confidence=replace(model.confidence, threshold=1.0))
    (line,) = per_question(unsure, evaluate(unsure, QUESTIONS[:1], keep=True))
    assert (line["correct"], line["answers"], line["reason"]) == (False, [], "low confidence")
    assert [other["id"] for other in line["others"]] == ["zemeckis"]
    with_operator(model, Operator.COUNT)
    (line,) = per_question(model, evaluate(model, QUESTIONS[:1], keep=True))
    assert (line["value"], line["answers"], line["reason"]) == (1.0, [], None)


def test_what_is_not_kept_of_an_evaluation_changes_no_measure(model: Model) -> None:
    sure, unsure = model.confidence, replace(model.confidence, threshold=1.0)
    whole, brief = (evaluate(replace(model, confidence=unsure), QUESTIONS, keep=keep) for keep in (True, False))
    assert all(prediction.reasoning is None for prediction in brief.predictions)
    assert brief.summary() == whole.summary()
    assert brief.judged(model, sure).summary() == whole.judged(model, sure).summary() == evaluate(model, QUESTIONS).summary()


def test_a_prediction_is_given_to_the_scorer_as_ids_with_the_answer_set(model: Model) -> None:
    (prediction,) = model.predict([model.lay_out("Who directed Cast Away?")])
    answer = given(model, prediction)
    assert list(answer.ranked) == ["zemeckis", "hanks_actor"]
    assert answer.returned == {"zemeckis"}
    assert answer.value is None
