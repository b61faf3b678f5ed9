"""Write small sources in their original layouts, and read what a loader made of them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from kgqa.data import Dataset


def write(path: Path, *lines: str) -> Path:
    """Write a text file, one string a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def json_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def names(folder: Path) -> dict[str, str | None]:
    """Return the names of a folder's entities by id, after checking the folder as `kgqa load` does."""
    return {entity.id: entity.name for entity in Dataset.read(folder).entities}


def facts(folder: Path) -> list[tuple[str, ...]]:
    return sorted(tuple(line.split("\t")) for line in (folder / "facts.tsv").read_text(encoding="utf-8").splitlines())


def quarantined(folder: Path) -> list[tuple[str, int, str]]:
    """Return (file, line, reason) of the lines that were set aside, none if there is no quarantine."""
    path = folder / "quarantine.tsv"
    if not path.exists():
        return []
    header, *rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    assert header == ["file", "line", "reason"]
    return [(file, int(line), reason) for file, line, reason in rows]


def public(name: str) -> Path:
    """Return the folder of a public data set; skip the test where it is not at hand."""
    root = os.environ.get("KGQA_DATA")
    if not root:
        pytest.skip("KGQA_DATA does not name the folder of the public data sets")
    folder = Path(root) / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    return folder
