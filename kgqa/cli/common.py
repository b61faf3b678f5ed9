"""What the commands share: where they print, how they show progress, and how they find the graph."""

import codecs
import json
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any, Final, Self

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.segment import Segment
from rich.text import Text

if TYPE_CHECKING:
    from kgqa.sdk import Graph

_CONTROLS: Final = dict.fromkeys([*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0)], "\ufffd")
"""Characters that mean something to a terminal, but line feeds and tabs."""


class _Plain(Console):
    """A console on which names and questions stand as they are, and cannot clear the screen or set colours by what is in them."""

    def render_str(self, text: str, **settings: Any) -> Text:
        """Make a text that can be styled of a string."""
        return super().render_str(text.translate(_CONTROLS), **settings)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render, with a mark for each control character in a text."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=segment.text.translate(_CONTROLS))


output = _Plain(highlight=False, soft_wrap=True, markup=False, emoji=False)  # names and questions may hold brackets, or :id:
errors = _Plain(stderr=True, highlight=False, emoji=False)

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
    plain = codecs.lookup(sys.stdout.encoding or "ascii").name != "utf-8"  # then programs read every letter as an escape
    typer.echo(json.dumps(value, ensure_ascii=plain, indent=2, default=str))
