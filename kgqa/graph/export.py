"""Write the files that `neo4j-admin database import full` reads: the fastest first load of a large graph.

What the imported graph holds is what `kgqa load` would have written, the batches' marks included, so `kgqa migrate` adds the
constraints and everything goes on from there.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kgqa.data import Dataset
from kgqa.files import new_folder
from kgqa.graph.catalogue import add_attributes, add_relations
from kgqa.graph.load import BATCH
from kgqa.graph.load_batches import alias_rows

SCRIPT: Final = "import.sh"


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    header: Sequence[str]
    rows: Iterable[Sequence[Any]]


def export_import_files(dataset: Dataset, folder: Path) -> Path:
    """Write the CSV files of `dataset` and a script with the import command into a new folder; return the script's path.

    Raises:
        StorageError: the folder holds something else, or could not be written.
    """
    relations = add_relations([], dataset.relations)
    types = {relation.id: relation.type for relation in relations}
    attributes = add_attributes([], dataset.attribute_names())
    aliases = alias_rows(dataset)
    nodes = [
        _File(
            "entities.csv",
            ["id:ID(Entity)", "row:long", "name", "description", *(f"{a.property}:double" for a in attributes)],
            (
                [e.id, row, e.name, e.description, *(e.attributes.get(a.id) for a in attributes)]
                for row, e in enumerate(dataset.entities)
            ),
        ),
        _File("aliases.csv", ["id:ID(Alias)", "text", "key"], ([a.id, a.text, a.key] for a in aliases)),
        _File(
            "relations.csv",
            ["id:ID(Relation)", "type", "name", "inverse_name", "description"],
            ([r.id, r.type, r.name, r.inverse_name, r.description] for r in relations),
        ),
        _File("attributes.csv", ["id:ID(Attribute)", "property", "name"], ([a.id, a.property, a.name] for a in attributes)),
        _File(
            "batches.csv",
            [
                "id:ID(LoadBatch)",
                "dataset",
                "stage",
                "name",
                "base:long",
                "size:long",
                "finished:datetime",
                "number:long",
                "rows:long",
            ],
            _batch_rows(dataset, len(aliases)),
        ),
    ]
    relationships = [
        _File(
            "names.csv",
            [":START_ID(Alias)", ":END_ID(Entity)"],
            ([a.id, dataset.entities[place].id] for a in aliases for place in a.entities),
        ),
        _File(
            "facts.csv",
            [":START_ID(Entity)", ":TYPE", ":END_ID(Entity)"],
            (
                [dataset.entities[s].id, types[dataset.relations[p].id], dataset.entities[o].id]
                for s, p, o in dataset.facts.tolist()
            ),
        ),
    ]
    with new_folder(folder, marker=SCRIPT, passing=["*.csv"]) as draft:
        for file in (*nodes, *relationships):
            with open(draft / file.name, "w", encoding="utf-8", newline="") as handle:
                writer = csv.writer(handle)
                writer.writerow(file.header)
                writer.writerows(file.rows)
        (draft / SCRIPT).write_text(_script(), encoding="utf-8")
        (draft / SCRIPT).chmod(0o755)
    return folder / SCRIPT


def _batch_rows(dataset: Dataset, aliases: int) -> Iterator[list[Any]]:
    """Yield the plan of a finished load and the mark of each of its batches, so that `kgqa load` finds nothing left to do."""
    mark = dataset.fingerprint
    yield [f"{mark}/plan", mark, "plan", dataset.name, 0, BATCH, "1970-01-01T00:00:00Z", None, None]
    for stage, rows in (("entities", len(dataset.entities)), ("aliases", aliases), ("facts", len(dataset.facts))):
        for number, start in enumerate(range(0, rows, BATCH)):
            yield [f"{mark}/{stage}/{number}", mark, stage, None, None, None, None, number, min(BATCH, rows - start)]


def _script() -> str:
    return """#!/bin/sh
# Run this on the machine of a stopped Neo4j, with neo4j-admin on the PATH; start Neo4j and run `kgqa migrate` afterwards.
cd "$(dirname "$0")" && exec neo4j-admin database import full neo4j --overwrite-destination \\
  --multiline-fields=true --legacy-style-quoting=false --quote='"' \\
  --nodes=Entity=entities.csv --nodes=Alias=aliases.csv --nodes=Relation=relations.csv \\
  --nodes=Attribute=attributes.csv --nodes=LoadBatch=batches.csv \\
  --relationships=NAMES=names.csv --relationships=facts.csv "$@"
"""
