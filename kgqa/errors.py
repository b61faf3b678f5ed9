"""Every error that kgqa raises on purpose.

    KgqaError
    ├── ConfigError              unknown key, bad value
    ├── DataError                a data file is wrong: file, line, expected, found
    ├── StorageError             a file could not be written: disk full, no permission
    ├── ShapeError               an operator was given tensors that do not fit together
    ├── GraphError               Neo4j refused or answered something unexpected
    │   ├── GraphUnavailable     no Neo4j could be reached
    │   ├── MappingError         mapping.toml does not fit the live graph
    │   ├── MigrationError       changed checksum, failed statement
    │   ├── LoadError            the graph holds something else, or rows were not written
    │   └── GraphChanged         the graph changed while it was read
    ├── SnapshotError            a snapshot is missing, unfinished or damaged
    │   └── FingerprintMismatch  a model and a snapshot do not belong together
    ├── CheckpointError          a model folder is missing, unfinished or damaged
    ├── TrainingError            there is nothing to learn from
    ├── QuestionError            a question is empty, too long or not text
    └── RegistryError            the registry database could not be used

Every message says what was expected, what was found and what to do next.
"""

from pathlib import Path


class KgqaError(Exception):
    """The root of all errors of kgqa.

    `exit_code` is what the command line returns: 2 where the caller's input is wrong, 1 for everything else.
    """

    exit_code: int = 1


class ConfigError(KgqaError):
    """A configuration has an unknown key or a value that is not allowed."""

    exit_code = 2


class DataError(KgqaError):
    """A data file is wrong.

    >>> str(DataError("facts.tsv", 3, expected="3 columns", found="2 columns", then="Add the missing column."))
    'facts.tsv, line 3: expected 3 columns, found 2 columns. Add the missing column.'
    """

    exit_code = 2

    def __init__(self, path: Path | str, line: int | None, *, expected: str, found: str, then: str) -> None:
        self.path = str(path)
        self.line = line
        place = self.path if line is None else f"{self.path}, line {line}"
        super().__init__(f"{place}: expected {expected}, found {found}. {then}")


class StorageError(KgqaError):
    """A file or folder could not be written."""


class ShapeError(KgqaError):
    """An operator was given tensors whose shapes, dtypes or ids do not fit."""


class GraphError(KgqaError):
    """Neo4j refused a request or answered something unexpected."""


class GraphUnavailable(GraphError):
    """No Neo4j could be reached."""


class MappingError(GraphError):
    """A mapping does not fit the live graph."""

    exit_code = 2


class MigrationError(GraphError):
    """A migration was changed after its release, is missing, or failed."""


class LoadError(GraphError):
    """A data set could not be written into the graph."""


class GraphChanged(GraphError):
    """The graph changed while it was read, so what was read is no snapshot of it."""


class SnapshotError(KgqaError):
    """A snapshot is missing, unfinished or damaged."""


class FingerprintMismatch(SnapshotError):
    """A model was trained on another snapshot than the one it is used with."""


class CheckpointError(KgqaError):
    """A model folder is missing, unfinished or damaged."""


class TrainingError(KgqaError):
    """A training cannot start, or cannot go on."""


class QuestionError(KgqaError):
    """A question is empty, too long, or not text."""

    exit_code = 2


class RegistryError(KgqaError):
    """The registry database could not be used."""


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, or its kind if it says nothing."""
    said = str(error).strip()
    return said.splitlines()[0] if said else type(error).__name__
