"""One question from text to ranked answers with their paths, on MetaQA: how long it takes, and where the time goes."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.data import prepare, settings
from kgqa import ops, qa
from kgqa.data.questions import read_questions
from kgqa.explain import trace
from kgqa.model import prediction
from kgqa.qa import QA
from kgqa.sdk import train
from kgqa.training.questions import draw

QUESTIONS: Final = 1000

ROUNDS: Final = 5
"""Times that all are asked together: Python looks for garbage in some of them only, a tenth of a second each time."""


def run(data: Path) -> dict[str, Any]:
    """Train with either encoder, ask one by one, ask many, then ask again with a clock at every part."""
    paragraphs, measured = [], {}
    with tempfile.TemporaryDirectory(prefix="kgqa-bench-") as scratch:
        folder = Path(scratch)
        prepared = prepare("metaqa", data, folder)
        kb = prepared.load()
        asked = [question.text for question in draw(read_questions(prepared.dev), QUESTIONS, seed=0)]
        for encoder in ENCODERS:
            model = folder / encoder.setting
            train(kb, prepared.train, dev=prepared.dev, out=model, config=settings(encoder.setting))
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
                measured[encoder.name] = fresh.submit(_asked, model, asked).result()
            paragraphs.append(_paragraph(encoder, measured[encoder.name]))
            print(paragraphs[-1], flush=True)
    text = (
        f"{QUESTIONS:,} dev questions of MetaQA (all hop counts, drawn with seed 0), question text alone, no Cypher run. "
        f"`ask_many` answers with paths and Cypher for each; mean of {ROUNDS} times, Python's collector of garbage included.\n\n"
        + "\n\n".join(paragraphs)
    )
    return {"place": 14, "title": "One question from end to end", "text": text, "seed": 0, "measured": measured}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Encoder:
    name: str
    setting: str
    targets: tuple[int, int]


ENCODERS: Final = (
    _Encoder(name="recurrent", setting="metaqa", targets=(5, 15)),
    _Encoder(name="MiniLM, no reading kept from earlier questions", setting="metaqa-minilm", targets=(15, 30)),
)


def _asked(model: Path, asked: list[str]) -> dict[str, Any]:
    """Ask the questions one by one, then together, then with a clock at every part.

    In a process of its own, as who asks does not train: what training imports makes Python's collector of garbage slower.
    """
    answerer = QA.load(model)
    forget = answerer.model.forget
    for text in asked[:100]:
        answerer.ask(text)
    seconds = []
    for text in asked:
        forget()
        clock = time.perf_counter()
        answerer.ask(text)
        seconds.append(time.perf_counter() - clock)
    clock = time.perf_counter()
    for _ in range(ROUNDS):
        forget()
        answerer.ask_many(asked)
    many = ROUNDS * QUESTIONS / (time.perf_counter() - clock)
    p50, p95, p99 = (1000 * value for value in np.percentile(seconds, [50, 95, 99]))
    return {"p50": p50, "p95": p95, "p99": p99, "many": many, "parts": _parts(answerer, asked, forget)}


def _paragraph(encoder: _Encoder, measured: dict[str, Any]) -> str:
    shares = " · ".join(f"{name} {1000 * part / QUESTIONS:.2f}" for name, part in measured["parts"].items())
    return (
        f"{encoder.name}: **{measured['p50']:.1f} ms** (median), **{measured['p95']:.1f} ms** (95th percentile), "
        f"{measured['p99']:.1f} ms (99th); targets {encoder.targets[0]} and {encoder.targets[1]}. `ask_many`: "
        f"**{measured['many']:,.0f} questions a second**. Where the time of one question goes, mean milliseconds: {shares}."
    )


def _parts(answerer: QA, asked: list[str], forget: Callable[[], None]) -> dict[str, float]:
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
        (trace, "traced", "path tracing"),
        (qa, "trace", "whole explanation"),
    ]
    kept = [(owner, name, getattr(owner, name)) for owner, name, _ in places]
    for (owner, name, title), (_, _, function) in zip(places, kept, strict=True):
        setattr(owner, name, timed(title, function))
    try:
        total = 0.0
        for text in asked:
            forget()
            clock = time.perf_counter()
            answerer.ask(text)
            total += time.perf_counter() - clock
    finally:
        for owner, name, function in kept:
            setattr(owner, name, function)
    parts = dict(taken)
    parts["names and Cypher"] = parts.pop("whole explanation") - parts["path tracing"]
    return parts | {"rest": total - sum(parts.values())}
