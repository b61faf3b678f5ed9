"""`kgqa load`: write a canonical data folder into Neo4j."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kgqa.cli.common import AsJson, Bars, GraphName, connect, output, print_json


def load(
    dataset: Annotated[Path, typer.Argument(help="A canonical data folder, as the loaders write it.")],
    merge: Annotated[bool, typer.Option("--merge", help="Add to a graph that holds another data set.")] = False,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export-import-files", metavar="DIR", help="Do not load: write files for `neo4j-admin database import` into DIR."
        ),
    ] = None,
    graph: GraphName = None,
    as_json: AsJson = False,
) -> None:
    """Write a canonical data folder into Neo4j. A load that was interrupted goes on where it stopped."""
    from kgqa.data import Dataset

    read = Dataset.read(dataset)
    if export is not None:
        from kgqa.graph.export import export_import_files

        script = export_import_files(read, export)
        if as_json:
            print_json({"script": script})
        else:
            output.print(
                f"Wrote {export}. Run {script} where neo4j-admin is, with the server stopped. Start it, run `kgqa migrate`."
            )
        return
    from kgqa.graph.load import load as write_into

    with connect(graph) as connection, Bars() as bars:
        report = write_into(connection, read, merge=merge, progress=bars)
    if as_json:
        print_json(asdict(report))
        return
    output.print(
        f"{report.facts:,} facts of {report.relations:,} relations between {report.entities:,} entities with "
        f"{report.aliases:,} aliases in {report.seconds:.1f} s"
    )
    if report.fact_seconds > 0 and not report.skipped:
        output.print(f"{report.facts / report.fact_seconds:,.0f} facts a second")
    if report.repeats:
        output.print(f"{report.repeats:,} lines said a fact again; each fact is in the graph once")
    if report.skipped:
        output.print(f"{report.skipped:,} of {report.batches:,} batches were there already")
