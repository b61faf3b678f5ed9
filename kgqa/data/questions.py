"""Questions with their answers, as training and evaluation read them.

{"id", "question", "answers": [entity ids]}     entities; [] where the graph cannot answer
{"id", "question", "value": 3}                  a number
optional, for evaluation only: "topics": [{"entity", "mention", "start"}], "kind"
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kgqa.data.records import is_number
from kgqa.errors import DataError, QuestionError
from kgqa.files import read_json_lines

MAX_QUESTION_LENGTH = 2000
"""Longest question in characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """An entity that a question names, and where: characters `start` to `end` of the text, None where it is not known."""

    entity: str
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question and what is right: `answers` (entity ids, empty if the graph cannot answer) or else `value`."""

    id: str
    text: str
    answers: tuple[str, ...] | None = None
    value: float | None = None
    topics: tuple[Topic, ...] = ()
    kind: str | None = None


def check_text(text: object) -> str:
    """Return `text` if it can be asked.

    Raises:
        QuestionError: it is not text, is empty, or is longer than `MAX_QUESTION_LENGTH`.
    """
    if not isinstance(text, str):
        raise QuestionError(f"expected a question as text, found {type(text).__name__}. Pass a string.")
    if not text.strip():
        raise QuestionError("expected a question, found an empty text. Ask something.")
    if len(text) > MAX_QUESTION_LENGTH:
        raise QuestionError(
            f"expected a question of at most {MAX_QUESTION_LENGTH:,} characters, found {len(text):,}. Shorten it."
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise QuestionError("expected text, found half of a surrogate pair. Pass whole characters.") from error
    return text


def read_questions(path: Path) -> list[Question]:
    """Read a file of questions.

    Raises:
        DataError: it is missing or empty, or a line is malformed; names the line.
    """
    questions = []
    seen: set[str] = set()
    for line, value in read_json_lines(path):
        question = _question(path, line, value)
        if question.id in seen:
            raise DataError(path, line, expected="every id once", found=f"{question.id!r} again", then="Rename one.")
        seen.add(question.id)
        questions.append(question)
    if not questions:
        raise DataError(path, None, expected="at least one question", found="an empty file", then="Choose another file.")
    return questions


def _question(path: Path, line: int, value: dict[str, Any]) -> Question:
    def error(expected: str, found: object, then: str) -> DataError:
        return DataError(path, line, expected=expected, found=f"{found!r:.200}", then=then)

    try:
        text = check_text(value.get("question"))
    except QuestionError as reason:
        raise error("a question", value.get("question"), str(reason)) from reason
    identifier = value.get("id", f"line-{line}")
    if not isinstance(identifier, str):
        raise error("an id that is text", identifier, "Write it in quotes.")
    answers, number = value.get("answers"), value.get("value")
    if (answers is None) == (number is None):
        found = "neither" if answers is None else "both"
        raise error("either answers or value", found, 'Give a list of entity ids, [] for "no answer", or a number.')
    if answers is not None and not (isinstance(answers, list) and all(isinstance(answer, str) for answer in answers)):
        raise error("answers to be a list of entity ids", answers, "Write the ids in quotes, in brackets.")
    if number is not None and not is_number(number):
        raise error("value to be a number", number, "Write entities as answers.")
    kind = value.get("kind")
    if kind is not None and not isinstance(kind, str):
        raise error("kind to be text", kind, "Write it in quotes.")
    topics = value.get("topics") or []
    if not isinstance(topics, list):
        raise error("topics to be a list", topics, "Write them in brackets.")
    return Question(
        id=identifier,
        text=text,
        answers=None if answers is None else tuple(dict.fromkeys(answers)),
        value=None if number is None else float(number),
        topics=tuple(_topic(topic, text, error) for topic in topics),
        kind=kind,
    )


def _topic(value: Any, text: str, error: Callable[[str, object, str], DataError]) -> Topic:
    if not isinstance(value, dict) or not isinstance(value.get("entity"), str):
        raise error('each topic to be {"entity", "mention", "start"}', value, "Give at least the entity's id.")
    mention, start = value.get("mention"), value.get("start")
    if not isinstance(mention, str):
        return Topic(entity=value["entity"])
    if not isinstance(start, int) or isinstance(start, bool):
        start = text.find(mention)
    if start < 0 or text[start : start + len(mention)] != mention:
        raise error(f"the mention {mention!r} to stand at character {start}", text, "Mend start, or leave it out.")
    return Topic(entity=value["entity"], start=start, end=start + len(mention))
