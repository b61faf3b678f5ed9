"""`kgqa runs`: what the registry remembers, one training with its curves, two evaluations question by question."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from kgqa.cli.common import AsJson, output, print_json
from kgqa.evaluation.measures import EPOCH_MEASURES, percent

if TYPE_CHECKING:
    from rich.table import Table

    from kgqa.registry import EvaluationSummary, RunSummary, SnapshotSummary
    from kgqa.registry.compare import Differing

MOST_SHOWN: Final = 20
"""Questions that are printed of each way in which two evaluations differ; `--json` has them all."""

_MOST: Final = 2**31 - 1
"""The largest number that databases have for an id."""

app = typer.Typer(help="What was materialised, trained and evaluated.")


@app.callback(invoke_without_command=True)
def runs(
    context: typer.Context,
    limit: Annotated[int, typer.Option(help="How many of each are shown.", min=1, max=_MOST)] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the snapshots, trainings and evaluations that were recorded, the newest first."""
    if context.invoked_subcommand is not None:
        return
    from kgqa.registry import Registry

    with Registry.open() as registry:
        snapshots, trainings = registry.recent_snapshots(limit), [_seen(run) for run in registry.recent_runs(limit)]
        evaluations = registry.recent_evaluations(limit)
    if as_json:
        recorded: dict[str, Sequence[Any]] = {"snapshots": snapshots, "runs": trainings, "evaluations": evaluations}
        print_json({title: [asdict(row) for row in rows] for title, rows in recorded.items()})
        return
    for table in (_snapshots(snapshots), _trainings(trainings), _evaluations(evaluations)):
        output.print(table if table.row_count else f"No {table.title} were recorded yet.")


@app.command()
def show(
    run: Annotated[int, typer.Argument(help="The id of a training, as `kgqa runs` prints it.", metavar="RUN", max=_MOST)],
    plot: Annotated[Path | None, typer.Option("--plot", metavar="OUT", help="Draw the learning curves into a file .svg.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show one training: its settings, its epochs, and the evaluations of its model."""
    from kgqa.registry import Registry

    with Registry.open() as registry:
        summary, evaluations = _seen(registry.run(run)), registry.evaluations_of(run)
    if plot is not None:
        from kgqa.registry.curves import draw

        draw(summary, plot)
    if as_json:
        print_json(asdict(summary) | {"evaluations": [asdict(row) for row in evaluations]})
        return
    output.print(f"run {summary.id}, {summary.status}: {summary.model}")
    output.print(f"snapshot {summary.snapshot[:12]}, questions {(summary.questions or '–').replace(chr(10), ', ')}")
    if summary.warm_start is not None:
        output.print(f"learned from first: {summary.warm_start}")
    for reason, number in summary.left_out.items():
        output.print(f"left out: {number:,} questions: {reason}")
    for table, settings in summary.config.items():
        output.print(f"{table}: {', '.join(f'{key} = {value!r}' for key, value in settings.items())}")
    output.print(_epochs(summary))
    if evaluations:
        output.print(_evaluations(evaluations))
    if plot is not None:
        output.print(f"{plot}: the learning curves")


@app.command()
def diff(
    left: Annotated[int, typer.Argument(help="The id of an evaluation, as `kgqa runs` prints it.", metavar="A", max=_MOST)],
    right: Annotated[int, typer.Argument(help="The id of another one.", metavar="B", max=_MOST)],
    as_json: AsJson = False,
) -> None:
    """Compare two evaluations question by question."""
    from kgqa.registry import Registry
    from kgqa.registry.compare import compare

    with Registry.open() as registry:
        first, second = registry.evaluation(left), registry.evaluation(right)
        found = compare(registry.outcomes(left), registry.outcomes(right))
    if as_json:
        print_json(asdict(found) | {"chance": found.chance})
        return
    for letter, one in (("A", first), ("B", second)):
        output.print(f"{letter}: evaluation {one.id}, {one.model}, topics {one.topics}, {one.questions or 'questions in memory'}")
    output.print(
        f"both right {found.both:,}, only A {len(found.lost):,}, only B {len(found.won):,}, neither {found.neither:,}"
        f" (of these {len(found.otherwise):,} were answered differently)"
    )
    if found.left_alone or found.right_alone:
        output.print(f"asked only of A: {found.left_alone:,} questions; only of B: {found.right_alone:,}")
    if found.won or found.lost:
        output.print(f"Models that are equally good differ so much or more with a probability of {found.chance:.2g}.")
    for title, pairs in (("only A is right", found.lost), ("only B is right", found.won)):
        if pairs:
            output.print(_differing(title, pairs))


def _seen(run: "RunSummary") -> "RunSummary":
    """Call a run interrupted that stands as running, and was killed: nothing holds its model's folder any more."""
    from kgqa.training.checkpoint import is_left

    killed = run.status == "running" and is_left(Path(run.model))
    return replace(run, status="interrupted") if killed else run


def _snapshots(rows: Sequence["SnapshotSummary"]) -> "Table":
    table = _table("snapshots", "fingerprint", "entities", "facts", "path")
    for row in rows:
        counts = row.counts
        table.add_row(
            row.fingerprint[:12], f"{counts.get('entities', 0):,}", f"{counts.get('facts', 0):,}", row.path or "in memory"
        )
    return table


def _trainings(rows: Sequence["RunSummary"]) -> "Table":
    table = _table("runs", "id", "status", "started", "epochs", "best dev Hits@1", "seconds", "snapshot", "model")
    for row in rows:
        hits = [epoch.dev.get("hits@1") for epoch in row.epochs]
        best = max((value for value in hits if value is not None), default=None)
        table.add_row(
            str(row.id),
            row.status,
            f"{row.started:%Y-%m-%d %H:%M}",
            str(len(row.epochs)),
            percent(best),
            "–" if row.seconds is None else f"{row.seconds:.0f}",
            row.snapshot[:12],
            row.model,
        )
    return table


def _evaluations(rows: Sequence["EvaluationSummary"]) -> "Table":
    table = _table("evaluations", "id", "run", "questions", "topics", "Hits@1", "file", "model")
    for row in rows:
        table.add_row(
            str(row.id),
            "–" if row.run is None else str(row.run),
            f"{row.metrics.get('questions', 0):,}",
            row.topics,
            percent(row.metrics.get("hits@1")),
            row.questions or "–",
            row.model,
        )
    return table


def _epochs(run: "RunSummary") -> "Table":
    table = _table("epochs", "epoch", "loss", *EPOCH_MEASURES, "seconds")
    for row in run.epochs:
        shares = [percent(row.dev.get(name)) for name in EPOCH_MEASURES.values()]
        table.add_row(str(row.number), "–" if row.loss is None else f"{row.loss:.4f}", *shares, f"{row.seconds:.0f}")
    return table


def _differing(title: str, pairs: Sequence["Differing"]) -> "Table":
    shown = pairs[:MOST_SHOWN]
    left_out = f", {len(shown)} of {len(pairs):,} (--json has them all)" if len(pairs) > len(shown) else ""
    table = _table(title + left_out, "kind", "question", "A", "B")
    for pair in shown:
        answers = ["–" if one.answer is None else str(one.answer) for one in (pair.left, pair.right)]
        table.add_row(pair.left.kind or "–", pair.left.question, *answers)
    return table


def _table(title: str, *columns: str) -> "Table":
    from rich.table import Table

    return Table(*columns, title=title, title_justify="left", box=None, pad_edge=False)
