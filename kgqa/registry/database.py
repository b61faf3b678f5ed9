"""Which database the registry is, how it is opened, and how its errors are told.

SQLite, `registry.sqlite` in the data folder, unless `KGQA_REGISTRY_URL` names another one.
"""

import json
import math
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, NullPool, StaticPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError, StatementError
from sqlalchemy.pool import ConnectionPoolEntry

from kgqa.errors import RegistryError
from kgqa.files import data_home

URL_VARIABLE: Final = "KGQA_REGISTRY_URL"

_BUSY_SECONDS = 30
_NEXT_STEP = (
    f"Check that it is there, can be written and is not held by another program, or choose another one with {URL_VARIABLE}."
)


def registry_url(text: str | None = None) -> URL:
    """Return the registry's URL: `text`, else `KGQA_REGISTRY_URL`, else SQLite in the data folder.

    Raises:
        RegistryError: the text is no URL of a database.
    """
    text = text or os.environ.get(URL_VARIABLE)
    if not text:
        return URL.create("sqlite", database=str(data_home() / "registry.sqlite"))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None or (url.get_backend_name() != "sqlite" and "@" in f"{url.host}{url.database}"):
        # Neither the text nor what was read from it may be repeated: parts of a password stand at the wrong place.
        raise RegistryError(
            "the registry's URL: expected one like sqlite:////folder/registry.sqlite or "
            "postgresql://user:password@host/database, found something else. "
            f"Correct {URL_VARIABLE}, and write special characters of a password as %40 and so on."
        )
    return url


def shown(url: URL) -> str:
    """Return a URL without its password, and without its options, which may hold another one."""
    return url.set(query={}).render_as_string(hide_password=True)


def sqlite_file(url: URL) -> Path | None:
    """Return the file of an SQLite database; None for one in memory, one named by a `file:` URI, and other databases."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:") or url.database.startswith("file:"):
        return None
    return Path(url.database)


def open_engine(url: URL) -> Engine:
    """Return an engine; the folder of an SQLite file is made. Nothing is connected yet.

    Its connections are opened for each piece of work, so that hours may pass between two epochs.
    """
    is_sqlite = url.get_backend_name() == "sqlite"
    file = sqlite_file(url)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        poolclass=StaticPool if is_sqlite and file is None else NullPool,
        connect_args={"timeout": _BUSY_SECONDS} if is_sqlite and "timeout" not in url.query else {},
        hide_parameters=True,
        json_serializer=_json,
    )
    if is_sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def reading(engine: Engine) -> Engine:
    """Return the engine for work that only reads: in SQLite it does not wait for those who write."""
    return engine.execution_options(begin="BEGIN")


def outside_transactions(engine: Engine) -> Engine:
    """Return the engine of an SQLite database for the few settings that no transaction may hold."""
    return engine.execution_options(begin=None)


@contextmanager
def telling(url: URL) -> Iterator[None]:
    """Turn the errors of the database and its driver into a `RegistryError` that names the URL without its password."""
    try:
        yield
    except ImportError as error:
        raise RegistryError(
            f"{shown(url)}: expected the Python package {error.name or url.drivername} that speaks to this database, found none. "
            f"Install it, or choose another database with {URL_VARIABLE}."
        ) from error
    except (SQLAlchemyError, OSError) as error:
        raise RegistryError(f"{shown(url)}: the registry could not be used: {_reason(error, url)}. {_NEXT_STEP}") from error


def _reason(error: Exception, url: URL) -> str:
    """Return what the driver said, without SQL, parameters and links."""
    cause: object = error
    if isinstance(error, StatementError) and error.orig is not None:
        cause = error.orig
    elif isinstance(error, SQLAlchemyError) and error.args:
        cause = error.args[0]
    text = " ".join(str(cause).split()).rstrip(".?")
    return text.replace(str(url.password), "***") if url.password else text


def _prepare_sqlite(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # BEGIN is written below: Python's own comes too late for reads and tables
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that begins with a read and goes on to write fails at once where another one wrote in between;
    # one that is immediate waits for its turn.
    begin = connection.get_execution_options().get("begin", "BEGIN IMMEDIATE")
    if begin is not None:
        connection.exec_driver_sql(begin)


def _json(value: Any) -> str:
    return json.dumps(_finite(value), allow_nan=False)


def _finite(value: Any) -> Any:
    """Return a value with None in place of the numbers that JSON cannot hold: infinities and NaN."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
