"""What people said of answers, and what can be trained on of it."""

import pytest

from kgqa.errors import RegistryError
from kgqa.registry.training_questions import as_questions
from tests.registry.examples import FINGERPRINT, open_in

ZEMECKIS = {"answers": ["zemeckis"]}


def said(registry, question, verdict, *, answer=ZEMECKIS, correction=None, snapshot=FINGERPRINT):
    return registry.record_feedback(
        question=question, answer=answer, model="model", snapshot=snapshot, verdict=verdict, correction=correction
    )


def test_feedback_is_returned_as_it_was_recorded_the_oldest_first(tmp_path):
    with open_in(tmp_path) as registry:
        first = said(registry, "Who directed Contact?", "right")
        second = said(registry, "מי? 🎬", "wrong", correction={"value": 3.0})
        records = registry.feedback()
    assert [record.id for record in records] == [first, second]
    assert (records[0].question, records[0].answer, records[0].correction) == ("Who directed Contact?", ZEMECKIS, None)
    assert (records[1].question, records[1].verdict, records[1].correction) == ("מי? 🎬", "wrong", {"value": 3.0})
    assert records[0].snapshot == FINGERPRINT


def test_what_was_confirmed_or_corrected_becomes_questions_and_the_last_word_counts(tmp_path):
    with open_in(tmp_path) as registry:
        said(registry, "a", "right")
        said(registry, "b", "wrong", correction={"answers": []})
        said(registry, "c", "wrong")
        said(registry, "d", "right", answer={"value": 2.0})
        said(registry, "a", "wrong", correction={"answers": ["hanks_actor"]})
        exported = as_questions(registry.feedback())
    assert exported.lines == [
        {"id": "feedback-2", "question": "b", "answers": []},
        {"id": "feedback-4", "question": "d", "value": 2.0},
        {"id": "feedback-5", "question": "a", "answers": ["hanks_actor"]},
    ]
    assert exported.unknown == 1


def test_another_answer_that_is_wrong_takes_back_nothing_but_a_contradiction_does(tmp_path):
    with open_in(tmp_path) as registry:
        said(registry, "a", "wrong", correction={"answers": ["b", "c"]})
        said(registry, "a", "wrong", answer={"answers": ["d"]})
        said(registry, "e", "right", answer={"answers": ["b", "c"]})
        said(registry, "e", "wrong", answer={"answers": ["c", "b"]})
        said(registry, "f", "right", answer={"value": 2.0})
        said(registry, "f", "wrong", answer={"value": 3.0})
        exported = as_questions(registry.feedback())
    assert [(line["id"], line["question"]) for line in exported.lines] == [("feedback-1", "a"), ("feedback-5", "f")]
    assert exported.unknown == 1


def test_feedback_on_another_snapshot_can_be_left_out(tmp_path):
    with open_in(tmp_path) as registry:
        said(registry, "a", "right")
        said(registry, "b", "right", snapshot="e" * 64)
        assert [line["question"] for line in as_questions(registry.feedback(), snapshot="eee").lines] == ["b"]


def test_an_unknown_verdict_is_refused(tmp_path):
    with open_in(tmp_path) as registry:
        with pytest.raises(RegistryError):
            said(registry, "a", "maybe")
        assert registry.feedback() == []
