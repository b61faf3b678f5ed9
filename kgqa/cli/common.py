"""What the commands share: where they print, how they show progress, and how they find the graph."""

import json
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from kgqa.sdk import Graph

output = Console(highlight=False, soft_wrap=True, markup=False)  # names and questions may hold brackets
errors = Console(stderr=True, highlight=False)

GraphName = Annotated[
    str | None,
    typer.Option(
        "--graph",
        envvar="KGQA_GRAPH",
        help="Use the local graph of `kgqa up NAME`. Without it: NEO4J_URI if set, else the local graph that runs.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Bars:
    """A context that shows progress on standard error, as bars in a terminal and not at all elsewhere."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=errors,
            transient=True,
            disable=not errors.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.__exit__(kind, error, trace)

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Show how far a stage is."""
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=total)
        self._progress.update(self._tasks[stage], completed=done, total=total)


def connect(name: str | None) -> "Graph":
    """Connect to the graph that the option, else the environment, means."""
    from kgqa.sdk import Graph

    return Graph.find() if name is None else Graph.local(name)


def print_json(value: Any) -> None:
    """Print JSON for other programs: no colours, no wrapping; paths and times as text."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
