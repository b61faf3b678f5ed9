"""Made questions are written as files that training reads, whole or not at all."""

from pathlib import Path

import pytest

from kgqa.data.questions import read_questions
from kgqa.errors import ConfigError, StorageError, TrainingError
from kgqa.kb import KnowledgeBase
from kgqa.synthesis.folder import synthesize
from tests.worlds import snapshot_of, write_folder


def test_the_files_can_be_read_and_are_counted(cinema: KnowledgeBase, tmp_path: Path) -> None:
    told: list[int] = []
    report = synthesize(cinema, tmp_path / "made", questions=300, progress=lambda _, done, __: told.append(done))
    train, dev = (read_questions(tmp_path / "made" / f"{name}.jsonl") for name in ("train", "dev"))
    assert (len(train), len(dev)) == (report.train, report.dev)
    assert sum(report.kinds.values()) == report.train + report.dev == told[-1]
    assert {question.kind for question in [*train, *dev]} == set(report.kinds)


def test_an_older_folder_is_replaced_another_one_is_not(cinema: KnowledgeBase, tmp_path: Path) -> None:
    first = synthesize(cinema, tmp_path / "made", questions=300)
    assert synthesize(cinema, tmp_path / "made", questions=200).train < first.train
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "train.jsonl").write_text("written by hand")
    with pytest.raises(StorageError, match=r"expected a new folder or one with a synthesis\.json"):
        synthesize(cinema, tmp_path / "mine")
    assert (tmp_path / "mine" / "train.jsonl").read_text() == "written by hand"


def test_a_graph_without_names_gives_no_questions_and_no_folder(tmp_path: Path) -> None:
    data = write_folder(
        tmp_path / "data", entities=[{"id": "a", "name": None}, {"id": "b", "name": None}], facts=[("a", "r", "b")]
    )
    lonely = snapshot_of(data, tmp_path / "snapshot")
    with pytest.raises(TrainingError, match="expected a graph with facts between named entities"):
        synthesize(lonely, tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_a_seed_below_zero_is_refused_before_anything_is_written(cinema: KnowledgeBase, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"expected a seed from 0 upwards, found -1\. Choose another\."):
        synthesize(cinema, tmp_path / "made", questions=20, seed=-1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["Ünïcode «…» ☃", "a\tb", "'\"`{}", "x" * 3000, "?!", "ﬀ ½"])
def test_odd_names_are_asked_about_or_left_out(tmp_path: Path, name: str) -> None:
    entities = [{"id": "odd", "name": name}, *({"id": f"e{place}", "name": f"Entity {place}"} for place in range(30))]
    facts = [("odd", "made", "e1"), *((f"e{place}", "made", f"e{place + 1}") for place in range(0, 30, 2))]
    kb = snapshot_of(write_folder(tmp_path / "data", entities=entities, facts=facts), tmp_path / "snapshot")
    report = synthesize(kb, tmp_path / "made", questions=200)
    questions = [*read_questions(tmp_path / "made" / "train.jsonl"), *read_questions(tmp_path / "made" / "dev.jsonl")]
    assert len(questions) == report.train + report.dev
