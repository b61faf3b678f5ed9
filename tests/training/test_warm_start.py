"""A warm start: other questions are learned from first, with a schedule of their own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from kgqa.data import Question
from kgqa.errors import CheckpointError
from kgqa.evaluation.report import evaluate
from kgqa.kb import KnowledgeBase
from kgqa.training.checkpoint import load_model
from kgqa.training.loop import Epoch, Trainer
from tests.model.small import config
from tests.training.small import library_questions, untrained

SETTINGS: dict[str, Any] = {
    "warm_epochs": 8, "epochs": 2, "batch": 4, "checkpoint_steps": 2, "patience": 1, "learning_rate": 2e-2
}  # fmt: skip

OTHER = [Question(id="o", text="Who wrote Amber?", answers=("house_0",), kind="nonsense")]
"""Teaches next to nothing."""


class Interruption(Exception):
    """Stands for whatever ends a training before its time."""


def trainer(kb: KnowledgeBase, out: Path, **options: Any) -> Trainer:
    chosen = {"source": "library", "warm_start": library_questions(), **options}
    return Trainer(untrained(kb, config(**SETTINGS)), OTHER, library_questions(), out, **chosen)


def test_what_the_warm_start_teaches_is_known(books: KnowledgeBase, tmp_path: Path) -> None:
    report = trainer(books, tmp_path / "warm").run()
    assert [epoch.number for epoch in report.epochs][:8] == list(range(1, 9))
    assert report.questions == 1
    assert evaluate(load_model(tmp_path / "warm", books), library_questions(), topics="resolved").summary()["correct"] == 1.0
    cold = trainer(books, tmp_path / "cold", warm_start=()).run()
    assert len(cold.epochs) <= 2
    assert cold.best.correct < 1.0


def test_its_epochs_count_for_no_ones_patience(books: KnowledgeBase, tmp_path: Path) -> None:
    """The other question is seen at least once, however long no epoch of the warm start was better than another."""
    unanswerable = [Question(id="x", text="Who is it?", answers=("Amber",))]
    run = Trainer(untrained(books, config(**SETTINGS)), OTHER, unanswerable, tmp_path, source="s", warm_start=library_questions())
    assert len(run.run().epochs) == 8 + 1


@pytest.mark.parametrize("place", [(3, 2), (8, 4), (9, 1)], ids=["in it", "at its end", "after it"])
def test_it_can_be_interrupted(place: tuple[int, int], books: KnowledgeBase, tmp_path: Path) -> None:
    whole = trainer(books, tmp_path / "whole").run()

    def stop(stage: str, done: int, total: int | None) -> None:
        if (stage, done) == (f"epoch {place[0]}", place[1]):
            raise Interruption

    with pytest.raises(Interruption):
        trainer(books, tmp_path / "again", progress=stop).run()
    torch.manual_seed(1)
    again = trainer(books, tmp_path / "again")
    again.resume()
    report = again.run()
    assert [(epoch.number, epoch.loss) for epoch in report.epochs] == [(epoch.number, epoch.loss) for epoch in whole.epochs]


def test_each_stage_warms_up_and_ends_at_zero(books: KnowledgeBase, tmp_path: Path) -> None:
    run = trainer(books, tmp_path)
    done: list[float] = []
    step: Callable[..., float] = run._step
    run._step = lambda examples, share: done.append(share) or step(examples, share)  # type: ignore[method-assign, func-returns-value]
    run.run()
    assert done[0] == done[8 * 4] == 0.0
    assert done[: 8 * 4] == sorted(done[: 8 * 4])
    assert max(done) < 1.0


def test_the_optimizer_starts_anew_with_the_other_questions(books: KnowledgeBase, tmp_path: Path) -> None:
    """By what it remembers of made questions it would measure the first steps on others."""
    run = trainer(books, tmp_path)
    own = len(run.run().epochs) - 8
    assert own > 0
    assert max(int(state["step"]) for state in run.optimizer.state.values()) == own * run._stages[-1].steps


def test_epochs_are_told_with_their_loss_over_their_own_questions(books: KnowledgeBase, tmp_path: Path) -> None:
    told: list[Epoch] = []
    run = trainer(books, tmp_path, on_epoch=told.append)
    run.run()
    assert [epoch.number for epoch in told] == list(range(1, len(told) + 1))
    assert all(epoch.loss > 0 for epoch in told)


def test_going_on_without_the_other_questions_is_refused(books: KnowledgeBase, tmp_path: Path) -> None:
    trainer(books, tmp_path).run()
    with pytest.raises(CheckpointError, match="the same questions"):
        trainer(books, tmp_path, source="library and others").resume()
