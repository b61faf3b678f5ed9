"""The tables of the registry: snapshots, runs with their epochs, evaluations with their questions, and feedback.

The database gets them from the versions in `migrations/registry`; a test asserts that both say the same.
"""

from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy import JSON, CheckConstraint, DateTime, Dialect, ForeignKey, MetaData, String, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

Status = Literal["running", "finished", "failed", "interrupted"]
"""How a run stands; `interrupted` is one that can be resumed."""

Ended = Literal["finished", "failed", "interrupted"]
"""How a run can have ended."""

Verdict = Literal["right", "wrong"]
"""What somebody said of an answer."""

VERSION_TABLE: Final = "kgqa_version"
"""Where the version of the tables is kept; not Alembic's own name, so that a database may be shared with others."""


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, also in databases that keep no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn a moment of any time zone into UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say that what was stored is UTC."""
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """The root of the tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it as it stands)
        str: Text(),
        datetime: Moment(),
        dict[str, Any]: JSON(),
        dict[str, int]: JSON(),
    }


class Snapshot(Base):
    """A snapshot that models were trained on; `path` is where it was last seen, None if it was made in memory."""

    __tablename__ = "snapshots"

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    path: Mapped[str | None]
    source: Mapped[str]
    counts: Mapped[dict[str, int]]
    created: Mapped[datetime] = mapped_column(default=now)


class Run(Base):
    """One training. `source` tells its questions apart, `left_out` counts those that it could not learn from."""

    __tablename__ = "runs"
    __table_args__ = (CheckConstraint("status IN ('running', 'finished', 'failed', 'interrupted')", name="status"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    snapshot: Mapped[str] = mapped_column(String(64), ForeignKey(Snapshot.fingerprint), index=True)
    model: Mapped[str]
    status: Mapped[Status] = mapped_column(String(11))
    config: Mapped[dict[str, Any]]
    questions: Mapped[str | None]
    dev: Mapped[str | None]
    source: Mapped[str]
    started: Mapped[datetime] = mapped_column(default=now)
    finished: Mapped[datetime | None]
    left_out: Mapped[dict[str, int]]
    seconds: Mapped[float | None]
    warm_start: Mapped[str | None]
    epochs: Mapped[list["Epoch"]] = relationship(order_by="Epoch.number", lazy="raise")


class Epoch(Base):
    """One pass of a run over its questions; `loss` is None where it was no number any more."""

    __tablename__ = "epochs"

    run_id: Mapped[int] = mapped_column(ForeignKey(Run.id, ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    loss: Mapped[float | None]
    dev: Mapped[dict[str, Any]]
    seconds: Mapped[float]


class Evaluation(Base):
    """One evaluation. The run and the snapshot may be unknown here: models come from other machines too."""

    __tablename__ = "evaluations"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey(Run.id, ondelete="SET NULL"), index=True)
    model: Mapped[str]
    snapshot: Mapped[str] = mapped_column(String(64))
    questions: Mapped[str | None]
    topics: Mapped[str] = mapped_column(String(8))
    metrics: Mapped[dict[str, Any]]
    created: Mapped[datetime] = mapped_column(default=now)


class Outcome(Base):
    """How one question of an evaluation was answered, by its place in the file.

    `answer` is the id of the first entity, or the number; None for an abstention.
    """

    __tablename__ = "outcomes"

    evaluation_id: Mapped[int] = mapped_column(ForeignKey(Evaluation.id, ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    question_id: Mapped[str]
    question: Mapped[str]
    kind: Mapped[str | None]
    correct: Mapped[bool]
    answer: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))


class Feedback(Base):
    """What somebody said of an answer.

    `answer` and `correction` are as a line of a question file: `{"answers": [ids]}` or `{"value": 3}`; `correction` is None
    where nobody said what is right instead.
    """

    __tablename__ = "feedback"
    __table_args__ = (CheckConstraint("verdict IN ('right', 'wrong')", name="verdict"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    question: Mapped[str]
    answer: Mapped[dict[str, Any]]
    model: Mapped[str]
    snapshot: Mapped[str] = mapped_column(String(64))
    verdict: Mapped[Verdict] = mapped_column(String(5))
    correction: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created: Mapped[datetime] = mapped_column(default=now)
