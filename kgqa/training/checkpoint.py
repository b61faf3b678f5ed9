"""Models and unfinished trainings on disk: safetensors and JSON, bound to the snapshot they were trained on.

    model.json, model-….safetensors     the best model so far, its settings, words, and the snapshot's fingerprint
    last.json, last-….safetensors       everything to go on from: weights, optimizer, random state, place in the data
    lock                                held by the training that writes here

The JSON file names the tensors that belong to it and is replaced in one step, so a reader never sees half of a change.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout
from safetensors import SafetensorError
from torch import Tensor

from kgqa.config import Config
from kgqa.errors import CheckpointError, ConfigError, DataError, FingerprintMismatch, TrainingError
from kgqa.files import read_json, storing, write_json
from kgqa.kb import KnowledgeBase
from kgqa.model.confidence import Confidence
from kgqa.model.prediction import Model
from kgqa.model.vocabulary import Vocabulary
from kgqa.ops.warm_up import warm_up
from kgqa.progress import Progress, silent
from kgqa.tensor_files import read_tensors, write_tensors

FORMAT: Final = 9
BEST: Final = "model"
LAST: Final = "last"
LOCK: Final = "lock"
_KINDS: Final = {BEST: "model", LAST: "training to go on with"}

_LOCK_SECONDS: Final = 1.0
"""How long a folder is waited for: longer than anybody takes who only looks whether a training holds it."""

_TRIES: Final = 5
"""How often a state is read that is gone when it is opened: a training may write a newer one at any time."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a model says of itself: the snapshot it belongs to, how it was trained, how good it was on dev questions."""

    fingerprint: str
    counts: dict[str, int]
    snapshot: str | None
    config: Config
    words: list[str]
    common: list[str]
    epoch: int
    dev: dict[str, Any]
    confidence: Confidence

    def json(self) -> dict[str, Any]:
        """Return what is written."""
        return {
            "format": FORMAT,
            "kgqa": version("kgqa"),
            "fingerprint": self.fingerprint,
            "counts": self.counts,
            "snapshot": self.snapshot,
            "config": self.config.tables(),
            "epoch": self.epoch,
            "dev": self.dev,
            "confidence": asdict(self.confidence),
            "words": self.words,
            "common": self.common,
        }


def save_model(folder: Path, model: Model, *, epoch: int, dev: dict[str, Any]) -> None:
    """Write a model, whole or not at all.

    Raises:
        StorageError: it could not be written.
    """
    path = model.kb.path
    card = Card(
        fingerprint=model.kb.fingerprint,
        counts=model.kb.counts,
        # Relative, so that a folder with both can be moved.
        snapshot=None if path is None else os.path.relpath(path.resolve(), folder.resolve()),
        config=model.config,
        words=model.vocabulary.words,
        common=sorted(model.vocabulary.common),
        epoch=epoch,
        dev=dev,
        confidence=model.confidence,
    )
    write_state(folder, BEST, model.reasoner.state_dict(), card.json())


def read_card(folder: Path) -> Card:
    """Read what a model says of itself.

    Raises:
        CheckpointError: there is no model, or it is of another format.
    """
    return _card(folder, _read(folder, BEST))


def _card(folder: Path, value: dict[str, Any]) -> Card:
    try:
        return Card(
            fingerprint=value["fingerprint"],
            counts=value["counts"],
            snapshot=value["snapshot"],
            config=Config.from_tables(value["config"]),
            words=value["words"],
            common=value["common"],
            epoch=value["epoch"],
            dev=value["dev"],
            confidence=Confidence(**value["confidence"]),
        )
    except (KeyError, TypeError, ConfigError) as error:
        raise CheckpointError(f"{folder}: expected a model that this version can read: {error}. Train it again.") from error


def load_model(folder: Path, kb: KnowledgeBase | None = None, *, progress: Progress = silent) -> Model:
    """Load a model with the knowledge base it belongs to, and make the operators ready.

    Args:
        folder: the model.
        kb: the knowledge base; the snapshot that the model names if not given.
        progress: told how far the operators are; the first time on a machine they are compiled.

    Raises:
        CheckpointError: the model is missing or damaged.
        SnapshotError: the snapshot that it names is missing or damaged.
        FingerprintMismatch: the knowledge base is not the one it was trained on.
    """
    tensors, value = read_state(folder, BEST)  # both at once: a training may write a better epoch at any time
    card = _card(folder, value)
    if kb is None:
        if card.snapshot is None:
            raise CheckpointError(f"{folder}: expected a knowledge base: the model was trained on one made in memory. Pass it.")
        kb = KnowledgeBase.load((folder / card.snapshot).resolve())
    check_fingerprint(folder, card.fingerprint, card.counts, kb)
    model = replace(Model.new(card.config, Vocabulary(card.words, card.common), kb), confidence=card.confidence)
    restore(model, tensors, folder)
    warm_up(progress)
    return model


def check_fingerprint(folder: Path, fingerprint: str, counts: dict[str, int], kb: KnowledgeBase) -> None:
    """Refuse a knowledge base that a model was not trained on.

    Raises:
        FingerprintMismatch: with both fingerprints and the counts that differ.
    """
    if kb.fingerprint != fingerprint:
        differing = [
            f"{counts.get(name):,} and {kb.counts.get(name):,} {name}"
            for name in sorted(counts.keys() & kb.counts.keys())
            if counts[name] != kb.counts[name]
        ]
        raise FingerprintMismatch(
            f"{folder}: expected the snapshot {fingerprint[:12]} that the model was trained on, found {kb.fingerprint[:12]} "
            f"({'; '.join(differing) or 'the counts are equal, the contents differ'}). "
            "Use that snapshot, or train again on this one."
        )


def restore(model: Model, tensors: dict[str, Tensor], folder: Path) -> None:
    """Put weights into a model.

    Raises:
        CheckpointError: they do not fit.
    """
    try:
        model.reasoner.load_state_dict(tensors)
    except RuntimeError as error:
        raise CheckpointError(f"{folder}: expected weights that fit the settings: {error}. Train the model again.") from error


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Make the folder of a model, and keep other trainings out of it; blocks may stand in each other.

    Raises:
        StorageError: it could not be made.
        TrainingError: another training writes there.
    """
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock((folder / LOCK).resolve(), timeout=_LOCK_SECONDS, is_singleton=True)
        try:
            lock.acquire()
        except Timeout as error:
            raise TrainingError(
                f"{folder}: expected no other training, found one that writes there. Wait until it ends, or choose another."
            ) from error
    try:
        yield
    finally:
        lock.release()
        if not lock.is_locked and [entry.name for entry in folder.iterdir()] == [LOCK]:  # nothing was trained: nothing is left
            with suppress(OSError):
                (folder / LOCK).unlink()
                folder.rmdir()


def stamp(folder: Path) -> list[tuple[str, int]]:
    """Return what tells whether somebody trained in a folder since."""
    files = [file for name in (BEST, LAST) if (file := folder / f"{name}.json").is_file()]
    return [(file.name, file.stat().st_mtime_ns) for file in files]


def is_left(folder: Path) -> bool:
    """Tell whether a folder was trained in, on this machine, and no training that still runs holds it."""
    if not (folder / LOCK).is_file():
        return False
    try:
        with FileLock(folder / LOCK, timeout=0):
            return True
    except (Timeout, OSError):
        return False


def write_state(folder: Path, name: str, tensors: dict[str, Tensor], value: dict[str, Any]) -> None:
    """Write tensors and the JSON file that names them, in place of what stood there under this name.

    Raises:
        StorageError: they could not be written.
    """
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        file = f"{name}-{uuid.uuid4().hex[:8]}.safetensors"
        write_tensors(folder / file, tensors)
        write_json(folder / f"{name}.json", {"tensors": file} | value)
        for old in folder.glob(f"{name}-*.safetensors"):
            if old.name != file:
                old.unlink(missing_ok=True)


def read_state(folder: Path, name: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write_state` wrote.

    Raises:
        CheckpointError: it is missing or damaged.
    """
    left = _TRIES
    while True:
        value = _read(folder, name)
        path = folder / str(value["tensors"])
        try:
            return {key: tensor.clone() for key, tensor in read_tensors(path).items()}, value
        except (SafetensorError, OSError, RuntimeError) as error:  # RuntimeError: gone between two steps of opening it
            left -= 1
            if path.exists() or not left:
                raise CheckpointError(f"{path}: could not be read: {error}. Train the model again.") from error


def _read(folder: Path, name: str) -> dict[str, Any]:
    path = folder / f"{name}.json"
    if not path.is_file():
        then = "Make one with `kgqa train`." if name == BEST else "Remove the folder, if it is there, and train without --resume."
        raise CheckpointError(f"{folder}: expected a {_KINDS[name]}, found no {path.name} in it. {then}")
    try:
        value = read_json(path)
    except DataError as error:
        raise CheckpointError(f"{path}: expected JSON: {error}. Train the model again.") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT or not isinstance(value.get("tensors"), str):
        raise CheckpointError(f"{path}: expected a file of format {FORMAT}, found something else. Train the model again.")
    return value
