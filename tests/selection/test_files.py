"""What was asked is read as text or as JSON lines, and written for answers to be added; nothing is written over."""

import json
from pathlib import Path

import pytest

from kgqa.data.questions import read_questions
from kgqa.errors import ConfigError, DataError
from kgqa.kb import KnowledgeBase
from kgqa.selection.files import select_file
from tests.worlds import FILMS_QUESTIONS, films, write_lines


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    return films(tmp_path_factory.mktemp("films"))


def test_a_question_on_each_line(kb: KnowledgeBase, tmp_path: Path) -> None:
    asked, out = tmp_path / "asked.txt", tmp_path / "new" / "few.jsonl"
    asked.write_text(
        "\ufeffWho directed Contact?\r\n\n   \nWer führte Regie bei Contact? «☃»\nWho directed Cast Away?\n", encoding="utf-8"
    )
    told: list[object] = []
    report = select_file(kb, asked, out, number=2, progress=lambda *now: told.append(now))
    assert told == [("mentions", 3, 3)]
    assert (report.asked, report.questions, report.wordings, report.covered) == (3, 2, 2, 3)
    assert out.read_text(encoding="utf-8") == (
        '{"question": "Who directed Contact?"}\n{"question": "Wer führte Regie bei Contact? «☃»"}\n'
    )
    with pytest.raises(DataError, match=r"few\.jsonl.*line 1.*expected either answers or value"):
        read_questions(out)


def test_json_lines_stay_as_they_are(kb: KnowledgeBase, tmp_path: Path) -> None:
    asked, out = (
        write_lines(tmp_path / "asked.jsonl", [*FILMS_QUESTIONS, {"question": "Who?", "mine": [1, None]}]),
        tmp_path / "few",
    )
    assert select_file(kb, asked, out, number=50).questions == 5
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert sorted(lines, key=str) == sorted([*FILMS_QUESTIONS, {"question": "Who?", "mine": [1, None]}], key=str)


def test_a_file_that_may_hold_answers_is_not_replaced(kb: KnowledgeBase, tmp_path: Path) -> None:
    asked = write_lines(tmp_path / "asked.jsonl", FILMS_QUESTIONS)
    before = asked.read_text(encoding="utf-8")
    with pytest.raises(ConfigError, match="expected a new file, found one that may hold answers"):
        select_file(kb, asked, asked, number=2)
    assert asked.read_text(encoding="utf-8") == before
    with pytest.raises(ConfigError, match="expected a new file, found a folder"):
        select_file(kb, asked, tmp_path, number=2)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("asked.jsonl", '{"question": "Who?"}\n{"q": "Who?"}\n', r"asked\.jsonl.*line 2.*expected a question.*found None"),
        ("asked.jsonl", '{"question": " "}\n', r"asked\.jsonl.*line 1.*expected a question.*an empty text"),
        ("asked.jsonl", "Who?\n", r"asked\.jsonl.*line 1.*expected a JSON object"),
        ("asked.txt", "Who?\n" + "x" * 2001, r"asked\.txt.*line 2.*at most 2,000 characters, found 2,001"),
        ("asked.txt", " \n\n", r"asked\.txt.*expected at least one question"),
        ("asked.jsonl", "", r"asked\.jsonl.*expected at least one question"),
    ],
)
def test_what_cannot_be_asked_is_told_with_its_line(
    kb: KnowledgeBase, tmp_path: Path, name: str, content: str, message: str
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        select_file(kb, tmp_path / name, tmp_path / "out.jsonl", number=2)
    assert not (tmp_path / "out.jsonl").exists()


def test_a_file_that_is_missing(kb: KnowledgeBase, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none"):
        select_file(kb, tmp_path / "none.txt", tmp_path / "out.jsonl", number=2)
