"""`kgqa snapshot`: materialise the graph as tensors."""

import time
from pathlib import Path
from typing import Annotated

import typer

from kgqa.cli.common import AsJson, Bars, GraphName, connect, output, print_json


def snapshot(
    out: Annotated[
        Path,
        typer.Argument(help="The folder to write. An older snapshot there is replaced: models that were trained on it need it."),
    ],
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="How to read a graph that kgqa did not load (`kgqa mapping`).")
    ] = None,
    from_files: Annotated[
        Path | None, typer.Option("--from-files", metavar="DATASET", help="Read a data folder, without Neo4j.")
    ] = None,
    graph: GraphName = None,
    as_json: AsJson = False,
) -> None:
    """Materialise the graph as tensors on disk, with a fingerprint. Only reads from Neo4j."""
    from kgqa.errors import ConfigError
    from kgqa.graph.mapping import Mapping
    from kgqa.kb import KnowledgeBase
    from kgqa.kb.materialise import materialise, materialise_files
    from kgqa.registry import Registry

    if mapping is not None and from_files is not None:
        raise ConfigError("--mapping is for a live graph, --from-files for a data folder: expected one of them, found both.")
    Registry.open().close()  # one that cannot be used is told of before the work
    clock = time.perf_counter()
    if from_files is not None:
        with Bars() as bars:
            manifest = materialise_files(from_files, out, progress=bars)
    else:
        chosen = None if mapping is None else Mapping.read(mapping)
        with connect(graph) as connection, Bars() as bars:
            manifest = materialise(connection, out, mapping=chosen, progress=bars)
    seconds = time.perf_counter() - clock
    with Registry.open() as registry:
        registry.record_snapshot(path=out, fingerprint=manifest.fingerprint, source=manifest.source, counts=manifest.counts())
    if as_json:
        print_json({"path": str(out), "fingerprint": manifest.fingerprint, "seconds": seconds} | manifest.counts())
        return
    counts = ", ".join(f"{number:,} {what}" for what, number in manifest.counts().items())
    output.print(f"{out}: {counts}, in {seconds:.1f} s")
    if unnamed := int((~KnowledgeBase.load(out).named).sum()):
        output.print(f"{unnamed:,} entities have no name: paths lead through them, and they are no answers")
    output.print(f"fingerprint {manifest.fingerprint[:12]}")
