"""A canonical data folder in memory, checked as a whole before anything is done with it."""

import hashlib
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from kgqa.data.records import EntityRecord, RelationRecord, entity_of, relation_of
from kgqa.errors import DataError
from kgqa.files import read_json_lines, read_lines

ENTITIES, FACTS, RELATIONS = "entities.jsonl", "facts.tsv", "relations.jsonl"


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """The entities, relations and facts of a canonical data folder.

    `facts` has shape (N_T, 3), int32: positions of subject, relation and object in `entities` and `relations`,
    sorted and without repeats; `repeats` counts the lines that said the same again.
    """

    path: Path
    fingerprint: str
    entities: list[EntityRecord]
    relations: list[RelationRecord]
    facts: NDArray[np.int32]
    repeats: int

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and check a folder.

        Raises:
            DataError: a file is missing or malformed, an id stands twice, a fact names an unknown entity or relation,
                or there is no entity or no fact at all.
        """
        entities = _read_entities(path / ENTITIES)
        relations = _read_relations(path / RELATIONS)
        facts, relations, repeats = _read_facts(path / FACTS, entities, relations)
        return cls(
            path=path,
            fingerprint=fingerprint_of_files([path / ENTITIES, path / RELATIONS, path / FACTS]),
            entities=list(entities.values()),
            relations=list(relations.values()),
            facts=facts,
            repeats=repeats,
        )

    def attribute_names(self) -> list[str]:
        """Return the names of all numeric attributes, sorted."""
        return sorted({name for entity in self.entities for name in entity.attributes})


def fingerprint_of_files(paths: list[Path]) -> str:
    """Return the SHA-256 of the contents of files, hexadecimal; a missing file counts as empty."""
    digest = hashlib.sha256()
    for path in paths:
        content = hashlib.sha256()
        if path.exists():
            with open(path, "rb") as file:
                while chunk := file.read(1 << 20):
                    content.update(chunk)
        digest.update(content.digest())
    return digest.hexdigest()


def _read_entities(path: Path) -> dict[str, EntityRecord]:
    entities: dict[str, EntityRecord] = {}
    for line, value in read_json_lines(path):
        entity = entity_of(path, line, value)
        if entity.id in entities:
            raise _twice(path, line, entity.id)
        entities[entity.id] = entity
    if not entities:
        raise DataError(path, None, expected="at least one entity", found="an empty file", then="Nothing can be loaded.")
    return entities


def _read_relations(path: Path) -> dict[str, RelationRecord] | None:
    if not path.exists():
        return None
    relations: dict[str, RelationRecord] = {}
    for line, value in read_json_lines(path):
        relation = relation_of(path, line, value)
        if relation.id in relations:
            raise _twice(path, line, relation.id)
        relations[relation.id] = relation
    return relations


def _read_facts(
    path: Path, entities: dict[str, EntityRecord], declared: dict[str, RelationRecord] | None
) -> tuple[NDArray[np.int32], dict[str, RelationRecord], int]:
    entity_rows = {identifier: row for row, identifier in enumerate(entities)}
    relations = {} if declared is None else dict(declared)
    relation_rows = {identifier: row for row, identifier in enumerate(relations)}
    flat = array("i")
    for line, text in read_lines(path):
        columns = text.split("\t")
        if len(columns) != 3:
            raise DataError(
                path, line, expected="subject<TAB>relation<TAB>object", found=f"{len(columns)} columns", then="Mend the line."
            )
        subject, relation, object_ = columns
        for role, identifier in (("subject", subject), ("object", object_)):
            if identifier not in entity_rows:
                raise DataError(
                    path,
                    line,
                    expected=f"a {role} that stands in {ENTITIES}",
                    found=repr(identifier[:100]),
                    then=f"Add it to {ENTITIES} or remove the fact.",
                )
        if relation not in relation_rows:
            if declared is not None or not relation.strip():
                raise DataError(
                    path,
                    line,
                    expected=f"a relation that stands in {RELATIONS}",
                    found=repr(relation[:100]),
                    then=f"Add it to {RELATIONS}, or remove that file to take the relations from the facts.",
                )
            relation_rows[relation] = len(relation_rows)
            relations[relation] = RelationRecord.of_id(relation)
        flat.extend((entity_rows[subject], relation_rows[relation], entity_rows[object_]))
    if not flat:
        raise DataError(path, None, expected="at least one fact", found="an empty file", then="Nothing can be answered.")
    facts = np.frombuffer(flat, dtype=np.int32).reshape(-1, 3)
    unique = np.unique(facts, axis=0)
    return unique, relations, len(facts) - len(unique)


def _twice(path: Path, line: int, identifier: str) -> DataError:
    return DataError(path, line, expected="every id once", found=f"{identifier!r} again", then="Remove one of the lines.")
