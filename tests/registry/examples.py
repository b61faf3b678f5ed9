"""What the registry's tests record: a snapshot and a run on it."""

from pathlib import Path
from typing import Any

from kgqa.config import Config
from kgqa.registry import Registry

FINGERPRINT = "f" * 64
COUNTS = {"entities": 7, "relations": 4, "facts": 5, "aliases": 7, "attributes": 1}


def open_in(folder: Path) -> Registry:
    return Registry.open(f"sqlite:///{folder}/registry.sqlite")


def record_films(registry: Registry, path: Path | None = None) -> None:
    registry.record_snapshot(fingerprint=FINGERPRINT, path=path, source="films", counts=COUNTS)


def start(registry: Registry, model: Path, **changes: Any) -> int:
    """Start a run on the films, which are recorded before."""
    record_films(registry)
    values = {"model": model, "snapshot": FINGERPRINT, "config": Config().tables(), "source": "sha256:0123"}
    return registry.start_run(**(values | changes))
