import math
from dataclasses import FrozenInstanceError, asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kgqa.config import Config
from kgqa.errors import RegistryError
from kgqa.registry import EpochSummary, EvaluationSummary, Registry, RunSummary, SnapshotSummary
from kgqa.training.loop import Epoch
from tests.registry.examples import COUNTS, FINGERPRINT, open_in, record_films, start

DEV = {"questions": 4, "correct": 0.75, "hits@1": 0.75, "hits@10": 1.0, "mrr": 0.875, "f1": None}


def test_a_snapshot_is_returned_as_it_was_recorded(tmp_path):
    before = datetime.now(UTC)
    with open_in(tmp_path) as registry:
        record_films(registry, tmp_path / "films")
        (snapshot,) = registry.recent_snapshots()
    assert before <= snapshot.created <= datetime.now(UTC)
    assert snapshot == SnapshotSummary(
        fingerprint=FINGERPRINT, path=str(tmp_path / "films"), source="films", counts=COUNTS, created=snapshot.created
    )


def test_a_snapshot_that_moved_keeps_its_row_and_its_first_moment(tmp_path):
    with open_in(tmp_path) as registry:
        record_films(registry, tmp_path / "old")
        (first,) = registry.recent_snapshots()
        record_films(registry, tmp_path / "new")
        assert registry.recent_snapshots() == [replace(first, path=str(tmp_path / "new"))]


def test_a_training_is_returned_as_it_was_recorded_with_its_epochs_in_order(tmp_path):
    config = Config().tables()
    with open_in(tmp_path) as registry:
        record_films(registry)
        run = registry.start_run(
            model=tmp_path / "model",
            snapshot=FINGERPRINT,
            config=config,
            questions=[tmp_path / "train.jsonl"],
            dev=tmp_path / "dev.jsonl",
            warm_start=tmp_path / "made.jsonl",
            source="sha256:0123",
        )
        started = registry.run(run)
        registry.record_epoch(run, number=2, loss=0.5, dev=DEV, seconds=2.5)
        registry.record_epoch(run, number=1, loss=1.5, dev=DEV | {"hits@1": 0.5}, seconds=2.0)
        registry.finish_run(run, "finished", left_out={"no span": 3}, seconds=4.25)
        finished = registry.run(run)
    assert started == RunSummary(
        id=run,
        snapshot=FINGERPRINT,
        model=str(tmp_path / "model"),
        status="running",
        config=config,
        questions=str(tmp_path / "train.jsonl"),
        dev=str(tmp_path / "dev.jsonl"),
        warm_start=str(tmp_path / "made.jsonl"),
        source="sha256:0123",
        started=started.started,
        finished=None,
        left_out={},
        seconds=None,
        epochs=(),
    )
    assert Config.from_tables(finished.config) == Config()
    assert finished.finished is not None and finished.finished >= finished.started
    assert finished == replace(
        started,
        status="finished",
        finished=finished.finished,
        left_out={"no span": 3},
        seconds=4.25,
        epochs=(
            EpochSummary(number=1, loss=1.5, dev=DEV | {"hits@1": 0.5}, seconds=2.0),
            EpochSummary(number=2, loss=0.5, dev=DEV, seconds=2.5),
        ),
    )


def test_the_epoch_of_the_training_loop_can_be_recorded_as_it_is(tmp_path):
    epoch = Epoch(number=1, loss=0.25, dev=DEV, seconds=1.0)
    with open_in(tmp_path) as registry:
        run = start(registry, tmp_path / "model")
        registry.record_epoch(run, **asdict(epoch))
        assert [asdict(recorded) for recorded in registry.run(run).epochs] == [asdict(epoch)]


def test_an_epoch_that_is_recorded_again_replaces_the_first(tmp_path):
    with open_in(tmp_path) as registry:
        run = start(registry, tmp_path / "model")
        registry.record_epoch(run, number=1, loss=2.0, dev={}, seconds=1.0)
        registry.record_epoch(run, number=1, loss=1.0, dev=DEV, seconds=3.0)
        assert registry.run(run).epochs == (EpochSummary(number=1, loss=1.0, dev=DEV, seconds=3.0),)


def test_a_run_that_says_no_seconds_took_those_of_its_epochs_and_keeps_what_was_left_out(tmp_path):
    with open_in(tmp_path) as registry:
        run = start(registry, tmp_path / "model")
        registry.finish_run(run, "interrupted", left_out={"no path": 2})
        assert registry.run(run).seconds is None
        registry.record_epoch(run, number=1, loss=2.0, dev={}, seconds=1.25)
        registry.record_epoch(run, number=2, loss=1.0, dev={}, seconds=1.5)
        registry.finish_run(run, "failed")
        failed = registry.run(run)
    assert (failed.status, failed.seconds, failed.left_out) == ("failed", 2.75, {"no path": 2})


def test_a_resumed_training_goes_on_with_the_newest_run_at_its_folder(tmp_path, monkeypatch):
    with open_in(tmp_path) as registry:
        start(registry, tmp_path / "model")
        second = start(registry, tmp_path / "model")
        start(registry, tmp_path / "another")
        registry.finish_run(second, "interrupted")
        monkeypatch.chdir(tmp_path)
        assert registry.resume_run(Path("model")) == second
        resumed = registry.run(second)
        assert (resumed.status, resumed.finished) == ("running", None)
        assert len(registry.recent_runs()) == 3


def test_a_training_that_is_not_known_here_is_not_resumed(tmp_path):
    with open_in(tmp_path) as registry:
        start(registry, tmp_path / "another")
        assert registry.resume_run(tmp_path / "model") is None


def test_a_new_run_marks_the_one_whose_process_went_away_as_interrupted(tmp_path):
    with open_in(tmp_path) as registry:
        done = start(registry, tmp_path / "model")
        registry.finish_run(done, "finished")
        gone = start(registry, tmp_path / "model")
        elsewhere = start(registry, tmp_path / "another")
        new = start(registry, tmp_path / "model")
        status = {run.id: run.status for run in registry.recent_runs()}
    assert status == {done: "finished", gone: "interrupted", elsewhere: "running", new: "running"}


def test_runs_come_newest_first_and_no_more_than_asked_for(tmp_path):
    with open_in(tmp_path) as registry:
        runs = [start(registry, tmp_path / name) for name in ("a", "b", "c")]
        registry.record_epoch(runs[1], number=1, loss=1.0, dev={}, seconds=1.0)
        recent = registry.recent_runs(2)
        assert [run.id for run in recent] == [runs[2], runs[1]]
        assert [len(run.epochs) for run in recent] == [0, 1]


def test_an_evaluation_is_returned_as_it_was_recorded_with_the_run_that_made_the_model(tmp_path):
    with open_in(tmp_path) as registry:
        run = start(registry, tmp_path / "model")
        number = registry.record_evaluation(
            model=tmp_path / "model",
            snapshot=FINGERPRINT,
            questions=tmp_path / "test.jsonl",
            topics="resolved",
            metrics=DEV | {"by_kind": {"2-hop": DEV}},
        )
        (evaluation,) = registry.recent_evaluations()
    assert evaluation == EvaluationSummary(
        id=number,
        run=run,
        model=str(tmp_path / "model"),
        snapshot=FINGERPRINT,
        questions=str(tmp_path / "test.jsonl"),
        topics="resolved",
        metrics=DEV | {"by_kind": {"2-hop": DEV}},
        created=evaluation.created,
    )


def test_an_evaluation_of_a_model_or_a_snapshot_that_is_not_known_here_has_no_run(tmp_path):
    with open_in(tmp_path) as registry:
        start(registry, tmp_path / "model")
        registry.record_evaluation(model=tmp_path / "copied", snapshot=FINGERPRINT, topics="given", metrics={})
        registry.record_evaluation(model=tmp_path / "model", snapshot="0" * 64, topics="given", metrics={})
        newest, oldest = registry.recent_evaluations()
        assert (newest.run, newest.snapshot, oldest.run) == (None, "0" * 64, None)
        assert registry.recent_evaluations(1) == [newest]


def test_text_of_any_script_comes_back_as_it_was(tmp_path):
    name = "Привет, 東京 – 🗼 'quoted' \"and\" \\ %s :x"
    with open_in(tmp_path) as registry:
        registry.record_snapshot(fingerprint=FINGERPRINT, path=tmp_path / name, source=name, counts={name: 1})
        run = registry.start_run(model=tmp_path / name, snapshot=FINGERPRINT, config={name: [name, None]}, source=name)
        registry.finish_run(run, "finished", left_out={name: 2})
        (snapshot,), recorded = registry.recent_snapshots(), registry.run(run)
        assert registry.resume_run(tmp_path / name) == run
    assert (snapshot.source, snapshot.counts, snapshot.path) == (name, {name: 1}, str(tmp_path / name))
    assert (recorded.config, recorded.left_out, recorded.source) == ({name: [name, None]}, {name: 2}, name)


def test_a_path_that_is_not_utf_8_can_be_recorded_and_resumed(tmp_path):
    model = tmp_path / "caf\udce9"
    with open_in(tmp_path) as registry:
        run = start(registry, model)
        assert registry.resume_run(model) == run
        assert registry.run(run).model == str(tmp_path / "caf\\udce9")


def test_numbers_that_json_cannot_hold_are_recorded_as_none(tmp_path):
    with open_in(tmp_path) as registry:
        run = start(registry, tmp_path / "model", config={"training": {"clip": math.inf, "steps": [1.0, math.nan]}})
        registry.record_epoch(run, number=1, loss=math.nan, dev={"mrr": math.nan, "f1": 0.5}, seconds=1.0)
        recorded = registry.run(run)
    assert recorded.config == {"training": {"clip": None, "steps": [1.0, None]}}
    assert recorded.epochs == (EpochSummary(number=1, loss=None, dev={"mrr": None, "f1": 0.5}, seconds=1.0),)


def test_what_is_returned_cannot_be_changed_and_outlives_the_registry(tmp_path):
    with open_in(tmp_path) as registry:
        start(registry, tmp_path / "model")
        (run,) = registry.recent_runs()
    assert run.status == "running"
    with pytest.raises(FrozenInstanceError):
        run.status = "finished"


def test_a_run_on_a_snapshot_that_was_not_recorded_is_refused(tmp_path):
    with open_in(tmp_path) as registry:
        with pytest.raises(RegistryError, match=r"none with the fingerprint '0000'.*Record the snapshot first"):
            registry.start_run(model=tmp_path, snapshot="0000", config={}, source="")
        assert registry.recent_runs() == []


@pytest.mark.parametrize(
    "work",
    [
        lambda registry: registry.run(99),
        lambda registry: registry.record_epoch(99, number=1, loss=1.0, dev={}, seconds=1.0),
        lambda registry: registry.finish_run(99, "finished"),
    ],
)
def test_a_run_that_does_not_exist_is_refused(tmp_path, work):
    with open_in(tmp_path) as registry, pytest.raises(RegistryError, match="expected the run 99, found none"):
        work(registry)


def test_an_unknown_status_is_refused_and_nothing_is_changed(tmp_path):
    with open_in(tmp_path) as registry:
        run = start(registry, tmp_path / "model")
        with pytest.raises(RegistryError, match="status"):
            registry.finish_run(run, "perhaps")
        assert registry.run(run).status == "running"


def test_a_value_that_is_no_json_is_an_error_of_the_registry(tmp_path):
    with open_in(tmp_path) as registry:
        with pytest.raises(RegistryError, match="Path is not JSON serializable"):
            start(registry, tmp_path / "model", config={"out": tmp_path})
        assert registry.recent_runs() == []


def test_a_registry_in_memory_lasts_as_long_as_it_is_open(tmp_path):
    with Registry.open("sqlite://") as registry:
        run = start(registry, tmp_path / "model")
        assert registry.resume_run(tmp_path / "model") == run
    with Registry.open("sqlite://") as registry:
        assert registry.recent_runs() == []


def test_what_a_snapshot_was_made_from_stays_known_when_it_is_trained_on(tmp_path):
    with open_in(tmp_path) as registry:
        registry.record_snapshot(fingerprint=FINGERPRINT, path=tmp_path / "first", source="Neo4j, films", counts=COUNTS)
        registry.record_snapshot(fingerprint=FINGERPRINT, path=tmp_path / "moved", source=None, counts=COUNTS)
        registry.record_snapshot(fingerprint="0" * 64, path=tmp_path / "other", source=None, counts=COUNTS)
        found = {row.fingerprint: (row.source, row.path) for row in registry.recent_snapshots()}
    assert found[FINGERPRINT] == ("Neo4j, films", str(tmp_path / "moved"))
    assert found["0" * 64] == (f"snapshot {tmp_path / 'other'}", str(tmp_path / "other"))
