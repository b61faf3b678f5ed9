"""The public data sets as the benchmarks use them: as canonical folders, with questions held out, and the settings for them."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from kgqa.config import Config
from kgqa.kb import KnowledgeBase
from kgqa.kb.materialise import materialise_files
from loaders import metaqa, pathquestion, webq_fb15k, worldcup2014

CONFIGS: Final = Path(__file__).parent / "configs"


@dataclass(frozen=True, kw_only=True)
class _Source:
    """Where a data set comes from.

    Attributes:
        folder: below the public data.
        load: the loader that makes a canonical folder of it; None if it is one.
        part: the graph below the loader's output.
        held_out: how many training questions are not trained on but measured, as `held-out`.
    """

    folder: str
    load: Callable[[Path, Path], Any] | None
    part: str = "."
    held_out: int = 0


_SOURCES: Final = {
    "metaqa": _Source(folder="metaqa", load=metaqa.load),
    "webq-fb15k": _Source(folder="webq-fb15k", load=webq_fb15k.load, held_out=300),
    "worldcup2014": _Source(folder="worldcup2014", load=worldcup2014.load),
    "worldcup2014-ops": _Source(folder="worldcup2014-ops", load=None),
} | {name: _Source(folder="pathquestion", load=pathquestion.load, part=name) for name in ("PQ-2H", "PQ-3H", "PQL-2H", "PQL-3H")}


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A data set that is ready: its snapshot and its questions, as folders; what is trained on, and what chooses the epoch."""

    snapshot: Path
    questions: Path

    @property
    def train(self) -> Path:
        """The questions that are trained on."""
        return self.questions / "train.jsonl"

    @property
    def dev(self) -> Path:
        """The questions that choose the epoch."""
        return self.questions / "dev.jsonl"

    @property
    def asked(self) -> list[Path]:
        """The files of questions that are not trained on."""
        return [path for path in sorted(self.questions.glob("*.jsonl")) if path.stem not in ("train", "test")]

    def load(self) -> KnowledgeBase:
        """Load the knowledge base."""
        return KnowledgeBase.load(self.snapshot)


def canonical(name: str, data: Path, scratch: Path) -> Path:
    """Return the canonical folder of a data set; its loader writes it to `scratch`/data, unless it is one already."""
    source = _SOURCES[name]
    if source.load is None:
        return data / source.folder
    source.load(data / source.folder, scratch / "data")
    return scratch / "data" / source.part


def prepare(name: str, data: Path, scratch: Path) -> Prepared:
    """Materialise a data set and hold questions out, all below `scratch`, without Neo4j."""
    folder = canonical(name, data, scratch)
    materialise_files(folder, scratch / "snapshot")
    questions = folder / "questions"
    if _SOURCES[name].held_out:
        questions = _hold_out(questions, scratch / "questions", _SOURCES[name].held_out)
    return Prepared(snapshot=scratch / "snapshot", questions=questions)


def settings(name: str, **training: Any) -> Config:
    """Return the settings of a file in `benchmarks/configs`, with others for the training."""
    config = Config.read(CONFIGS / f"{name}.toml")
    return replace(config, training=replace(config.training, **training))


def _hold_out(questions: Path, out: Path, number: int) -> Path:
    """Copy the dev questions to `out`, and the training questions without `number` of them, chosen by their hashes."""
    out.mkdir(parents=True)
    lines = (questions / "train.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    lines.sort(key=lambda line: hashlib.sha256(line.encode()).digest())
    (out / "held-out.jsonl").write_text("".join(lines[:number]), encoding="utf-8")
    (out / "train.jsonl").write_text("".join(lines[number:]), encoding="utf-8")
    shutil.copy(questions / "dev.jsonl", out)
    return out
