"""The registry: what was trained on which snapshot, how it went, and how good it was found.

>>> with Registry.open() as registry:
...     registry.record_snapshot(fingerprint=kb.fingerprint, path=kb.path, source="films", counts=kb.counts)
...     run = registry.start_run(model="models/films", snapshot=kb.fingerprint, config=config.tables(), source="…")
...     registry.recent_runs()
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from sqlalchemy import Engine, Select, func, insert, select, update
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from kgqa.errors import RegistryError
from kgqa.registry import database
from kgqa.registry.records import (
    EvaluationSummary,
    FeedbackRecord,
    Outcome,
    RunSummary,
    SnapshotSummary,
    evaluation_of,
    feedback_of,
    outcome_of,
    run_of,
    snapshot_of,
)
from kgqa.registry.tables import Ended, Epoch, Evaluation, Feedback, Run, Snapshot, Verdict, now
from kgqa.registry.tables import Outcome as OutcomeRow
from kgqa.registry.upgrade import upgrade


class Registry:
    """An open registry. Every method is a transaction of its own and raises `RegistryError` if the database fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str | None = None) -> Self:
        """Open the registry and bring its tables up to date.

        Args:
            url: the database; `KGQA_REGISTRY_URL`, else SQLite in the data folder, if not given.

        Raises:
            RegistryError: the URL is none, the database cannot be used, or a newer version of kgqa made it.
        """
        place = database.registry_url(url)
        with database.telling(place):
            engine = database.open_engine(place)
            try:
                upgrade(engine)
            except BaseException:
                engine.dispose()
                raise
        return cls(engine)

    @property
    def place(self) -> str:
        """Return the URL without its password."""
        return database.shown(self._engine.url)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        """Return the registry; it is closed when the block ends."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Close the registry."""
        self.close()

    def record_snapshot(
        self, *, fingerprint: str, path: Path | str | None, source: str | None, counts: Mapping[str, int]
    ) -> None:
        """Record a snapshot, or where one that is known was now seen; what it was made from stays if `source` is None."""
        with self._writing() as session:
            row = session.get(Snapshot, fingerprint)
            if row is None:
                row = Snapshot(fingerprint=fingerprint, source=f"snapshot {_place(path)}")
                session.add(row)
            row.path, row.source, row.counts = _place(path), source or row.source, dict(counts)

    def start_run(
        self,
        *,
        model: Path | str,
        snapshot: str,
        config: Mapping[str, Any],
        source: str,
        questions: Sequence[Path | str] = (),
        dev: Path | str | None = None,
        warm_start: Path | str | None = None,
    ) -> int:
        """Record that a training starts, and return its id.

        A run that still stands as running at the same model folder becomes interrupted: nobody was left to say so.

        Args:
            model: the folder that the model is written to.
            snapshot: the fingerprint of a recorded snapshot.
            config: the settings, as `Config.tables` returns them.
            source: the text that tells the questions apart.
            questions: the files of the training questions, none if they were made in memory; kept as lines of one text.
            dev: the file of the dev questions, likewise.
            warm_start: the file of the questions that were learned from first, None if there were none.

        Raises:
            RegistryError: the snapshot was not recorded.
        """
        with self._writing() as session:
            if session.get(Snapshot, snapshot) is None:
                raise RegistryError(
                    f"{self.place}: expected a recorded snapshot, found none with the fingerprint {snapshot[:12]!r}. "
                    "Record the snapshot first."
                )
            place = _place(model)
            session.execute(update(Run).where(Run.model == place, Run.status == "running").values(status="interrupted"))
            run = Run(
                model=place,
                snapshot=snapshot,
                status="running",
                config=dict(config),
                questions="\n".join(filter(None, map(_place, questions))) or None,
                dev=_place(dev),
                warm_start=_place(warm_start),
                source=source,
                left_out={},
            )
            session.add(run)
            session.flush()
            return run.id

    def resume_run(self, model: Path | str) -> int | None:
        """Record that the newest run at a model folder goes on, and return its id; None if there is none."""
        with self._writing() as session:
            run = session.scalar(_newest_run(model))
            if run is None:
                return None
            run.status, run.finished = "running", None
            return run.id

    def record_epoch(self, run: int, *, number: int, loss: float, dev: Mapping[str, Any], seconds: float) -> None:
        """Record an epoch; one of the same number is replaced, as a resumed training may come by again.

        Raises:
            RegistryError: there is no such run.
        """
        with self._writing() as session:
            self._run(session, run)
            session.merge(
                Epoch(
                    run_id=run,
                    number=number,
                    loss=loss if math.isfinite(loss) else None,
                    dev=dict(dev),
                    seconds=seconds,
                )
            )

    def finish_run(
        self, run: int, status: Ended, *, left_out: Mapping[str, int] | None = None, seconds: float | None = None
    ) -> None:
        """Record how a run ended.

        Args:
            run: its id.
            status: `finished`, `failed` or `interrupted`.
            left_out: how many questions could not be learned from, by reason; what is recorded stays if not given.
            seconds: how long it trained; the seconds of its epochs if not given.

        Raises:
            RegistryError: there is no such run, or no such status.
        """
        with self._writing() as session:
            row = self._run(session, run)
            if seconds is None:
                seconds = session.scalar(select(func.sum(Epoch.seconds)).where(Epoch.run_id == run))
            row.status, row.finished, row.seconds = status, now(), seconds
            if left_out is not None:
                row.left_out = dict(left_out)

    def record_evaluation(
        self,
        *,
        model: Path | str,
        snapshot: str,
        topics: Literal["given", "resolved"],
        metrics: Mapping[str, Any],
        questions: Path | str | None = None,
        outcomes: Iterable[Outcome] = (),
    ) -> int:
        """Record an evaluation, and return its id.

        It belongs to the newest run at the model's folder, if that run was on the same snapshot.

        Args:
            model: the folder of the model.
            snapshot: the fingerprint of the snapshot that it answered from.
            topics: whether the entities were given or had to be found.
            metrics: the measures.
            questions: the file of the questions, None if they were made in memory.
            outcomes: how each of them was answered.
        """
        with self._writing() as session:
            run = session.scalar(_newest_run(model))
            row = Evaluation(
                run_id=run.id if run is not None and run.snapshot == snapshot else None,
                model=_place(model),
                snapshot=snapshot,
                questions=_place(questions),
                topics=topics,
                metrics=dict(metrics),
            )
            session.add(row)
            session.flush()
            answered = [
                {
                    "evaluation_id": row.id,
                    "place": place,
                    "question_id": one.id,
                    "question": one.question,
                    "kind": one.kind,
                    "correct": one.correct,
                    "answer": one.answer,
                }
                for place, one in enumerate(outcomes)
            ]
            if answered:
                session.execute(insert(OutcomeRow), answered)
            return row.id

    def evaluation(self, evaluation: int) -> EvaluationSummary:
        """Return one evaluation.

        Raises:
            RegistryError: there is no such evaluation.
        """
        with self._reading() as session:
            row = session.get(Evaluation, evaluation)
            if row is None:
                raise RegistryError(
                    f"{self.place}: expected the evaluation {evaluation}, found none. `kgqa runs` lists those that there are."
                )
            return evaluation_of(row)

    def outcomes(self, evaluation: int) -> list[Outcome]:
        """Return how the questions of an evaluation were answered, in their order; none if that was not recorded."""
        with self._reading() as session:
            rows = session.scalars(select(OutcomeRow).where(OutcomeRow.evaluation_id == evaluation).order_by(OutcomeRow.place))
            return [outcome_of(row) for row in rows]

    def evaluations_of(self, run: int) -> list[EvaluationSummary]:
        """Return the evaluations of a run's model, the oldest first."""
        with self._reading() as session:
            rows = session.scalars(select(Evaluation).where(Evaluation.run_id == run).order_by(Evaluation.id))
            return [evaluation_of(row) for row in rows]

    def run(self, run: int) -> RunSummary:
        """Return one run.

        Raises:
            RegistryError: there is no such run.
        """
        with self._reading() as session:
            return run_of(self._run(session, run, selectinload(Run.epochs)))

    def record_feedback(
        self,
        *,
        question: str,
        answer: Mapping[str, Any],
        model: Path | str,
        snapshot: str,
        verdict: Verdict,
        correction: Mapping[str, Any] | None = None,
    ) -> int:
        """Record what somebody said of an answer, and return its id.

        Args:
            question: the question.
            answer: what was answered, as in a line of a question file: `{"answers": [ids]}` or `{"value": 3}`.
            model: the folder of the model.
            snapshot: the fingerprint of the snapshot that it answered from.
            verdict: `right` or `wrong`.
            correction: what is right instead, as `answer`.
        """
        with self._writing() as session:
            row = Feedback(
                question=question,
                answer=dict(answer),
                model=_place(model),
                snapshot=snapshot,
                verdict=verdict,
                correction=None if correction is None else dict(correction),
            )
            session.add(row)
            session.flush()
            return row.id

    def feedback(self) -> list[FeedbackRecord]:
        """Return all that people said of answers, the oldest first."""
        with self._reading() as session:
            return [feedback_of(row) for row in session.scalars(select(Feedback).order_by(Feedback.id))]

    def recent_snapshots(self, limit: int = 20) -> list[SnapshotSummary]:
        """Return the snapshots that were recorded last, the newest first."""
        with self._reading() as session:
            rows = session.scalars(select(Snapshot).order_by(Snapshot.created.desc(), Snapshot.fingerprint).limit(limit))
            return [snapshot_of(row) for row in rows]

    def recent_runs(self, limit: int = 20) -> list[RunSummary]:
        """Return the runs that were started last, the newest first."""
        with self._reading() as session:
            rows = session.scalars(select(Run).options(selectinload(Run.epochs)).order_by(Run.id.desc()).limit(limit))
            return [run_of(row) for row in rows]

    def recent_evaluations(self, limit: int = 20) -> list[EvaluationSummary]:
        """Return the evaluations that were recorded last, the newest first."""
        with self._reading() as session:
            rows = session.scalars(select(Evaluation).order_by(Evaluation.id.desc()).limit(limit))
            return [evaluation_of(row) for row in rows]

    def _run(self, session: Session, run: int, *options: ORMOption) -> Run:
        row = session.get(Run, run, options=options)
        if row is None:
            raise RegistryError(f"{self.place}: expected the run {run}, found none. `kgqa runs` lists those that there are.")
        return row

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with database.telling(self._engine.url), Session(self._engine) as session, session.begin():
            yield session

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with database.telling(self._engine.url), Session(database.reading(self._engine)) as session:
            yield session


def _newest_run(model: Path | str) -> Select[Run]:
    return select(Run).where(Run.model == _place(model)).order_by(Run.id.desc()).limit(1)


def _place(path: Path | str | None) -> str | None:
    """Return a path as it is found again from any folder; what is not UTF-8 in it is escaped."""
    return None if path is None else str(Path(path).resolve()).encode("utf-8", "backslashreplace").decode("utf-8")
