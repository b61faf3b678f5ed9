"""A canonical data folder in memory, checked as a whole before anything is done with it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from kgqa.data.folder import ENTITIES, FACTS, RELATIONS, FolderReader
from kgqa.data.records import EntityRecord, RelationRecord


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
        reader = FolderReader(path)
        entities = list(reader.entities())
        facts = np.concatenate(list(reader.facts()))
        unique = np.unique(facts, axis=0)
        return cls(
            path=path,
            fingerprint=fingerprint_of_files([path / ENTITIES, path / RELATIONS, path / FACTS]),
            entities=entities,
            relations=list(reader.relations.values()),
            facts=unique,
            repeats=len(facts) - len(unique),
        )

    @property
    def name(self) -> str:
        """Return what the folder is called, `.` too."""
        return self.path.resolve().name

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
