"""How many pairs of a question and its answers are needed: none, a few, many; with and without a warm start on made questions."""

import hashlib
import json
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.data import Prepared, prepare, settings
from benchmarks.results import spread
from kgqa.data import Question
from kgqa.data.questions import read_questions
from kgqa.evaluation.report import evaluate
from kgqa.kb import KnowledgeBase
from kgqa.sdk import trainer
from kgqa.selection.select import select
from kgqa.synthesis.folder import synthesize
from kgqa.training.checkpoint import load_model
from kgqa.training.questions import draw


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A data set and the numbers of pairs that are tried.

    Attributes:
        setting: the name of a file in `benchmarks/configs`.
        pairs: how many pairs, each with its seeds; of every kind of question if `per_kind`.
        made: also with questions that are made of the graph.
        selected: also with few pairs that `kgqa select` takes instead of the first ones.
        of_each: how many questions of each kind are asked, and told apart; all together if None.
    """

    place: float
    title: str
    setting: str
    pairs: Mapping[int, Sequence[int]]
    per_kind: bool = False
    made: bool = True
    selected: bool = False
    of_each: int | None = None


FEW: Final = 100
"""Up to so many pairs a warm start and selected pairs are tried too."""

CURVES: Final = {
    "webq-fb15k": Curve(
        place=0.5,
        title="From no pairs to many: WebQ-FB15k",
        setting="webq-fb15k-tuned",
        pairs={0: (0, 1, 2), 30: (0,), 100: (0, 1), 300: (0,), 891: (0,)},
        selected=True,
    ),
    "worldcup2014-ops": Curve(
        place=0.6,
        title="From no pairs to a few of each kind: worldcup2014-ops",
        setting="worldcup2014-ops-minilm",
        pairs={0: (0,), 10: (0, 1, 2, 3, 4)},
        per_kind=True,
    ),
    "metaqa": Curve(
        place=0.65,
        title="MetaQA from 100 questions of each hop count, topics given",
        setting="metaqa-few-minilm",
        pairs={100: (0, 1, 2)},
        per_kind=True,
        made=False,
        selected=True,
        of_each=2000,
    ),
}


def run(name: str, data: Path) -> dict[str, Any]:
    """Train on every number of pairs, with and without a warm start, and evaluate."""
    curve = CURVES[name]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="kgqa-bench-") as scratch:
        here = Path(scratch)
        prepared = prepare(name, data, here)
        kb = prepared.load()
        if curve.made:
            synthesize(kb, here / "made")
        for number, seeds in curve.pairs.items():
            for start in _starts(curve, number):
                runs = [_train(kb, curve, prepared, here, start, seed) for seed in seeds]
                rows.append(asdict(start) | {"runs": runs})
                print(_row(rows[-1]), flush=True)
    files = list(rows[0]["runs"][0]["measured"])
    asked = ", ".join(f"{file} {rows[0]['runs'][0]['measured'][file]['questions']:,}" for file in files)
    what = "pairs of each kind" if curve.per_kind else "pairs"
    text = (
        f"The first {what} of the training questions by their hashes with the seed"
        + ("; or *selected* from all of them by `kgqa select`, which is shown no answers. " if curve.selected else ". ")
        + (
            "Cold or, where they are few, after a *warm* start on the questions that `kgqa synthesize` makes of the graph "
            "(`--warm-start`). Without pairs, the made questions are all there is, and made ones choose the epoch. "
            if curve.made
            else ""
        )
        + "Of pairs, the dev questions choose it. Percent correct, means over seeds, in brackets the lowest and the highest; "
        f"questions: {asked}.\n\n"
        f"| {what} | learned from | start | seeds | {' | '.join(files)} |\n"
        f"|{'---|' * (4 + len(files))}\n" + "\n".join(_row(row) for row in rows)
    )
    return {"place": curve.place, "title": curve.title, "text": text, "seed": "as in the table", "rows": rows}


@dataclass(frozen=True, kw_only=True)
class Start:
    """How many pairs are learned from, whether they are selected or the first ones, and whether made questions come before."""

    pairs: int
    selected: bool = False
    warm: bool = False


def _starts(curve: Curve, number: int) -> list[Start]:
    if not number:
        return [Start(pairs=0, warm=True)]
    starts = [Start(pairs=number)]
    if number <= FEW and curve.made:
        starts.append(Start(pairs=number, warm=True))
    if number <= FEW and curve.selected:
        starts.append(Start(pairs=number, selected=True))
    return starts


def some_pairs(file: Path, kb: KnowledgeBase, start: Start, seed: int, *, per_kind: bool) -> list[str]:
    """Return the lines of a question file that are learned from, in all or of every kind.

    In the order of a hash with the seed: the first ones, or those that are selected.
    """
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    lines.sort(key=lambda line: hashlib.sha256(f"{seed} {line}".encode()).digest())
    kinds: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        kinds[json.loads(line)["kind"] if per_kind else ""].append(line)
    taken: set[str] = set()
    for same in kinds.values():
        if start.selected:
            texts = [json.loads(line)["question"] for line in same]
            taken.update(same[place] for place in select(kb, texts, start.pairs).places)
        else:
            taken.update(same[: start.pairs])
    return [line for line in lines if line in taken]


def _train(kb: KnowledgeBase, curve: Curve, prepared: Prepared, here: Path, start: Start, seed: int) -> dict[str, Any]:
    config = settings(curve.setting, seed=seed)
    epochs = config.training.epochs if start.pairs else config.training.warm_epochs
    config = replace(config, training=replace(config.training, epochs=epochs, patience=None))
    made = here / "made"
    learned, dev, first = made / "train.jsonl", made / "dev.jsonl", None
    if start.pairs:
        learned, dev, first = here / "pairs.jsonl", prepared.dev, made / "train.jsonl" if start.warm else None
        learned.write_text("".join(some_pairs(prepared.train, kb, start, seed, per_kind=curve.per_kind)), encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="kgqa-bench-") as scratch:
        out = Path(scratch) / "model"
        report = trainer(kb, learned, dev=dev, out=out, config=config, warm_start=first).run()
        model = load_model(out, kb)
        measured = {}
        for title, asked in _asked(prepared.asked, curve.of_each).items():
            summary = evaluate(model, asked, topics=config.training.topics).summary()
            measured[title] = {"questions": summary["questions"], "correct": summary["correct"], "f1": summary["f1"]}
    return {"seed": seed, "learned_from": report.questions, "seconds": report.seconds, "measured": measured}


def _asked(files: list[Path], of_each: int | None) -> dict[str, list[Question]]:
    """Return what is asked: all files but that of the training questions; the dev questions and those held out also together."""
    read = {path.stem: read_questions(path) for path in files}
    if of_each is not None:
        kinds = {(name, question.kind) for name, asked in read.items() for question in asked}
        return {
            f"{name}, {kind}": draw([question for question in read[name] if question.kind == kind], of_each, seed=0)
            for name, kind in sorted(kinds, key=str)
        }
    return read | ({"both": [*read["dev"], *read["held-out"]]} if "held-out" in read else {})


def _row(row: dict[str, Any]) -> str:
    runs = row["runs"]
    cells = []
    for title in runs[0]["measured"]:
        shares = [100 * one["measured"][title]["correct"] for one in runs]
        cells.append(spread(shares))
    learned = f"{np.mean([one['learned_from'] for one in runs]):,.0f}"
    start = ("warm" if row["warm"] else "cold") if row["pairs"] else "made questions alone"
    if row["selected"]:
        start = f"*selected*, {start}"
    return f"| {row['pairs']} | {learned} | {start} | {len(runs)} | {' | '.join(cells)} |"
