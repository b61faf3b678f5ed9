"""The commands, in the order in which a newcomer needs them."""

from typing import Annotated

import typer

from kgqa.cli import (
    ask,
    demo,
    doctor,
    evaluate,
    feedback,
    load,
    mapping,
    migrate,
    runs,
    select,
    serve,
    snapshot,
    synthesize,
    train,
    up,
)

app = typer.Typer(
    help="Answer questions from a knowledge graph in Neo4j, and prove each answer with Cypher.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

for _command in (
    demo.demo,
    up.up,
    up.down,
    doctor.doctor,
    migrate.migrate,
    load.load,
    mapping.mapping,
    snapshot.snapshot,
    synthesize.synthesize,
    select.select,
    train.train,
    evaluate.evaluate,
    ask.ask,
    serve.serve,
):
    app.command()(_command)
app.add_typer(runs.app, name="runs")
app.add_typer(feedback.app, name="feedback")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"kgqa {version('kgqa')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Answer questions from a knowledge graph in Neo4j, and prove each answer with Cypher."""
