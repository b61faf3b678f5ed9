"""Read a canonical data folder piece by piece, checked line by line: a graph need not fit in memory to be read."""

from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kgqa.data.records import EntityRecord, RelationRecord, check_id, entity_of, relation_of
from kgqa.errors import DataError
from kgqa.files import decoded, open_bytes, read_json_lines

ENTITIES, FACTS, RELATIONS = "entities.jsonl", "facts.tsv", "relations.jsonl"

_PAGE: Final = 1 << 23
"""Bytes of `facts.tsv` that are read at once."""

_END: Final = b"\n"


class FolderReader:
    """Reads the entities of a folder, then its facts. It keeps one number for each entity's id, nothing else.

    Attributes:
        path: the folder.
        relations: those of `relations.jsonl`; without that file those that the facts have named so far. Their order is that of
            the numbers in `facts`.
    """

    def __init__(self, path: Path) -> None:
        """Read the relations.

        Raises:
            DataError: `relations.jsonl` is malformed, or names a relation twice.
        """
        self.path = path
        self.relations = _read_relations(path / RELATIONS)
        self._declared = (path / RELATIONS).exists()
        self._relation_numbers = {identifier.encode(): number for number, identifier in enumerate(self.relations)}
        self._entity_numbers: dict[bytes, int] = {}

    def entities(self) -> Iterator[EntityRecord]:
        """Yield the entities; facts name them by their place in this order.

        Raises:
            DataError: the file is missing, empty or malformed, or an id stands twice.
        """
        path, numbers = self.path / ENTITIES, self._entity_numbers
        for line, value in read_json_lines(path):
            entity = entity_of(path, line, value)
            key = entity.id.encode()
            if key in numbers:
                raise _twice(path, line, entity.id)
            numbers[key] = len(numbers)
            yield entity
        if not numbers:
            raise DataError(path, None, expected="at least one entity", found="an empty file", then="Nothing can be loaded.")

    def facts(self) -> Iterator[NDArray[np.int32]]:
        """Yield the facts in pages of shape (n, 3): the numbers of subject, relation and object.

        Raises:
            DataError: the file is missing, empty or malformed, or a fact names an unknown entity or relation.
        """
        path, line, total = self.path / FACTS, 1, 0
        with open_bytes(path) as file:
            while page := file.read(_PAGE):
                page += file.readline()
                facts = self._quickly(page)
                if facts is None:
                    facts = self._carefully(path, line, page)
                line += page.count(_END)
                total += len(facts)
                yield facts
        if not total:
            raise DataError(path, None, expected="at least one fact", found="an empty file", then="Nothing can be answered.")

    def _quickly(self, page: bytes) -> NDArray[np.int32] | None:
        """Read a page in which every line is a fact of known entities and relations; return None if one is not."""
        if b"\r" in page:
            page = page.replace(b"\r\n", _END)
        if not page.endswith(_END):
            page += _END
        # Line ends become columns of their own, so that a column too many in one line cannot make up for one too few in the next.
        columns = page.replace(_END, b"\t\n\t").split(b"\t")[:-1]
        number = len(columns) // 4
        if len(columns) % 4 or columns[3::4].count(_END) != number:
            return None
        facts = np.empty((number, 3), dtype=np.int32)
        for place, numbers in enumerate((self._entity_numbers, self._relation_numbers, self._entity_numbers)):
            facts[:, place] = np.fromiter(map(numbers.get, columns[place::4], repeat(-1)), dtype=np.int32, count=number)
        return None if (facts < 0).any() else facts

    def _carefully(self, path: Path, line: int, page: bytes) -> NDArray[np.int32]:
        """Read a page line by line: say what is wrong with the first line that is, skip empty ones, take in new relations."""
        facts = []
        for number, raw in enumerate(page.split(_END), start=line):
            text = decoded(path, number, raw)
            if text:
                facts.append(self._fact(path, number, text))
        return np.array(facts, dtype=np.int32).reshape(-1, 3)

    def _fact(self, path: Path, line: int, text: str) -> tuple[int, int, int]:
        columns = text.split("\t")
        if len(columns) != 3:
            raise DataError(
                path, line, expected="subject<TAB>relation<TAB>object", found=f"{len(columns)} columns", then="Mend the line."
            )
        subject, relation, object_ = (column.encode() for column in columns)
        for role, identifier in (("subject", subject), ("object", object_)):
            if identifier not in self._entity_numbers:
                raise DataError(
                    path,
                    line,
                    expected=f"a {role} that stands in {ENTITIES}",
                    found=repr(identifier.decode()[:100]),
                    then=f"Add it to {ENTITIES} or remove the fact.",
                )
        if relation not in self._relation_numbers:
            if self._declared or not columns[1].strip():
                raise DataError(
                    path,
                    line,
                    expected=f"a relation that stands in {RELATIONS}",
                    found=repr(columns[1][:100]),
                    then=f"Add it to {RELATIONS}, or remove that file to take the relations from the facts.",
                )
            check_id(path, line, columns[1])
            self._relation_numbers[relation] = len(self._relation_numbers)
            self.relations[columns[1]] = RelationRecord.of_id(columns[1])
        return self._entity_numbers[subject], self._relation_numbers[relation], self._entity_numbers[object_]


def _read_relations(path: Path) -> dict[str, RelationRecord]:
    relations: dict[str, RelationRecord] = {}
    for line, value in read_json_lines(path) if path.exists() else ():
        relation = relation_of(path, line, value)
        if relation.id in relations:
            raise _twice(path, line, relation.id)
        relations[relation.id] = relation
    return relations


def _twice(path: Path, line: int, identifier: str) -> DataError:
    return DataError(path, line, expected="every id once", found=f"{identifier!r} again", then="Remove one of the lines.")
