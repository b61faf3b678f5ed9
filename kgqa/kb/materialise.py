"""Materialise a graph from Neo4j, or a data folder without Neo4j, as a snapshot."""

from array import array
from pathlib import Path

import numpy as np

from kgqa.data import Dataset
from kgqa.errors import GraphChanged, GraphError
from kgqa.graph.connection import Connection
from kgqa.graph.mapping import Mapping
from kgqa.graph.read import OwnReader
from kgqa.graph.read_mapped import MappedReader
from kgqa.graph.rows import EntityRow, Reader
from kgqa.kb.content import Content
from kgqa.kb.snapshot import Manifest, write_snapshot
from kgqa.progress import Progress, silent


def materialise(connection: Connection, folder: Path, *, mapping: Mapping | None = None, progress: Progress = silent) -> Manifest:
    """Read the graph and write a snapshot of it. Only reads from Neo4j.

    Args:
        connection: the graph.
        folder: where the snapshot goes.
        mapping: where the entities are; None for a graph that `kgqa load` wrote.
        progress: told about every page.

    Raises:
        GraphChanged: the graph changed meanwhile. Nothing is written.
        MappingError: the mapping does not fit the graph.
        GraphError: the graph is empty, half loaded, or Neo4j failed.
        StorageError: the snapshot could not be written.
    """
    before = connection.change_token()
    reader: Reader = OwnReader(connection) if mapping is None else MappedReader(connection, mapping)
    try:
        content = _read(reader, progress)
    except (GraphError, LookupError):
        _refuse_changes(connection, before)  # what came or went meanwhile leaves facts with ends that were not read
        raise
    _refuse_changes(connection, before)
    return write_snapshot(content, folder, source=f"Neo4j, {connection.description}")


def materialise_files(dataset: Dataset, folder: Path) -> Manifest:
    """Write the snapshot that loading `dataset` and materialising the graph would give.

    Raises:
        StorageError: the snapshot could not be written.
    """
    return write_snapshot(Content.of_dataset(dataset), folder, source=f"files, {dataset.path.name}")


def _refuse_changes(connection: Connection, before: str) -> None:
    if connection.change_token() != before:
        raise GraphChanged(
            f"{connection.description}: the graph was changed while it was read, so what was read is no state it ever had. "
            "Run the command again when nothing writes to it."
        )


def _read(reader: Reader, progress: Progress) -> Content:
    attributes = reader.attributes()
    rows: list[EntityRow] = []
    for page in reader.entities():
        rows += page
        progress("entities", len(rows), reader.counts()[0])
    places = np.full(max((row.key for row in rows), default=-1) + 1, -1, dtype=np.int32)
    places[[row.key for row in rows]] = np.arange(len(rows), dtype=np.int32)
    relations = reader.relations()
    relation_places = {relation.id: place for place, relation in enumerate(relations)}
    parts = {"subject": array("i"), "relation": array("i"), "object": array("i")}
    for facts in reader.facts():
        parts["subject"].extend(facts.subjects)
        parts["relation"].extend([relation_places[facts.relation]] * len(facts.subjects))
        parts["object"].extend(facts.objects)
        progress("facts", len(parts["subject"]), reader.counts()[1])
    triples = np.stack([np.frombuffer(part, dtype=np.int32) for part in parts.values()], axis=1)
    if not len(triples):
        raise GraphError("expected facts between the entities, found none. Nothing could be answered from such a graph.")
    triples[:, 0], triples[:, 2] = places[triples[:, 0]], places[triples[:, 2]]
    return Content.in_order(
        ids=[row.id for row in rows],
        names=[row.name for row in rows],
        descriptions=[row.description for row in rows],
        aliases=[row.aliases for row in rows],
        attributes=attributes,
        values=np.array([row.values for row in rows], dtype=np.float64).reshape(len(rows), len(attributes)),
        relations=relations,
        facts=triples,
        mapping=reader.mapping,
    )
