"""How many answers are right, on dev questions, over several seeds: with the topics given, and from the text alone."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.data import Prepared, prepare, settings
from benchmarks.results import spread
from kgqa.data.questions import read_questions
from kgqa.evaluation.report import evaluate
from kgqa.kb import KnowledgeBase
from kgqa.sdk import trainer
from kgqa.training.checkpoint import load_model

SEEDS: Final = (0, 1, 2)


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Data sets, and names of files in `benchmarks/configs` that are tried on them, each with "given" or "resolved"."""

    place: float
    title: str
    data: tuple[str, ...]
    settings: tuple[tuple[str, str], ...]
    text: str


SUITES: Final = {
    "worldcup2014-ops": Suite(
        place=0.1,
        title="Everything at once: worldcup2014-ops",
        data=("worldcup2014-ops",),
        settings=(("worldcup2014-ops", "resolved"), ("worldcup2014-ops-minilm", "resolved")),
        text="Resolution, one and two hops, intersections of two and three entities, counts, maxima and minima, and questions "
        "without an answer, in one model, from question text and answers alone. *Correct*: the first entity, the number or the "
        "abstention is right. The wordings of dev-unseen do not stand in the training questions.",
    ),
    "worldcup2014": Suite(
        place=0.2,
        title="WorldCup2014: one hop, two hops, two entities",
        data=("worldcup2014",),
        settings=(("worldcup2014", "given"), ("worldcup2014", "resolved")),
        text="One model for P1, P2 and C.",
    ),
    "pathquestion": Suite(
        place=0.3,
        title="PathQuestion",
        data=("PQ-2H", "PQ-3H", "PQL-2H", "PQL-3H"),
        settings=(("pathquestion", "given"), ("pathquestion", "resolved")),
        text="Paths of two and three hops over many relations, from little training data; a model for each.",
    ),
    "webq-fb15k": Suite(
        place=0.4,
        title="Questions that people asked: WebQ-FB15k",
        data=("webq-fb15k",),
        settings=(
            ("webq-fb15k", "resolved"),
            ("webq-fb15k-minilm", "given"),
            ("webq-fb15k-minilm", "resolved"),
            ("webq-fb15k-tuned", "resolved"),
        ),
        text="Trained on 891 of the 1,191 training questions; the others are held out, and choose nothing. The best epoch is "
        "chosen on the dev questions. 434 questions have a standard error of 2.4 points.",
    ),
}


def run(name: str, data: Path) -> dict[str, Any]:
    """Train every setting of a suite with every seed, and evaluate all dev files."""
    suite = SUITES[name]
    rows: list[dict[str, Any]] = []
    for one in suite.data:
        with tempfile.TemporaryDirectory(prefix="kgqa-bench-") as scratch:
            prepared = prepare(one, data, Path(scratch))
            kb = prepared.load()
            for setting, topics in suite.settings:
                runs = [_train(kb, prepared, setting, topics, seed) for seed in SEEDS]
                rows.append({"data": one, "setting": setting, "topics": topics, "runs": runs})
                print(_row(rows[-1]), flush=True)
    lines = [line for row in rows for line in _row(row)]
    text = (
        f"{suite.text} Means over seeds {', '.join(map(str, SEEDS))}, in brackets the lowest and the highest; percent of all "
        "questions. Training time is that of the optimiser's steps on one core. After the calibration error, in brackets, what "
        "it would be by chance if every confidence were exactly right.\n\n"
        "| data, questions | settings | topics | correct | Hits@1 | F1 | calibration error | training, s | questions/s |\n"
        "|---|---|---|---|---|---|---|---|---|\n" + "\n".join(lines)
    )
    kinds = _kinds(rows)
    return {
        "place": suite.place,
        "title": suite.title,
        "text": f"{text}\n\n{kinds}" if kinds else text,
        "seed": ", ".join(map(str, SEEDS)),
        "rows": rows,
    }


def _train(kb: KnowledgeBase, prepared: Prepared, setting: str, topics: str, seed: int) -> dict[str, Any]:
    config = settings(setting, seed=seed, topics=topics)
    with tempfile.TemporaryDirectory(prefix="kgqa-bench-") as scratch:
        out = Path(scratch) / "model"
        learned = trainer(kb, prepared.train, dev=prepared.dev, out=out, config=config)
        clock = time.perf_counter()
        report = learned.run()
        whole = time.perf_counter() - clock
        model = load_model(out, kb)
        measured = {}
        for file in prepared.asked:
            summary = evaluate(model, read_questions(file), topics=config.training.topics).summary()
            measured[file.stem] = {key: value for key, value in summary.items() if key != "by_kind"} | {
                "by_kind": {kind: values["correct"] for kind, values in summary["by_kind"].items()}
            }
    seen = report.questions * len(report.epochs)
    return {
        "seed": seed,
        "left_out": report.left_out,
        "epoch": report.best.number,
        "seconds": report.seconds,
        "whole": whole,
        "rate": seen / report.seconds,
        "measured": measured,
    }


def _row(row: dict[str, Any]) -> list[str]:
    lines = []
    for file in sorted(row["runs"][0]["measured"]):
        found = [run["measured"][file] for run in row["runs"]]
        cells = [spread([100 * measures[key] for measures in found]) for key in ("correct", "hits@1", "f1")]
        error, chance = (
            np.mean([measures[key] for measures in found]) for key in ("calibration_error", "calibration_error_by_chance")
        )
        seconds, rate = (np.mean([run[key] for run in row["runs"]]) for key in ("seconds", "rate"))
        title = f"{row['data']}{'' if file == 'dev' else f', {file}'}, {found[0]['questions']:,}"
        settings = f"`{row['setting']}` | {row['topics']}"
        lines.append(f"| {title} | {settings} | {' | '.join(cells)} | {error:.3f} ({chance:.3f}) | {seconds:.0f} | {rate:,.0f} |")
    if "held-out" in row["runs"][0]["measured"]:
        lines.append(_together(row))
    return lines


def _together(row: dict[str, Any]) -> str:
    """Return a row over the dev questions and those held out, as one set of questions."""
    measured = [[run["measured"][file] for file in ("dev", "held-out")] for run in row["runs"]]
    sizes = [measures["questions"] for measures in measured[0]]
    cells = [
        spread([100 * float(np.average([measures[key] for measures in found], weights=sizes)) for found in measured])
        for key in ("correct", "hits@1", "f1")
    ]
    return f"| {row['data']}, both, {sum(sizes):,} | `{row['setting']}` | {row['topics']} | {' | '.join(cells)} | | | |"


def _kinds(rows: list[dict[str, Any]]) -> str:
    """Return a table of the kinds of questions of which not all are right."""
    lines = []
    for row in rows:
        for file in sorted(row["runs"][0]["measured"]):
            by_kind = [run["measured"][file]["by_kind"] for run in row["runs"]]
            shares = {kind: 100 * float(np.mean([found[kind] for found in by_kind])) for kind in sorted(by_kind[0])}
            wrong = [f"{kind} {share:.0f}" for kind, share in shares.items() if share < 99.5]
            if wrong and len(shares) > 1:
                lines.append(f"- {row['data']}, {file}, `{row['setting']}`, topics {row['topics']}: {', '.join(wrong)}")
    return "Kinds of questions of which not all are right, percent correct:\n" + "\n".join(lines) if lines else ""
