"""Bring the schema of a graph up to date: `migrations/graph/V001__name.cypher` and so on, each applied once.

A file is one or more statements, each ended by ";" at the end of a line. Its SHA-256 is recorded in the graph; a released
file that was changed afterwards is an error. A node that a running migration keeps locked lets one migrator at a time work;
the server frees it when that migrator goes away, however that happens.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, LiteralString, cast

from kgqa.errors import GraphError, MigrationError
from kgqa.files import migrations_folder
from kgqa.graph.connection import Connection

_NAME = re.compile(r"V(\d+)__(\w+)\.cypher")

CREATE_LOCK: Final[LiteralString] = (
    "CREATE CONSTRAINT kgqa_migration_lock IF NOT EXISTS FOR (l:MigrationLock) REQUIRE l.id IS UNIQUE"
)
TAKE_LOCK: Final[LiteralString] = "MERGE (l:MigrationLock {id: 'kgqa'}) SET l.taken = timestamp()"
FIND_FOREIGN_NODE: Final[LiteralString] = """
MATCH (n)
WHERE NOT (n:Entity OR n:Alias OR n:Relation OR n:Attribute OR n:LoadBatch OR n:MigrationLock)
AND NOT (n:Migration AND n.checksum IS NOT NULL)
RETURN labels(n) AS labels
LIMIT 1
"""
READ_APPLIED: Final[LiteralString] = (
    "MATCH (m:Migration) WHERE m.checksum IS NOT NULL "  # the label may stand for something else in a graph
    "RETURN m.version AS version, m.checksum AS checksum, m.description AS description"
)
FIND_NUMBERED: Final[LiteralString] = (
    "MATCH (m:Migration) WHERE m.checksum IS NULL AND m.version IS NOT NULL RETURN m.version AS version LIMIT 1"
)
RECORD: Final[LiteralString] = (
    "MERGE (m:Migration {version: $version, checksum: $checksum}) SET m.description = $description, m.applied = datetime()"
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration file."""

    version: int
    description: str
    checksum: str
    statements: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> "Migration":
        """Read a file named `V001__what_it_does.cypher`.

        Raises:
            MigrationError: the name is not of that form, or the file holds no statement.
        """
        match = _NAME.fullmatch(path.name)
        text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
        lines = [line for line in text.splitlines() if not line.lstrip().startswith("//")]
        statements = [part.strip() for part in re.split(r";[ \t]*(?:\n|$)", "\n".join(lines)) if part.strip()]
        if match is None or not statements:
            raise MigrationError(f"{path}: expected V<number>__<name>.cypher with a statement in it. Rename or remove it.")
        checksum = hashlib.sha256(text.encode("utf-8")).hexdigest()
        return cls(int(match[1]), match[2].replace("_", " "), checksum, tuple(statements))


def read_folder(folder: Path) -> list[Migration]:
    """Read all migrations of a folder, in the order of their versions.

    Raises:
        MigrationError: the folder is missing, or two files have the same version.
    """
    if not folder.is_dir():
        raise MigrationError(f"{folder}: expected the migrations of the graph, found none. Install kgqa again.")
    migrations = sorted((Migration.read(path) for path in folder.glob("*.cypher")), key=lambda item: item.version)
    versions = [migration.version for migration in migrations]
    if len(set(versions)) != len(versions):
        raise MigrationError(f"{folder}: expected every version once, found {versions}. Renumber one.")
    return migrations


def pending(connection: Connection, folder: Path | None = None) -> list[Migration]:
    """Return the migrations that the graph does not have yet.

    Raises:
        MigrationError: a file was changed after it was applied, or the graph has a migration that is not shipped.
    """
    migrations = read_folder(folder or migrations_folder("graph"))
    applied = {row["version"]: row for row in connection.read(READ_APPLIED)}
    for migration in migrations:
        recorded = applied.get(migration.version)
        if recorded is not None and recorded["checksum"] != migration.checksum:
            raise MigrationError(
                f"V{migration.version:03} ({migration.description}): expected the checksum {recorded['checksum'][:12]} "
                f"that was applied, found {migration.checksum[:12]}. A released migration must not be changed: restore the "
                "file and write the change as a new one."
            )
    unknown = set(applied) - {migration.version for migration in migrations}
    if unknown:
        newest = max(unknown)
        raise MigrationError(
            f"the graph has the migration V{newest:03} ({applied[newest]['description']}), which this version of kgqa does "
            "not know. Install the version that made it, or a newer one."
        )
    return [migration for migration in migrations if migration.version not in applied]


def check_own(connection: Connection) -> None:
    """Refuse a graph that somebody else made: it is only read.

    Raises:
        MigrationError: no migration was applied yet, and there is a node that kgqa did not load.
    """
    strangers = [] if connection.read(READ_APPLIED) else connection.read(FIND_FOREIGN_NODE)
    if strangers:
        raise MigrationError(
            f"{connection.description}: expected an empty graph, or one that kgqa loaded; found a node "
            f"({', '.join(strangers[0]['labels'])}) that kgqa did not load. A graph of your own needs no migration: go on with "
            "`kgqa mapping`."
        )


def migrate(connection: Connection, folder: Path | None = None) -> list[Migration]:
    """Apply what is pending, and return it.

    Raises:
        MigrationError: see `pending`; or a statement failed: says which, and those before it stay applied.
    """
    if not pending(connection, folder):
        return []
    for row in connection.read(FIND_NUMBERED):
        raise MigrationError(
            f"{connection.description}: expected no nodes labelled Migration but those of kgqa, found one of the version "
            f"{row['version']!r}. Rename the label, or take another graph."
        )
    connection.run_schema(CREATE_LOCK)
    with connection.errors(), connection.session() as session, session.begin_transaction() as lock:
        lock.run(TAKE_LOCK).consume()  # waits here while another migrator is at work
        todo = pending(connection, folder)
        for migration in todo:
            for statement in migration.statements:
                try:
                    # The texts are files that ship with kgqa; nothing is formatted into them.
                    connection.run_schema(cast(LiteralString, statement))
                except GraphError as error:
                    raise MigrationError(
                        f"V{migration.version:03} ({migration.description}) failed: {error} "
                        "Mend the cause and run `kgqa migrate`."
                    ) from error
            _record(connection, migration)
        lock.commit()
    return todo


def _record(connection: Connection, migration: Migration) -> None:
    values = {
        "version": migration.version,
        "description": migration.description,
        "checksum": migration.checksum,
    }
    connection.write(lambda transaction: transaction.run(RECORD, values).consume())
