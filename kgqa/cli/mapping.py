"""`kgqa mapping`: propose how a graph that kgqa did not load is to be read."""

from pathlib import Path
from typing import Annotated

import typer

from kgqa.cli.common import GraphName, connect, output


def mapping(
    write: Annotated[Path | None, typer.Option("--write", metavar="FILE", help="Write the proposal to a file.")] = None,
    graph: GraphName = None,
) -> None:
    """Propose a mapping of the live graph, for a person to correct. Only reads."""
    from kgqa.graph.propose import propose

    with connect(graph) as connection:
        text = propose(connection)
    if write is None:
        typer.echo(text, nl=False)
        return
    from kgqa.errors import StorageError
    from kgqa.files import write_text

    if write.exists():
        raise StorageError(f"{write}: expected a new file, found one. Choose another name, so that no correction is lost.")
    write_text(write, text)
    output.print(f"Wrote {write}. Look through it, correct it, then: kgqa snapshot OUT --mapping {write}")
