"""`kgqa train`: train a model from questions and their answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgqa.cli.common import AsJson, Bars, errors, output, print_json

if TYPE_CHECKING:
    from kgqa.config import Config
    from kgqa.training.loop import Epoch, TrainingReport
    from kgqa.training.questions import Examples


def train(
    snapshot: Annotated[Path, typer.Argument(help="The snapshot of the graph.")],
    questions: Annotated[
        list[Path], typer.Option("--questions", help="Questions with their answers, to learn from; may be repeated.")
    ],
    dev: Annotated[Path, typer.Option("--dev", help="Other questions, by which the best epoch is chosen.")],
    out: Annotated[Path, typer.Option("--out", help="The model's folder, a new one.")],
    warm_start: Annotated[
        Path | None, typer.Option("--warm-start", help="Questions to learn from first: train.jsonl of `kgqa synthesize`.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="Settings in TOML.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the training in the model's folder.")] = False,
    gold_topics: Annotated[
        bool, typer.Option("--gold-topics", help="Take the entities from the questions' topics instead of finding them.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train a model from questions and their answers; a training that was interrupted goes on with --resume."""
    from kgqa.kb import KnowledgeBase
    from kgqa.registry import Registry
    from kgqa.sdk import trainer
    from kgqa.training.checkpoint import alone

    settings = _settings(config, gold_topics)
    kb = KnowledgeBase.load(snapshot)
    with Registry.open() as registry, Bars() as bars, alone(out):
        learned = trainer(kb, questions, dev=dev, out=out, warm_start=warm_start, config=settings, resume=resume, progress=bars)
        registry.record_snapshot(fingerprint=kb.fingerprint, path=snapshot, source=None, counts=kb.counts)
        run = registry.resume_run(out) if resume else None
        if run is None:
            run = registry.start_run(
                model=out,
                snapshot=kb.fingerprint,
                config=settings.tables(),
                source=learned.source,
                questions=questions,
                dev=dev,
                warm_start=warm_start,
            )

        def remember(epoch: "Epoch") -> None:
            registry.record_epoch(run, number=epoch.number, loss=epoch.loss, dev=epoch.dev, seconds=epoch.seconds)

        def on_epoch(epoch: "Epoch") -> None:
            with _warned_of():
                remember(epoch)
            if not as_json:
                _print_epoch(epoch)

        for epoch in learned.state.epochs:  # an epoch may have been saved, and not recorded
            remember(epoch)

        if not as_json:
            if learned.warm is not None:
                _print_examples(learned.warm, "made questions")
            _print_examples(learned.examples, "questions")
        learned.on_epoch = on_epoch
        try:
            report = learned.run()
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt | SystemExit)
            with _warned_of():
                registry.finish_run(run, "interrupted" if stopped else "failed")
            raise
        with _warned_of():
            registry.finish_run(run, "finished", left_out=report.left_out, seconds=report.seconds)
    _print_report(report, as_json)


@contextmanager
def _warned_of() -> Iterator[None]:
    """Warn of a registry that cannot be used any more: what is trained is worth more than the note of it."""
    from kgqa.errors import RegistryError

    try:
        yield
    except RegistryError as error:
        errors.print(f"not recorded: {error}", markup=False, soft_wrap=True)


def _settings(path: Path | None, gold_topics: bool) -> "Config":
    from dataclasses import replace

    from kgqa.config import Config

    settings = Config() if path is None else Config.read(path)
    return replace(settings, training=replace(settings.training, topics="given")) if gold_topics else settings


def _print_examples(examples: "Examples", what: str) -> None:
    asked = len(examples.examples) + examples.left_out.total()
    output.print(f"{len(examples.examples):,} of {asked:,} {what} can be learned from")
    for reason, number in examples.left_out.most_common():
        output.print(f"left out: {number:,} questions: {reason}")


def _print_epoch(epoch: "Epoch") -> None:
    output.print(
        f"epoch {epoch.number}: loss {epoch.loss:.4f}, {epoch.correct:.2%} of "
        f"{epoch.dev['questions']:,} dev questions right, {epoch.seconds:.0f} s"
    )


def _print_report(report: "TrainingReport", as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        print_json(asdict(report))
        return
    output.print(
        f"{report.model}: learned from {report.questions:,} questions in {report.seconds:.0f} s; "
        f"best: epoch {report.best.number}, {report.best.correct:.2%} of dev questions right"
    )
