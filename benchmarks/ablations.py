"""What each part of the model is worth: the same training without it, on the data sets that it was made for."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final
from unittest import mock

import torch
from torch import Tensor

from benchmarks.accuracy import SEEDS
from benchmarks.data import Prepared, prepare, settings
from benchmarks.results import spread
from kgqa.data.questions import read_questions
from kgqa.evaluation.report import evaluate
from kgqa.model import branches, entities, operators, prediction, reasoner
from kgqa.model.answer_kind import AnswerKind
from kgqa.model.branches import Batch
from kgqa.model.constraint import ConstraintChooser
from kgqa.model.entities import RelationBag
from kgqa.model.gates import SpanGates
from kgqa.model.names import Names
from kgqa.model.operators import OperatorChooser
from kgqa.sdk import trainer
from kgqa.training import questions as prepared
from kgqa.training.checkpoint import load_model

CLEAR: Final = 0.06
"""What is lost beyond this with the first seed, summed over the files of questions, is clear: no other seed is tried then."""

Patch = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part that can be left out: by settings, or by putting something that does nothing in its place.

    Attributes:
        data: the data sets that it is tried on.
        model: settings that leave it out.
        patch: puts something in its place as long as it is open.
    """

    data: Sequence[str]
    model: dict[str, Any] = field(default_factory=dict)
    patch: Patch = contextlib.nullcontext


@contextlib.contextmanager
def _constant(kind: type, name: str, value: float) -> Iterator[None]:
    """Set a parameter of every new module of a kind to a value that is not learned."""
    made = kind.__init__

    def init(self: Any, *arguments: Any, **named: Any) -> None:
        made(self, *arguments, **named)
        getattr(self, name).requires_grad_(False).fill_(value)

    with mock.patch.object(kind, "__init__", init):
        yield


def _best_alone(self: SpanGates, batch: Batch, spans: Tensor, kinds: Tensor) -> tuple[Tensor, Tensor]:
    probability, gates = _GATES(self, batch, spans, kinds)
    return probability, torch.where(gates < 1.0, gates * 0.0, gates)


def _no_candidates(self: RelationBag, member: Tensor, relation: Tensor, entities: int) -> Tensor:
    return self.embedding.weight.new_zeros(entities, self.embedding.embedding_dim)


def _as_if_all(relations: Tensor, available: Tensor, after: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Take every relation to exist everywhere, but tell kinds and shares as they are."""
    _, reached, shares = _EXISTING(relations, available, after)
    return relations, reached, shares


_EXISTING = reasoner.among_existing
_GATES = SpanGates.forward
_KINDS = reasoner.mean

WHOLE: Final = "nothing"
INTERSECTION: Final = "intersection (11): the best mention alone"
PARTS: Final = {
    WHOLE: Part(data=("worldcup2014-ops", "worldcup2014", "webq-fb15k", "metaqa", "PQL-3H")),
    INTERSECTION: Part(
        data=("worldcup2014", "worldcup2014-ops"), patch=lambda: mock.patch.object(SpanGates, "forward", _best_alone)
    ),
    "candidates by their relations (7), (8)": Part(
        data=("worldcup2014-ops", "webq-fb15k", "metaqa"),
        patch=lambda: mock.patch.object(RelationBag, "forward", _no_candidates),
    ),
    "no candidate is ruled out": Part(
        data=("worldcup2014-ops", "webq-fb15k"), patch=lambda: mock.patch.object(entities, "_FLOOR", 0.0)
    ),
    "what kind of thing a span may name": Part(
        data=("worldcup2014-ops", "webq-fb15k", "PQL-3H"),
        patch=lambda: mock.patch.object(reasoner, "mean", lambda *arguments: _KINDS(*arguments) * 0.0),
    ),
    "what kind of thing each number of hops leads to": Part(
        data=("worldcup2014-ops", "webq-fb15k", "metaqa"),
        patch=lambda: mock.patch.object(AnswerKind, "forward", lambda self, encoding, reading, hops, reached: hops),
    ),
    "relations among those that exist": Part(
        data=("webq-fb15k", "PQL-3H"), patch=lambda: mock.patch.object(reasoner, "among_existing", _as_if_all)
    ),
    "no answer hears what does not exist": Part(
        data=("worldcup2014-ops",), patch=lambda: _constant(OperatorChooser, "lacking", 0.0)
    ),
    "attributes among those that a set has": Part(
        data=("worldcup2014-ops",),
        patch=lambda: mock.patch.object(operators, "held", lambda sets, attributes, values: attributes),
    ),
    "extremes of the likely members": Part(
        data=("worldcup2014-ops",), patch=lambda: mock.patch.object(prediction, "settled", lambda sets, *_, **__: sets)
    ),
    "names of relations and attributes": Part(
        data=("webq-fb15k", "PQL-3H"),
        patch=lambda: mock.patch.object(
            Names, "forward", lambda self, said: said.new_zeros(*said.shape[:-1], len(self.residual))
        ),
    ),
    "gates that leave out the start and the last but one": Part(
        data=("metaqa",), model={"start_gate_bias": -30.0, "return_gate_bias": -30.0}
    ),
    "fewer hops preferred at the start": Part(data=("webq-fb15k", "metaqa"), model={"hop_bias": 0.0}),
    "constraints on answers": Part(data=("webq-fb15k",), patch=lambda: _constant(ConstraintChooser, "none", 1e4)),
    "inexact names": Part(data=("webq-fb15k",), patch=lambda: mock.patch.object(branches, "find_inexact_spans", lambda *_: [])),
    "unanswered questions in other words": Part(
        data=("worldcup2014-ops",), patch=lambda: mock.patch.object(prepared, "reworded", lambda *_, **__: [])
    ),
    "words shown as unknown": Part(data=("webq-fb15k", "metaqa"), model={"word_dropout": 0.0}),
    "with pairs of relation and object besides": Part(data=("webq-fb15k", "metaqa"), model={"entities": "pairs"}),
}


@dataclass(frozen=True, kw_only=True)
class Data:
    """A data set as it is used here: its settings, and further ones that make a training shorter."""

    setting: str
    training: dict[str, Any] = field(default_factory=dict)


DATA: Final = {
    "worldcup2014-ops": Data(setting="worldcup2014-ops-minilm", training={"epochs": 5}),
    "worldcup2014": Data(setting="worldcup2014", training={"epochs": 3}),
    "webq-fb15k": Data(setting="webq-fb15k-minilm"),
    "metaqa": Data(setting="metaqa", training={"questions": 10000}),
    "PQL-3H": Data(setting="pathquestion"),
}


def run(data: Path) -> dict[str, Any]:
    """Train without each part on the data sets that it is for, and evaluate; again with other seeds where that is not clear."""
    tasks = [(title, name) for title, part in PARTS.items() for name in part.data]
    with (
        tempfile.TemporaryDirectory(prefix="kgqa-bench-") as scratch,
        ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)) as workers,
    ):
        ready = {name: prepare(name, data, Path(scratch) / name) for name in DATA}

        def measured(tasks: Sequence[tuple[str, str]], seeds: Sequence[int]) -> list[dict[str, Any]]:
            waited_for = [
                (title, name, seed, workers.submit(_measure, title, name, ready[name], seed))
                for title, name in tasks
                for seed in seeds
            ]
            rows = []
            for title, name, seed, future in waited_for:
                rows.append({"part": title, "data": name, "seed": seed, "measured": future.result()})
                print(rows[-1], flush=True)
            return rows

        rows = measured(tasks, SEEDS[:1])
        whole = {row["data"]: row["measured"] for row in rows if row["part"] == WHOLE}
        lost = {
            (row["part"], row["data"]): sum(whole[row["data"]][file] - share for file, share in row["measured"].items())
            for row in rows
        }
        rows += measured([task for task in tasks if lost[task] <= CLEAR], SEEDS[1:])
    files = {name: list(whole[name]) for name in DATA}
    columns = [(name, file) for name in DATA for file in files[name]]
    titles = [name if file == "dev" else f"{name}, {file}" for name, file in columns]
    lines = []
    for title in PARTS:
        own = [[row["measured"][file] for row in rows if (row["part"], row["data"]) == (title, name)] for name, file in columns]
        lines.append(f"| {title} | {' | '.join(map(_cell, own))} |")
    text = (
        f"The same training without one part, from the text alone; percent correct, mean (range) of seeds {SEEDS[0]} to "
        f"{SEEDS[-1]}, or seed {SEEDS[0]} alone where that lost more than {100 * CLEAR:.0f} points, summed over the files of "
        "questions. "
        "Settings as in `benchmarks/configs`, shortened: "
        + "; ".join(
            f"{name}: {', '.join(f'{key} {value}' for key, value in known.training.items()) or 'as it is'}"
            for name, known in DATA.items()
        )
        + f".\n\n| left out | {' | '.join(titles)} |\n|{'---|' * (1 + len(titles))}\n"
        + "\n".join(lines)
    )
    return {"place": 0.7, "title": "What each part is worth", "text": text, "seed": ", ".join(map(str, SEEDS)), "rows": rows}


def _cell(shares: Sequence[float]) -> str:
    """Write what the seeds measured, in percent; nothing where nothing was measured."""
    percents = [100 * share for share in shares]
    return spread(percents) if len(percents) > 1 else "".join(f"{one:.1f}" for one in percents)


def _measure(title: str, name: str, data: Prepared, seed: int) -> dict[str, float]:
    """Train without a part on a data set, and return the share of right answers in each file of questions.

    In a process of its own: parts are taken out of what the process has imported.
    """
    part, known, kb = PARTS[title], DATA[name], data.load()
    config = settings(known.setting, **known.training, seed=seed)
    config = replace(config, model=replace(config.model, **part.model))
    with tempfile.TemporaryDirectory(prefix="kgqa-bench-") as scratch, part.patch():
        out = Path(scratch) / "model"
        trainer(kb, data.train, dev=data.dev, out=out, config=config).run()
        model = load_model(out, kb)
        files = [file for file in data.asked if file.stem != "dev-ntm"]
        return {file.stem: float(evaluate(model, read_questions(file)).summary()["correct"]) for file in files}
