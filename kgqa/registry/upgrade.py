"""Bring the tables of a registry up to date with the versions in `migrations/registry`, one process at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from filelock import FileLock
from sqlalchemy import Connection, Engine, text

from kgqa.errors import RegistryError
from kgqa.files import migrations_folder
from kgqa.registry.database import outside_transactions, shown, sqlite_file
from kgqa.registry.tables import VERSION_TABLE

_LOCK_SECONDS = 60.0
_LOCK_KEY: Final = 0x6B677161  # "kgqa": other programs in the same PostgreSQL have other numbers

_in_this_process = threading.Lock()  # Alembic keeps the migration at work in a global variable


def configuration(folder: Path | None = None) -> Config:
    """Return the settings of Alembic for the versions that ship with kgqa, or those of another folder."""
    config = Config()
    config.set_main_option("script_location", str(folder or migrations_folder("registry")).replace("%", "%%"))
    return config


def upgrade(engine: Engine, folder: Path | None = None) -> None:
    """Apply the versions that the database does not have yet: all of them or, where the database can undo it, none.

    Raises:
        RegistryError: the database has a version that is not shipped, or the shipped ones are damaged.
        SQLAlchemyError, OSError: the database could not be used.
    """
    with _alone(engine), engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        config = configuration(folder)
        try:
            shipped = ScriptDirectory.from_config(config)
            applied = _applied(connection)
            unknown = [version for version in applied if version not in {script.revision for script in shipped.walk_revisions()}]
            if unknown:
                raise RegistryError(
                    f"{shown(engine.url)}: the registry has the version {unknown[0]!r}, which this version of kgqa does not "
                    "know. Upgrade kgqa to the version that made it, or to a newer one."
                )
            if set(applied) != set(shipped.get_heads()):
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except CommandError as error:
            raise RegistryError(
                f"{shipped_at(config)}: expected the versions of the registry: {error}. Install kgqa again."
            ) from error


def shipped_at(config: Config) -> str:
    """Return the folder of the versions."""
    return config.get_main_option("script_location", "")


def _applied(connection: Connection) -> tuple[str, ...]:
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_heads()


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """Keep others from upgrading the same SQLite file, and switch it to a log that lets one write while others read."""
    file = sqlite_file(engine.url)
    with _in_this_process:
        if file is None:
            yield
            return
        # A new file is switched only while nobody else has it open: SQLite does not wait here, it fails.
        with FileLock(file.with_name(f"{file.name}.lock"), timeout=_LOCK_SECONDS):
            with outside_transactions(engine).connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            yield
