"""`kgqa up` and `kgqa down`: start and stop a local Neo4j that lasts."""

from typing import Annotated

import typer

from kgqa.cli.common import AsJson, Bars, output, print_json


def up(
    name: Annotated[str, typer.Argument(help="The graph's name; graphs of different names are kept apart.")] = "default",
    as_json: AsJson = False,
) -> None:
    """Start a local Neo4j that runs until `kgqa down`, or find it running."""
    from kgqa.graph import find

    with Bars() as bars:
        running = find.start(name, progress=bars)
    if as_json:
        print_json({"name": running.name, "uri": running.uri, "username": "neo4j", "password_file": running.password_file})
        return
    output.print(f"Neo4j runs at {running.uri} (graph {running.name!r}).")
    output.print(f"User neo4j, password in {running.password_file}")
    option = "" if find.is_found(name) else f" --graph {name}"
    output.print(f"Next: kgqa load DATASET{option}. Stop it with: kgqa down{'' if name == 'default' else ' ' + name}")


def down(
    name: Annotated[str, typer.Argument(help="The graph's name.")] = "default",
    remove: Annotated[bool, typer.Option("--remove", help="Remove its graph too, for good.")] = False,
) -> None:
    """Stop a local Neo4j; its graph is kept for the next `kgqa up`, unless it is removed."""
    from kgqa.graph import find

    if remove:
        output.print(f"Removed the graph {name!r}." if find.remove(name) else f"There is no graph {name!r}.")
        return
    stopped = find.stop(name)
    output.print(f"Stopped the graph {name!r}." if stopped else f"The graph {name!r} does not run.")
