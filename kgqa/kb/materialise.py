"""Materialise a graph from Neo4j, or a data folder without Neo4j, as a snapshot."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kgqa.data import FolderReader
from kgqa.errors import GraphChanged, GraphError
from kgqa.graph.catalogue import Attribute, Relation, add_attributes, add_relations
from kgqa.graph.connection import Connection
from kgqa.graph.mapping import KGQA_LAYOUT, Mapping
from kgqa.graph.read import OwnReader
from kgqa.graph.read_mapped import MappedReader
from kgqa.graph.rows import Reader
from kgqa.kb.builder import SnapshotBuilder, new_snapshot
from kgqa.kb.snapshot import Manifest
from kgqa.progress import Progress, silent

_SAID: Final = 20_000
"""Entities after which a progress bar hears of them."""


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
    with new_snapshot(folder) as builder:
        try:
            relations, attributes = _read_graph(reader, builder, progress)
        except (GraphError, LookupError):
            _refuse_changes(connection, before)  # what came or went meanwhile leaves facts with ends that were not read
            raise
        _refuse_changes(connection, before)
        source = f"Neo4j, {connection.description}"
        return builder.write(relations=relations, attributes=attributes, mapping=reader.mapping, source=source, progress=progress)


def materialise_files(data: Path, folder: Path, *, progress: Progress = silent) -> Manifest:
    """Write the snapshot that loading the canonical folder `data` and materialising the graph would give, without Neo4j.

    Raises:
        DataError: the data is malformed. Nothing is written.
        StorageError: the snapshot could not be written.
    """
    with new_snapshot(folder) as builder:
        relations, attributes = _read_files(data, builder, progress)
        return builder.write(
            relations=relations,
            attributes=attributes,
            mapping=KGQA_LAYOUT,
            source=f"files, {data.resolve().name}",
            progress=progress,
        )


def _refuse_changes(connection: Connection, before: str) -> None:
    if connection.change_token() != before:
        raise GraphChanged(
            f"{connection.description}: the graph was changed while it was read, so what was read is no state it ever had. "
            "Run the command again when nothing writes to it."
        )


def _read_graph(reader: Reader, builder: SnapshotBuilder, progress: Progress) -> tuple[list[Relation], list[Attribute]]:
    attributes = reader.attributes()
    titles = [attribute.id for attribute in attributes]
    keys: list[int] = []
    for page in reader.entities():
        for row in page:
            keys.append(row.key)
            values = {title: value for title, value in zip(titles, row.values, strict=True) if value is not None}
            builder.add_entity(id=row.id, name=row.name, description=row.description, aliases=row.aliases, attributes=values)
        progress("entities", builder.num_entities, reader.counts()[0])
    numbers = np.full(max(keys, default=-1) + 1, -1, dtype=np.int32)
    numbers[keys] = np.arange(len(keys), dtype=np.int32)
    relations = reader.relations()
    places = {relation.id: place for place, relation in enumerate(relations)}
    total = reader.counts()[1]  # a sum over all entities
    for facts in reader.facts():
        triples = np.empty((len(facts.subjects), 3), dtype=np.int32)
        triples[:, 0], triples[:, 2] = _known(numbers, facts.subjects), _known(numbers, facts.objects)
        triples[:, 1] = places[facts.relation]
        builder.add_facts(triples)
        progress("facts", builder.num_facts, total)
    if not builder.num_facts:
        raise GraphError("expected facts between the entities, found none. Nothing could be answered from such a graph.")
    return relations, attributes


def _known(numbers: NDArray[np.int32], keys: list[int]) -> NDArray[np.int32]:
    found = numbers[keys]
    if (found < 0).any():
        raise LookupError("a fact has an end that is none of the entities that were read")
    return found


def _read_files(data: Path, builder: SnapshotBuilder, progress: Progress) -> tuple[list[Relation], list[Attribute]]:
    reader = FolderReader(data)
    names: set[str] = set()
    for entity in reader.entities():
        builder.add_entity(
            id=entity.id,
            name=entity.name,
            description=entity.description,
            aliases=filter(None, (entity.name, *entity.aliases)),
            attributes=entity.attributes,
        )
        names.update(entity.attributes)
        if builder.num_entities % _SAID == 0:
            progress("entities", builder.num_entities, None)
    progress("entities", builder.num_entities, builder.num_entities)
    for page in reader.facts():
        builder.add_facts(page)
        progress("facts", builder.num_facts, None)
    by_id = {relation.id: relation for relation in add_relations([], reader.relations.values())}
    return [by_id[relation] for relation in reader.relations], add_attributes([], names)
