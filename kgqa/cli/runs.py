"""`kgqa runs`: what the registry remembers."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kgqa.cli.common import AsJson, output, print_json

if TYPE_CHECKING:
    from rich.table import Table


def runs(
    limit: Annotated[int, typer.Option(help="How many of each are shown.", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the snapshots, trainings and evaluations that were recorded, the newest first."""
    from kgqa.registry import Registry

    with Registry.open() as registry:
        recorded: dict[str, list[Any]] = {
            "snapshots": list(registry.recent_snapshots(limit)),
            "runs": list(registry.recent_runs(limit)),
            "evaluations": list(registry.recent_evaluations(limit)),
        }
    if as_json:
        print_json({title: [asdict(row) for row in rows] for title, rows in recorded.items()})
        return
    for title, table in _tables(recorded).items():
        if table.row_count:
            output.print(table)
        else:
            output.print(f"No {title} were recorded yet.")


def _tables(recorded: dict[str, list[Any]]) -> dict[str, "Table"]:
    snapshots = _table("snapshots", "fingerprint", "entities", "facts", "path")
    for row in recorded["snapshots"]:
        counts = row.counts
        snapshots.add_row(
            row.fingerprint[:12], f"{counts.get('entities', 0):,}", f"{counts.get('facts', 0):,}", row.path or "in memory"
        )
    trainings = _table("runs", "id", "status", "started", "epochs", "best dev Hits@1", "seconds", "snapshot", "model")
    for row in recorded["runs"]:
        hits = [epoch.dev.get("hits@1") for epoch in row.epochs]
        best = max((value for value in hits if value is not None), default=None)
        trainings.add_row(
            str(row.id),
            row.status,
            f"{row.started:%Y-%m-%d %H:%M}",
            str(len(row.epochs)),
            _percent(best),
            "–" if row.seconds is None else f"{row.seconds:.0f}",
            row.snapshot[:12],
            row.model,
        )
    evaluations = _table("evaluations", "id", "run", "questions", "topics", "Hits@1", "file", "model")
    for row in recorded["evaluations"]:
        evaluations.add_row(
            str(row.id),
            "–" if row.run is None else str(row.run),
            f"{row.metrics.get('questions', 0):,}",
            row.topics,
            _percent(row.metrics.get("hits@1")),
            row.questions or "–",
            row.model,
        )
    return {"snapshots": snapshots, "runs": trainings, "evaluations": evaluations}


def _table(title: str, *columns: str) -> "Table":
    from rich.table import Table

    return Table(*columns, title=title, title_justify="left", box=None, pad_edge=False)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.2%}"
