import json

import pytest

from kgqa.data import Question, Topic, read_questions
from kgqa.data.questions import MAX_QUESTION_LENGTH, check_text
from kgqa.errors import DataError, QuestionError


def write(path, *lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def refusal(path) -> DataError:
    with pytest.raises(DataError) as caught:
        read_questions(path)
    return caught.value


def test_questions_are_read_with_answers_or_values(tmp_path):
    path = write(
        tmp_path / "train.jsonl",
        {"id": "q1", "question": "Who directed Contact?", "answers": ["zemeckis", "z", "zemeckis"], "kind": "1-hop"},
        {"question": "Who directed it?", "answers": []},
        {"id": "q3", "question": "How many?", "value": 3},
        {"id": "q4", "question": "How many?", "value": 0, "answers": None, "source": "unknown keys are left alone"},
    )
    assert read_questions(path) == [
        Question(id="q1", text="Who directed Contact?", answers=("zemeckis", "z"), kind="1-hop"),
        Question(id="line-2", text="Who directed it?", answers=()),
        Question(id="q3", text="How many?", value=3.0),
        Question(id="q4", text="How many?", value=0.0),
    ]


def test_topics_are_read_with_the_place_of_their_mention(tmp_path):
    topics = [
        {"entity": "a", "mention": "Cast Away", "start": 22},
        {"entity": "a", "mention": "Cast Away"},
        {"entity": "b"},
        {"entity": "c", "mention": None, "start": 4},
    ]
    path = write(tmp_path / "a.jsonl", {"question": "Who wrote Cast Away - Cast Away?", "answers": [], "topics": topics})
    assert read_questions(path)[0].topics == (
        Topic(entity="a", start=22, end=31),
        Topic(entity="a", start=10, end=19),
        Topic(entity="b"),
        Topic(entity="c"),
    )


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"answers": None}, "expected either answers or value, found 'neither'"),
        ({"value": 3}, "expected either answers or value, found 'both'"),
        ({"answers": "zemeckis"}, "expected answers to be a list of entity ids, found 'zemeckis'"),
        ({"answers": ["a", 3]}, "expected answers to be a list of entity ids"),
        ({"answers": None, "value": "3"}, "expected value to be a number, found '3'"),
        ({"answers": None, "value": True}, "expected value to be a number, found True"),
        ({"answers": None, "value": float("nan")}, "expected value to be a number, found nan"),
        ({"answers": None, "value": 10**400}, "expected value to be a number, found 1000"),
        ({"id": 7}, "expected an id that is text, found 7"),
        ({"id": "first"}, "expected every id once, found 'first' again"),
        ({"kind": 1}, "expected kind to be text, found 1"),
        ({"question": None}, "expected a question, found None"),
        ({"question": ["Who?"]}, "expected a question, found ['Who?']"),
        ({"question": " \n"}, "found an empty text"),
        ({"question": "x" * 100_000}, "at most 2,000 characters, found 100,000"),
        ({"topics": "a"}, "expected topics to be a list, found 'a'"),
        ({"topics": ["a"]}, "expected each topic to be"),
        ({"topics": [{"mention": "Contact"}]}, "expected each topic to be"),
        ({"topics": [{"entity": 3}]}, "expected each topic to be"),
        (
            {"topics": [{"entity": "a", "mention": "Contact", "start": 12}]},
            "expected the mention 'Contact' to stand at character 12",
        ),
        ({"topics": [{"entity": "a", "mention": "Contact", "start": -8}]}, "to stand at character -8"),
        ({"topics": [{"entity": "a", "mention": "contact"}]}, "to stand at character -1"),
        ({"topics": [{"entity": "a", "mention": "?x", "start": 20}]}, "to stand at character 20"),
    ],
)
def test_a_question_that_is_wrong_is_refused_with_its_line(tmp_path, change, text):
    good = {"question": "Who directed Contact?", "answers": ["z"]}
    error = refusal(write(tmp_path / "q.jsonl", {**good, "id": "first"}, {**good, "id": "q", **change}))
    assert (error.path, error.line) == (str(tmp_path / "q.jsonl"), 2)
    assert text in str(error)
    assert len(str(error)) < 1000


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "q.jsonl").write_text("\n", encoding="utf-8")
    assert "expected at least one question, found an empty file" in str(refusal(tmp_path / "q.jsonl"))


def test_a_missing_file_is_named(tmp_path):
    assert refusal(tmp_path / "q.jsonl").path == str(tmp_path / "q.jsonl")


def test_a_question_of_the_greatest_length_is_allowed():
    text = "x" * MAX_QUESTION_LENGTH
    assert check_text(text) == text


def test_a_question_is_returned_as_it_was_given():
    text = "  Wer führte bei “\\u0060`'\"” Regie? מי 👍 "
    assert check_text(text) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "expected a question as text, found NoneType"),
        (b"Who?", "found bytes"),
        ("", "found an empty text"),
        ("\u2003\t\n", "found an empty text"),
        ("x" * 100_000, "at most 2,000 characters, found 100,000"),
        ("Who \ud83d?", "half of a surrogate pair"),
    ],
    ids=["none", "bytes", "empty", "blank", "long", "half"],
)
def test_what_cannot_be_asked_is_refused(text, message):
    with pytest.raises(QuestionError, match=message):
        check_text(text)
