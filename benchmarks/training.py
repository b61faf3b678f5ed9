"""How fast MetaQA's three hop counts are learned together, and what is known after that time."""

import tempfile
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch

from benchmarks.ablations import INTERSECTION, PARTS
from benchmarks.data import prepare, settings
from kgqa.config import Config
from kgqa.data.questions import read_questions
from kgqa.evaluation.report import evaluate
from kgqa.kb import KnowledgeBase
from kgqa.model.prediction import Model
from kgqa.training.loop import Trainer, new_model
from kgqa.training.questions import draw

PROFILED: Final = 40

TEXT_ALONE: Final = "question text alone"

SETTINGS: Final = {
    "topics given": ("metaqa-topics", nullcontext),
    TEXT_ALONE: ("metaqa", nullcontext),
    "question text alone, without intersection": ("metaqa", PARTS[INTERSECTION].patch),
}
"""Which configuration, and what is changed. MetaQA asks about one entity each: intersection must not cost anything there."""


def run(data: Path) -> dict[str, Any]:
    """Train with the topics given and with the text alone, evaluate on all dev questions."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="kgqa-bench-") as scratch:
        folder = Path(scratch)
        prepared = prepare("metaqa", data, folder)
        kb, train, dev = prepared.load(), read_questions(prepared.train), read_questions(prepared.dev)
        for number, (setting, (name, changed)) in enumerate(SETTINGS.items()):
            with changed():
                row, model = _train(settings(name), kb, train, dev, folder / str(number))
            rows.append({"setting": setting} | row)
            if setting == TEXT_ALONE:
                both = row
                with PARTS[INTERSECTION].patch():
                    alone = _ask(model, dev)
            print(rows[-1], flush=True)
    lines = [
        f"| {row['setting']} | {row['questions']:,} | {row['batch']} | {row['prepare']:.1f} | {row['seconds']:.1f} "
        f"| {row['questions'] / row['seconds']:,.0f} | **{row['sharp']:,.0f}** ({row['sharp_cpu']:,.0f}) "
        f"| {_percents(row['hits'])} | {row['epoch']:,.0f} |"
        for row in rows
    ]
    text = (
        "One model for all hop counts, one torch thread. *Sharp*: questions a second over the second half of the steps, when "
        "relations are no longer spread over the whole graph; in brackets a second of processor time, in which other machines' "
        f"work does not count. *Whole epoch*: {len(train):,} questions at that speed. Preparing (finding mentions) comes "
        "before training and is not in its seconds. Hits@1 on all dev questions of 1, 2, 3 hops, topics as in training. "
        "*Without intersection* only the best mention of a question is walked, and the others learn nothing. All questions of "
        "MetaQA are about one entity: that row shows what such questions pay for the other mentions.\n\n"
        "| | questions | batch | prepare, s | training, s | questions/s | sharp, questions/s | Hits@1 | whole epoch, s |\n"
        "|---|---|---|---|---|---|---|---|---|\n" + "\n".join(lines)
    )
    text += (
        f"\n\nThe model of the second row, asked with the best mention alone: {_percents(alone['hits'])} instead of "
        f"{_percents(both['hits'])}, {len(dev):,} questions in {alone['asked']:.0f} s instead of {both['asked']:.0f} s."
    )
    for row in rows:
        text += (
            f"\n\nWhere the time of a step goes, {row['setting']}, milliseconds, in torch's profiler:\n\n{_table(row['steps'])}"
        )
    return {"place": 12, "title": "Training speed", "text": text, "seed": 0, "rows": rows}


def _percents(hits: dict[str, float]) -> str:
    return " / ".join(f"{share:.2%}" for share in hits.values())


def _table(steps: dict[str, dict[str, float]]) -> str:
    names = sorted(steps["sharp"], key=lambda name: -steps["sharp"][name])
    lines = [f"| | {' | '.join(steps)} |", "|---" * (len(steps) + 1) + "|"]
    return "\n".join(lines + [f"| {name} | {' | '.join(f'{parts[name]:.2f}' for parts in steps.values())} |" for name in names])


def _train(config: Config, kb: KnowledgeBase, train: list[Any], dev: list[Any], out: Path) -> tuple[dict[str, Any], Model]:
    questions = draw(train, config.training.questions, config.training.seed)
    model = new_model(config, questions, kb)
    clocks: list[tuple[float, float]] = []

    def progress(stage: str, done: int, total: int | None) -> None:
        if stage.startswith("epoch"):
            clocks.append((time.perf_counter(), time.process_time()))

    clock = time.perf_counter()
    trainer = Trainer(model, questions, dev[:1], out, source="benchmark", progress=progress)
    prepared = time.perf_counter() - clock
    report = trainer.run()
    half = len(clocks) // 2
    walls, cpus = zip(*clocks[half:], strict=True)
    asked = (len(clocks) - 1 - half) * config.training.batch
    row = {
        "questions": report.questions,
        "batch": config.training.batch,
        "prepare": prepared,
        "seconds": report.seconds,
        "sharp": asked / (walls[-1] - walls[0]),
        "sharp_cpu": asked / (cpus[-1] - cpus[0]),
        "epoch": len(train) / (asked / (walls[-1] - walls[0])),
        **_ask(model, dev),
        "steps": _steps(config, kb, questions[: len(questions) // 3], out.with_name(f"{out.name}-profiled")),
    }
    return row, model


def _ask(model: Model, dev: list[Any]) -> dict[str, Any]:
    clock = time.perf_counter()
    measures = evaluate(model, dev, topics=model.config.training.topics, keep=False).summary()["by_kind"]
    seconds = time.perf_counter() - clock
    return {"hits": {kind: values["hits@1"] for kind, values in sorted(measures.items())}, "asked": seconds}


_GROUPS: Final = {
    "follow, forward": ("kgqa::count", "kgqa::push", "kgqa::pull"),
    "follow, gradients": ("kgqa::push_backward", "kgqa::pull_backward"),
    "sets": ("kgqa::mix", "kgqa::exclude", "kgqa::intersect"),
    "sets, gradients": ("kgqa::mix_backward", "kgqa::exclude_backward", "kgqa::intersect_backward"),
}


def _steps(config: Config, kb: KnowledgeBase, questions: list[Any], out: Path) -> dict[str, dict[str, float]]:
    """Train again with torch's profiler over a few steps at the start and near the end; return milliseconds of a step by part."""
    config = replace(config, training=replace(config.training, least_steps=1))
    model = new_model(config, questions, kb)
    found: dict[str, dict[str, float]] = {}
    running: dict[str, Any] = {}

    def progress(stage: str, done: int, total: int | None) -> None:
        if not stage.startswith("epoch") or total is None:
            return
        for title, first in (("at the start", 5), ("sharp", total - PROFILED - 5)):
            if done == first:
                running["profiler"] = torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU])
                running["profiler"].__enter__()
                running["clock"] = time.perf_counter()
            if done == first + PROFILED:
                wall = time.perf_counter() - running["clock"]
                running["profiler"].__exit__(None, None, None)
                found[title] = _parts(running["profiler"].key_averages(), 1000 * wall / PROFILED)

    Trainer(model, questions, questions[:1], out, source="benchmark", progress=progress).run()
    return found


def _parts(events: Any, wall: float) -> dict[str, float]:
    others = "other operators of torch, most of them the encoder's"
    parts = dict.fromkeys([*_GROUPS, others], 0.0)
    for event in events:
        spent = event.self_cpu_time_total / 1000 / PROFILED
        own = next((title for title, names in _GROUPS.items() if event.key in names), None)
        parts[own or others] += spent
    return parts | {"Python and the rest": wall - sum(parts.values()), "**a whole step**": wall}
