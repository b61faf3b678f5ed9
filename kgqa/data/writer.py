"""Write a canonical data folder, line by line, so that it is there whole or not at all."""

import json
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TextIO

from kgqa.data.folder import ENTITIES, FACTS, RELATIONS
from kgqa.data.records import EntityRecord, RelationRecord
from kgqa.files import new_folder

QUARANTINE: Final = "quarantine.tsv"
"""Where a loader sets malformed lines aside."""


class FolderWriter:
    """A context in which entities, relations, facts and questions are appended to a new folder.

    The folder takes its place when the context ends without an error; an error leaves nothing behind. What an earlier folder had
    besides, as questions that somebody wrote, is kept.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.facts = self.questions = 0
        self._stack = ExitStack()
        self._files: dict[str, TextIO] = {}
        self._seen: set[str] = set()

    def __enter__(self) -> Self:
        self._draft = self._stack.enter_context(new_folder(self.path, marker=ENTITIES, passing=[RELATIONS, QUARANTINE]))
        for name in (ENTITIES, FACTS):
            self._file(name)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, trace)

    @property
    def entities(self) -> int:
        """Return the number of entities that were appended."""
        return len(self._seen)

    @property
    def draft(self) -> Path:
        """Return the folder that is being filled; further files may be put there."""
        return self._draft

    def entity(self, entity: EntityRecord) -> None:
        """Append an entity, unless one with its id was appended before."""
        if entity.id not in self._seen:
            self._seen.add(entity.id)
            self._line(ENTITIES, entity.json())

    def relation(self, relation: RelationRecord) -> None:
        """Append a relation."""
        self._line(RELATIONS, relation.json())

    def fact(self, subject: str, relation: str, object_: str) -> None:
        """Append a fact."""
        self._file(FACTS).write(f"{subject}\t{relation}\t{object_}\n")
        self.facts += 1

    def question(self, split: str, value: dict[str, Any]) -> None:
        """Append a question to `questions/{split}.jsonl`."""
        self._line(f"questions/{split}.jsonl", value)
        self.questions += 1

    def _line(self, name: str, value: dict[str, Any]) -> None:
        self._file(name).write(json.dumps(value, ensure_ascii=False) + "\n")

    def _file(self, name: str) -> TextIO:
        if name not in self._files:
            path = self._draft / name
            path.parent.mkdir(exist_ok=True)
            self._files[name] = self._stack.enter_context(open(path, "w", encoding="utf-8", newline="\n"))
        return self._files[name]
