"""What `kgqa runs` tells of one training, and of two evaluations."""

import json

from kgqa.registry import Outcome, Registry
from kgqa.training.checkpoint import alone
from tests.registry.examples import FINGERPRINT, start


def record(tmp_path) -> None:
    """A run with two epochs, and two evaluations of its model."""
    with Registry.open() as registry:
        run = start(registry, tmp_path / "model", questions=(tmp_path / "a.jsonl", tmp_path / "b.jsonl"))
        for number in (1, 2):
            dev = {"questions": 4, "correct": number / 4, "hits@1": number / 4, "f1": None, "calibration_error": 0.1}
            registry.record_epoch(run, number=number, loss=1.0 / number, dev=dev, seconds=2.0)
        registry.finish_run(run, status="finished", left_out={"holds no name of an entity": 3})
        for right in ([True, True, False], [True, False, False]):
            outcomes = [
                Outcome(
                    id=f"q{place}",
                    question=f"Is [/it] [i]{place}?",
                    kind="who",
                    correct=correct,
                    answer=None if place else "e0",
                )
                for place, correct in enumerate(right)
            ]
            registry.record_evaluation(
                model=tmp_path / "model", snapshot=FINGERPRINT, topics="resolved", metrics={"questions": 3}, outcomes=outcomes
            )


def test_a_run_is_shown_with_its_settings_epochs_evaluations_and_curves(kgqa, tmp_path):
    record(tmp_path)
    shown = kgqa("runs", "show", 1, "--plot", tmp_path / "curves.svg").out
    assert "run 1, finished" in shown
    assert "a.jsonl, " in shown
    assert "left out: 3 questions: holds no name of an entity" in shown
    assert "learning_rate = 0.003" in shown
    assert "50.00%" in shown
    assert (tmp_path / "curves.svg").read_text(encoding="utf-8").rstrip().endswith("</svg>")
    told = json.loads(kgqa("runs", "show", 1, "--json").out)
    assert ([epoch["number"] for epoch in told["epochs"]], len(told["evaluations"])) == ([1, 2], 2)
    assert kgqa("runs", "show", 7).code == 1
    refused = kgqa("runs", "show", 1, "--plot", tmp_path / "curves.docx")
    assert (refused.code, "expected a file .svg" in refused.err) == (2, True)


def test_two_evaluations_are_compared_question_by_question(kgqa, tmp_path):
    record(tmp_path)
    shown = kgqa("runs", "diff", 1, 2).out
    assert "both right 1, only A 1, only B 0, neither 1" in shown
    assert "only A is right" in shown
    assert "Is [/it] [i]1?" in shown
    assert "[i]2?" not in shown
    assert json.loads(kgqa("runs", "diff", 1, 2, "--json").out)["chance"] == 1.0
    missing = kgqa("runs", "diff", 1, 7)
    assert (missing.code, "expected the evaluation 7, found none" in missing.err) == (1, True)


def test_a_training_that_was_killed_is_called_interrupted(kgqa, tmp_path):
    with Registry.open() as registry:
        start(registry, tmp_path / "model")

    def status():
        return [run["status"] for run in json.loads(kgqa("runs", "--json").out)["runs"]]

    assert status() == ["running"]  # of another machine perhaps
    with alone(tmp_path / "model"):
        assert status() == ["running"]
        (tmp_path / "model" / "last.json").touch()
    assert status() == ["interrupted"]
    assert "run 1, interrupted" in kgqa("runs", "show", 1).out
