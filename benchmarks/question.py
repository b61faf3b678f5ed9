"""One question from text to ranked answers with their paths, on MetaQA: how long it takes, and where the time goes."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks import metaqa
from benchmarks.way import CONFIGS
from kgqa import ops, qa
from kgqa.config import Config
from kgqa.data.questions import read_questions
from kgqa.explain import trace
from kgqa.model import prediction
from kgqa.qa import QA
from kgqa.sdk import train
from kgqa.training.questions import draw

QUESTIONS: Final = 1000


def run(data: Path) -> dict[str, Any]:
    """Train, ask one by one, ask many, then ask again with a clock at every part."""
    with tempfile.TemporaryDirectory(prefix="kgqa-bench-") as scratch:
        folder = Path(scratch)
        kb = metaqa.prepare(data, folder)
        questions = folder / "data" / "questions"
        config = Config.read(CONFIGS / "metaqa.toml")
        train(kb, questions / "train.jsonl", dev=questions / "dev.jsonl", out=folder / "model", config=config)
        asked = [question.text for question in draw(read_questions(questions / "dev.jsonl"), QUESTIONS, seed=0)]
        answerer = QA.load(folder / "model", kb=kb)
        for text in asked[:100]:
            answerer.ask(text)
        seconds = []
        for text in asked:
            clock = time.perf_counter()
            answerer.ask(text)
            seconds.append(time.perf_counter() - clock)
        clock = time.perf_counter()
        answerer.ask_many(asked)
        many = QUESTIONS / (time.perf_counter() - clock)
        parts = _parts(answerer, asked)
    p50, p95, p99 = (1000 * value for value in np.percentile(seconds, [50, 95, 99]))
    shares = " · ".join(f"{name} {1000 * part / QUESTIONS:.2f}" for name, part in parts.items())
    text = (
        f"{QUESTIONS:,} dev questions of MetaQA (all hop counts, drawn with seed 0), question text alone, recurrent encoder, no "
        f"Cypher run: **{p50:.1f} ms** (median), **{p95:.1f} ms** (95th percentile), {p99:.1f} ms (99th); targets 5 and 15. "
        f"`ask_many`: **{many:,.0f} questions a second** (target: 1,000), with paths and Cypher for each.\n\n"
        f"Where the time of one question goes, mean milliseconds: {shares}."
    )
    print(text, flush=True)
    result = {"p50": p50, "p95": p95, "p99": p99, "many": many, "parts": parts}
    return {"place": 14, "title": "One question from end to end", "text": text, "seed": 0, "measured": result}


def _parts(answerer: QA, asked: list[str]) -> dict[str, float]:
    """Ask again with a clock at every part; return the seconds of each."""
    taken: Counter[str] = Counter()

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            clock = time.perf_counter()
            result = function(*arguments, **options)
            taken[name] += time.perf_counter() - clock
            return result

        return call

    reasoner = answerer.model.reasoner
    places: list[tuple[Any, str, str]] = [
        (prediction, "lay_out", "spans"),
        (prediction, "collate", "batch"),
        (reasoner.encoder, "forward", "encoder"),
        *((part, "forward", "resolution") for part in (reasoner.bag, reasoner.chooser, reasoner.span_gates)),
        (reasoner.planner, "forward", "plan"),
        (ops, "follow_pruned", "hops"),
        *((ops, name, "sets") for name in ("rescale", "exclude", "mix", "intersect")),
        (trace, "best_paths", "path tracing"),
        (qa, "trace", "whole explanation"),
    ]
    kept = [(owner, name, getattr(owner, name)) for owner, name, _ in places]
    for (owner, name, title), (_, _, function) in zip(places, kept, strict=True):
        setattr(owner, name, timed(title, function))
    try:
        clock = time.perf_counter()
        for text in asked:
            answerer.ask(text)
        total = time.perf_counter() - clock
    finally:
        for owner, name, function in kept:
            setattr(owner, name, function)
    parts = dict(taken)
    parts["names and Cypher"] = parts.pop("whole explanation") - parts["path tracing"]
    return parts | {"rest": total - sum(parts.values())}
