"""Whether a number is a count or the value of an attribute, and of which, is learned from questions with numbers alone."""

from pathlib import Path
from typing import Any

from kgqa.config import Config
from kgqa.data.questions import read_questions
from kgqa.evaluation.report import evaluate
from kgqa.sdk import train
from kgqa.training.checkpoint import load_model
from tests.worlds import snapshot_of, write_folder, write_lines

TOWERS = [
    {"id": f"tower{number}", "name": f"Tower {number}", "attributes": {"height": 100.5 + number, "floors": 20 + number % 7}}
    for number in range(40)
]
STANDS_IN = [(f"tower{number}", "stands_in", f"city{number * number % 10}") for number in range(40)]
CITIES = sorted({city for _, _, city in STANDS_IN})
ASKED = {
    "height": ("How tall is {}?", "What is the height of {}?"),
    "floors": ("How many floors does {} have?", "What is the number of floors of {}?"),
}


def values(towers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"question": text.format(tower["name"]), "value": tower["attributes"][attribute], "kind": attribute}
        for tower in towers
        for attribute, texts in ASKED.items()
        for text in texts
    ]


def counts() -> list[dict[str, Any]]:
    standing = [city for _, _, city in STANDS_IN]
    return [{"question": f"How many towers stand in {city}?", "value": standing.count(city), "kind": "count"} for city in CITIES]


def numbered(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"id": str(number), **line} for number, line in enumerate(lines)]


def test_values_and_counts_are_told_apart_for_entities_that_training_never_asked_about(tmp_path: Path) -> None:
    entities = [*TOWERS, *({"id": city, "name": city} for city in CITIES)]
    kb = snapshot_of(write_folder(tmp_path / "towers", entities=entities, facts=STANDS_IN), tmp_path / "snapshot")
    known = write_lines(tmp_path / "train.jsonl", numbered(values(TOWERS[:30]) + counts()))
    new = write_lines(tmp_path / "dev.jsonl", numbered(values(TOWERS[30:]) + counts()))
    settings = Config.from_tables({"model": {"min_word_count": 1, "hops": 1}, "training": {"epochs": 5, "batch": 16}})

    train(kb, known, dev=new, out=tmp_path / "model", config=settings)

    by_kind = evaluate(load_model(tmp_path / "model", kb), read_questions(new)).summary()["by_kind"]
    assert {kind: measures["correct"] for kind, measures in by_kind.items()} == {"height": 1.0, "floors": 1.0, "count": 1.0}
