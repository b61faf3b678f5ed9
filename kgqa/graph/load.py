"""Write a canonical data set into Neo4j, so that a load that was killed goes on where it stopped and nothing is written twice.

Every batch is one transaction that writes its rows and a `(:LoadBatch)` with the batch's id; a batch whose node is there
already is skipped. Ids of batches start with the fingerprint of the data set, so another data set has other batches.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from neo4j import ManagedTransaction
from numpy.typing import NDArray

from kgqa.data import Dataset, RelationRecord
from kgqa.errors import LoadError
from kgqa.graph import load_queries as queries
from kgqa.graph.catalogue import Relation, add_attributes, add_relations, read_attributes, read_relations
from kgqa.graph.connection import Connection
from kgqa.graph.load_batches import CUT, AliasRow, Batch, alias_batches, alias_rows, entity_batches, fact_batches
from kgqa.graph.migrations import FIND_FOREIGN_NODE, TAKE_LOCK, migrate
from kgqa.progress import Progress, silent

BATCH: Final = 20_000
"""Rows in a transaction: small enough for a heap of 1 GB, large enough that commits do not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """What a load wrote. `skipped` counts batches that an earlier, interrupted load had written."""

    entities: int
    aliases: int
    relations: int
    facts: int
    repeats: int
    batches: int
    skipped: int
    seconds: float
    fact_seconds: float


def load(
    connection: Connection, dataset: Dataset, *, merge: bool = False, size: int = BATCH, progress: Progress = silent
) -> LoadReport:
    """Load `dataset`, after the migrations. A graph that is refused is left as it is, without them.

    Args:
        connection: where to.
        dataset: what to load; it was checked when it was read.
        merge: add to a graph that holds another data set; entities of the same id become one.
        size: rows in a transaction.
        progress: told about every batch.

    Raises:
        LoadError: the graph holds something else and `merge` is not set; an entity is there with other values;
            Neo4j wrote another number of rows than were sent.
        MigrationError, GraphUnavailable: see there.
    """
    started = time.perf_counter()
    done = _done(connection, dataset, merge)
    migrate(connection)
    base, finished_before = _plan(connection, dataset, size, merge=merge)
    aliases = alias_rows(dataset)
    totals = {"entities": len(dataset.entities), "aliases": len(aliases), "facts": len(dataset.facts)}
    finished = dict.fromkeys(totals, 0)
    seconds = dict.fromkeys(totals, 0.0)
    batches = skipped = 0
    clock = time.perf_counter()
    for batch in _batches(connection, dataset, aliases, base=base, size=size, merge=merge):
        identifier = f"{dataset.fingerprint}/{batch.stage}/{batch.number}"
        if finished_before or identifier in done or not _write(connection, batch, identifier, dataset):
            skipped += 1
        batches += 1
        finished[batch.stage] += batch.rows
        now = time.perf_counter()
        seconds[batch.stage] += now - clock
        clock = now
        progress(batch.stage, finished[batch.stage], totals[batch.stage])
    connection.write(lambda transaction: transaction.run(queries.FINISH, dataset=dataset.fingerprint).consume())
    return LoadReport(
        relations=len(dataset.relations),
        repeats=dataset.repeats,
        batches=batches,
        skipped=skipped,
        seconds=time.perf_counter() - started,
        fact_seconds=seconds["facts"],
        **totals,
    )


def unfinished(connection: Connection, *, besides: str = "") -> str | None:
    """Return the name of a data set, but of the one with the fingerprint `besides`, whose load was begun and not finished."""
    return next((row["name"] for row in connection.read(queries.UNFINISHED, {"besides": besides})), None)


def _done(connection: Connection, dataset: Dataset, merge: bool) -> set[str]:
    """Return the ids of the batches that are there; refuse a graph that holds something else."""
    batches = connection.read(queries.READ_BATCHES)
    if merge:
        # The rows of what it did not write yet are kept for it: both would be given the same ones, and neither could be finished.
        begun = unfinished(connection, besides=dataset.fingerprint)
        if begun is not None:
            raise LoadError(
                f"{connection.description}: expected finished loads to add to, found that of {begun!r} interrupted. Load "
                "it again from its folder as it was; or begin with an empty graph (`kgqa up NAME`, then --graph NAME)."
            )
        _refuse_conflicts(connection, dataset)
        for row in connection.read(queries.FIND_UNNUMBERED):
            raise LoadError(
                f"{connection.description}: expected entities that `kgqa load` wrote, found {row['id']!r}, which something else "
                "did: it has no row. Remove it, or its label Entity."
            )
        return {row["id"] for row in batches}
    others = [row["name"] for row in batches if row["dataset"] != dataset.fingerprint and row["name"] is not None]
    strangers = connection.read(FIND_FOREIGN_NODE) or ([] if batches else connection.read(queries.FIND_ENTITY))
    if others or strangers:
        found = (
            f"the data set {others[0]!r}" if others else f"a node ({', '.join(strangers[0]['labels'])}) that kgqa did not load"
        )
        raise LoadError(
            f"{connection.description}: expected an empty graph, or {dataset.name!r} as it is now; found {found}. "
            "Use another graph (`kgqa up NAME`, then --graph NAME), or --merge to add to this one."
        )
    return {row["id"] for row in batches}


def _refuse_conflicts(connection: Connection, dataset: Dataset) -> None:
    properties = {attribute.id: attribute.property for attribute in read_attributes(connection)}
    known = {name: properties.get(name, "") for name in dataset.attribute_names()}  # a new attribute cannot conflict
    for batch in entity_batches(dataset, base=0, properties=known, size=BATCH, merge=True):
        for row in connection.read(queries.FIND_CONFLICT, batch.parameters):
            raise LoadError(
                f"entity {row['id']!r}: expected the {row['property']} {row['there']!r} that the graph has, found "
                f"{row['here']!r} in {dataset.name!r}. Make them agree, or give one of the entities another id."
            )


def _refuse_other_names(present: Sequence[Relation], dataset: Dataset) -> None:
    """Refuse other names of relations that the graph has, unless the data set gives none; they would be dropped in silence."""
    there = {relation.id: relation for relation in present}
    for record in dataset.relations:
        known = there.get(record.id)
        if known is None or record == RelationRecord.of_id(record.id):
            continue
        for what, before, now in (("name", known.name, record.name), ("inverse_name", known.inverse_name, record.inverse_name)):
            if now is not None and before != now:
                raise LoadError(
                    f"relation {record.id!r}: expected the {what} {before!r} that the graph has, found {now!r} in "
                    f"{dataset.name!r}. Make them agree, or give one of the relations another id."
                )


def _plan(connection: Connection, dataset: Dataset, size: int, *, merge: bool) -> tuple[int, bool]:
    """Write the catalogue and the plan of this load, or find them.

    Returns the first row number for its entities, and whether it was finished before.

    Of two loads that begin at the same moment one is refused: both would be given the same rows, and neither could be finished.
    """
    present = read_relations(connection)
    _refuse_other_names(present, dataset)
    parameters = {
        "dataset": dataset.fingerprint,
        "name": dataset.name,
        "size": size,
        "cut": CUT,
        "relations": [asdict(relation) for relation in add_relations(present, dataset.relations)],
        "attributes": [asdict(attribute) for attribute in add_attributes(read_attributes(connection), dataset.attribute_names())],
    }

    def write(transaction: ManagedTransaction) -> dict[str, Any]:
        transaction.run(TAKE_LOCK).consume()
        for other in transaction.run(queries.OTHER_PLANS, parameters):
            if not (merge and other["finished"]):
                raise LoadError(
                    f"{connection.description}: expected no other load, found that of {other['name']!r}, which began meanwhile. "
                    "Wait until it ends, then use --merge to add to it, or another graph."
                )
        for statement in (queries.PLAN, queries.CREATE_RELATIONS, queries.CREATE_ATTRIBUTES):
            transaction.run(statement, parameters).consume()
        return dict(transaction.run(queries.READ_PLAN, parameters).single(strict=True))

    planned = connection.write(write)
    if planned["size"] != size:
        raise LoadError(
            f"this load was begun with {planned['size']:,} rows in a batch, found {size:,}. Go on with the same size."
        )
    if not (planned["cut"] or planned["finished"]):
        raise LoadError(
            f"{connection.description}: expected a load that this version began, found one that another version cut into other "
            "batches. Finish it with that version, or begin with an empty graph (`kgqa down --remove` empties a local one)."
        )
    return int(planned["base"]), bool(planned["finished"])


def _batches(
    connection: Connection, dataset: Dataset, aliases: list[AliasRow], *, base: int, size: int, merge: bool
) -> Iterator[Batch]:
    properties = {attribute.id: attribute.property for attribute in read_attributes(connection)}
    yield from entity_batches(dataset, base=base, properties=properties, size=size, merge=merge)
    rows = _rows(connection, dataset, size) if merge else np.arange(base, base + len(dataset.entities))
    yield from alias_batches(aliases, rows, size=size, merge=merge)
    types = {relation.id: relation.type for relation in read_relations(connection)}
    yield from fact_batches(dataset, rows, types=types, size=size, merge=merge)


def _rows(connection: Connection, dataset: Dataset, size: int) -> NDArray[np.int64]:
    """Return the row of each entity of the data set: those that were there before have rows of their own."""
    rows: list[int] = []
    for start in range(0, len(dataset.entities), size):
        ids = [entity.id for entity in dataset.entities[start : start + size]]
        found = connection.read(queries.READ_ROWS, {"ids": ids})[0]["rows"]
        if len(found) != len(ids):
            raise LoadError(f"expected {len(ids):,} entities that were just written, found {len(found):,}. Load again.")
        rows += found
    return np.array(rows, dtype=np.int64)


def _write(connection: Connection, batch: Batch, identifier: str, dataset: Dataset) -> bool:
    """Write a batch and its `LoadBatch`, or return False if it is there already."""
    record = {
        "id": identifier,
        "dataset": dataset.fingerprint,
        "stage": batch.stage,
        "number": batch.number,
        "rows": batch.rows,
    }

    def write(transaction: ManagedTransaction) -> bool:
        if transaction.run(queries.SEEN, record).single() is not None:
            return False
        written = transaction.run(batch.statement, batch.parameters).single(strict=True)["written"]
        if written != batch.expected:
            raise LoadError(
                f"{batch.stage}: {batch.expected:,} rows were sent in one batch, Neo4j wrote {written:,}. The batch was undone; "
                "something else changes this graph. Load again, or into an empty graph."
            )
        transaction.run(queries.RECORD_BATCH, record).consume()
        return True

    return connection.write(write)
