"""What the registry returns: plain frozen values, free of the database they came from."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kgqa.registry import tables
from kgqa.registry.tables import Status, Verdict


@dataclass(frozen=True, kw_only=True)
class SnapshotSummary:
    """A snapshot, where it was last seen (None if it was made in memory), and when it was first recorded."""

    fingerprint: str
    path: str | None
    source: str
    counts: dict[str, int]
    created: datetime


@dataclass(frozen=True, kw_only=True)
class EpochSummary:
    """One epoch: mean loss (None where it was no number any more), dev measures, seconds of training."""

    number: int
    loss: float | None
    dev: dict[str, Any]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """A training and its epochs in order.

    `left_out` is empty and `finished` and `seconds` are None while it runs, and after it if its process was killed.
    """

    id: int
    snapshot: str
    model: str
    status: Status
    config: dict[str, Any]
    questions: str | None
    dev: str | None
    warm_start: str | None
    source: str
    started: datetime
    finished: datetime | None
    left_out: dict[str, int]
    seconds: float | None
    epochs: tuple[EpochSummary, ...]


@dataclass(frozen=True, kw_only=True)
class EvaluationSummary:
    """An evaluation; `run` is the training that made the model, None if this registry does not know it."""

    id: int
    run: int | None
    model: str
    snapshot: str
    questions: str | None
    topics: str
    metrics: dict[str, Any]
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one question of an evaluation was answered: the id of the first entity, the number, or None for an abstention."""

    id: str
    question: str
    kind: str | None
    correct: bool
    answer: str | float | None


@dataclass(frozen=True, kw_only=True)
class FeedbackRecord:
    """What somebody said of an answer; `answer` and `correction` as in a line of a question file."""

    id: int
    question: str
    answer: dict[str, Any]
    model: str
    snapshot: str
    verdict: Verdict
    correction: dict[str, Any] | None
    created: datetime

    @property
    def right(self) -> dict[str, Any] | None:
        """Return what is right, None where nobody said it."""
        return self.answer if self.verdict == "right" else self.correction


def snapshot_of(row: tables.Snapshot) -> SnapshotSummary:
    """Return a row as a value."""
    return SnapshotSummary(fingerprint=row.fingerprint, path=row.path, source=row.source, counts=row.counts, created=row.created)


def run_of(row: tables.Run) -> RunSummary:
    """Return a row, whose epochs are loaded, as a value."""
    return RunSummary(
        id=row.id,
        snapshot=row.snapshot,
        model=row.model,
        status=row.status,
        config=row.config,
        questions=row.questions,
        dev=row.dev,
        warm_start=row.warm_start,
        source=row.source,
        started=row.started,
        finished=row.finished,
        left_out=row.left_out,
        seconds=row.seconds,
        epochs=tuple(
            EpochSummary(number=epoch.number, loss=epoch.loss, dev=epoch.dev, seconds=epoch.seconds) for epoch in row.epochs
        ),
    )


def evaluation_of(row: tables.Evaluation) -> EvaluationSummary:
    """Return a row as a value."""
    return EvaluationSummary(
        id=row.id,
        run=row.run_id,
        model=row.model,
        snapshot=row.snapshot,
        questions=row.questions,
        topics=row.topics,
        metrics=row.metrics,
        created=row.created,
    )


def outcome_of(row: tables.Outcome) -> Outcome:
    """Return a row as a value."""
    return Outcome(id=row.question_id, question=row.question, kind=row.kind, correct=row.correct, answer=row.answer)


def feedback_of(row: tables.Feedback) -> FeedbackRecord:
    """Return a row as a value."""
    return FeedbackRecord(
        id=row.id,
        question=row.question,
        answer=row.answer,
        model=row.model,
        snapshot=row.snapshot,
        verdict=row.verdict,
        correction=row.correction,
        created=row.created,
    )
