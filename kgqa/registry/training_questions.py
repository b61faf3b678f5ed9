"""Feedback as questions to train with: what people confirmed or corrected."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kgqa.registry.records import FeedbackRecord

_PREFIX: Final = "feedback-"
"""What the ids of the questions begin with."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """Lines of a question file, and the questions of which nobody said what is right.

    `snapshots` are the fingerprints of what was answered from: perhaps of other graphs, whose answers mean nothing in this one.
    """

    lines: list[dict[str, Any]]
    unknown: int
    snapshots: list[str]


def as_questions(feedback: Iterable[FeedbackRecord], *, snapshot: str | None = None) -> Exported:
    """Return a line for each question of which somebody said what is right; the last word counts.

    That another answer is wrong, without a word of what is right, takes nothing back of what was said before.

    Args:
        feedback: the oldest first.
        snapshot: only feedback on answers from this snapshot, by its fingerprint or the beginning of it.
    """
    last: dict[str, FeedbackRecord] = {}
    for record in feedback:
        if snapshot is None or record.snapshot.startswith(snapshot):
            before = last.pop(record.question, None)
            last[record.question] = before if before is not None and _says_nothing_of(before, record) else record
    known = [record for record in last.values() if record.right is not None]
    lines = [{"id": f"{_PREFIX}{record.id}", "question": record.question} | (record.right or {}) for record in known]
    return Exported(lines=lines, unknown=len(last) - len(known), snapshots=sorted({record.snapshot for record in known}))


def is_exported(path: Path) -> bool:
    """Tell whether a file holds nothing but lines of `as_questions`; what people wrote must not be replaced by them."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return all(line.startswith(f'{{"id": "{_PREFIX}') for line in lines)


def _says_nothing_of(before: FeedbackRecord, record: FeedbackRecord) -> bool:
    """Tell whether a record leaves open what is right, and is not of the answer that was said to be right before."""
    return record.right is None and before.right is not None and _comparable(before.right) != _comparable(record.answer)


def _comparable(answer: dict[str, Any]) -> Any:
    return set(answer["answers"]) if "answers" in answer else answer
