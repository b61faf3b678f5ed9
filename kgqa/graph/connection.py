"""A connection to one Neo4j database, with its errors turned into ours."""

import queue
import random
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, LiteralString, Self, TypeVar

import neo4j
from neo4j import Driver, GraphDatabase, ManagedTransaction, Session, unit_of_work
from neo4j.exceptions import (
    AuthError,
    ConfigurationError,
    DriverError,
    IncompleteCommit,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
    TransientError,
)

from kgqa.errors import GraphError, GraphUnavailable, first_line

T = TypeVar("T")

_ATTEMPTS = 5
_READ_ATTEMPTS = 2

_GONE_SECONDS = 3.0
"""How long a server that did not answer is not asked again by those who wait for it: a host that is gone costs seconds to ask."""

_GRACE_SECONDS = 2.0
"""How much longer than a query may take its answer is waited for: a server that hangs does not end it."""

_VERSION: LiteralString = """
CALL dbms.components() YIELD name, versions, edition WHERE name = 'Neo4j Kernel'
RETURN versions[0] AS version, edition
"""

_METADATA: Final = {"application": "kgqa"}

# The driver also takes http addresses, as a preview; reads there promise neither bookmarks nor refused writes.
_SCHEMES: Final = tuple(f"{scheme}{encryption}://" for scheme in ("bolt", "neo4j") for encryption in ("", "+s", "+ssc"))


class Connection:
    """A Neo4j database that answers. Use it as a context, or call `close`."""

    def __init__(self, driver: Driver, *, description: str, database: str | None = None) -> None:
        self.driver = driver
        self.description = description
        self.database = database
        self._gone: tuple[float, str] | None = None
        """Until when nobody is asked, and what was said."""

    @classmethod
    def connect(cls, uri: str, auth: tuple[str, str] | None = None, *, database: str | None = None) -> Self:
        """Connect to the server at `uri` as (user name, password).

        Raises:
            GraphUnavailable: the server does not answer, or refuses the password.
        """
        wrong = f"{uri}: expected an address such as neo4j://localhost:7687"
        if not uri.startswith(_SCHEMES):
            raise GraphUnavailable(f"{wrong}, found none that begins with {', '.join(_SCHEMES)}. Correct NEO4J_URI.")
        try:
            driver = GraphDatabase.driver(
                uri, auth=auth, user_agent="kgqa", notifications_min_severity="OFF", connection_timeout=10.0
            )
        except (ValueError, ConfigurationError) as error:
            raise GraphUnavailable(f"{wrong}: {error}. Correct NEO4J_URI.") from error
        connection = cls(driver, description=uri, database=database)
        try:
            with connection.errors():
                driver.verify_connectivity()
        except BaseException as error:
            driver.close()
            if isinstance(error, ValueError):  # a port that is no number is found out only now
                raise GraphUnavailable(f"{wrong}: {error}. Correct NEO4J_URI.") from error
            raise
        return connection

    def version(self) -> str:
        """Return what answers, as in "Neo4j 5.26.30 (community)".

        Raises:
            GraphError: it could not be asked.
        """
        (row,) = self.read(_VERSION)
        return f"Neo4j {row['version']} ({row['edition']})"

    def ping(self, *, timeout: float) -> None:
        """See that queries are answered.

        Raises:
            GraphError: they are not.
        """
        self.read("RETURN 1 AS one", timeout=timeout)

    def close(self) -> None:
        """Close the connection."""
        self.driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn the driver's errors into `GraphUnavailable` and `GraphError`, naming this server."""
        try:
            yield
        except AuthError as error:
            raise GraphUnavailable(
                f"{self.description}: the server refused the user name or password. Check NEO4J_USERNAME and NEO4J_PASSWORD."
            ) from error
        except (ServiceUnavailable, OSError) as error:
            raise GraphUnavailable(
                f"{self.description}: no Neo4j answers there ({first_line(error)}). Start it, or check NEO4J_URI; "
                "`kgqa doctor` helps."
            ) from error
        except (Neo4jError, DriverError) as error:
            raise GraphError(f"{self.description}: {first_line(error)}") from error

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session that can only read; the server refuses writes in it."""
        with self.errors(), self.driver.session(database=self.database, default_access_mode=neo4j.READ_ACCESS) as session:
            yield session

    def read(
        self, text: LiteralString, parameters: dict[str, Any] | None = None, *, timeout: float | None = None
    ) -> list[dict[str, Any]]:
        """Run one query that reads and return its rows.

        Without a timeout, a server that does not answer is asked again for half a minute. With one somebody waits: it is asked
        twice, and who asks within seconds after that is told so at once.

        Raises:
            GraphError: the query failed, wrote, or took longer than `timeout` seconds.
        """
        if timeout is not None:
            return self._read_at_once(text, parameters, timeout)

        @unit_of_work(metadata=_METADATA)
        def rows(transaction: ManagedTransaction) -> list[dict[str, Any]]:
            return [dict(record) for record in transaction.run(text, parameters)]

        with self.reading() as session:
            return session.execute_read(rows)

    def _read_at_once(self, text: LiteralString, parameters: dict[str, Any] | None, timeout: float) -> list[dict[str, Any]]:
        if self._gone is not None and time.monotonic() < self._gone[0]:
            raise GraphUnavailable(self._gone[1])
        try:
            with self.errors():
                for attempt in range(1, _READ_ATTEMPTS + 1):
                    try:
                        return self._read_in_time(text, parameters, timeout)
                    except (ServiceUnavailable, SessionExpired, TransientError):  # of a connection that a restart cut, say
                        if attempt == _READ_ATTEMPTS:
                            raise
        except GraphUnavailable as error:
            self._gone = (time.monotonic() + _GONE_SECONDS, str(error))
            raise
        raise AssertionError("unreachable")

    def _read_in_time(self, text: LiteralString, parameters: dict[str, Any] | None, timeout: float) -> list[dict[str, Any]]:
        """Read in a thread of its own, which is left behind where no answer comes: the driver would wait for it without end."""
        ended: queue.SimpleQueue[list[dict[str, Any]] | BaseException] = queue.SimpleQueue()

        def work() -> None:
            try:
                ended.put(self._read_once(text, parameters, timeout))
            except BaseException as error:  # noqa: BLE001 (it is raised again by whoever waits)
                ended.put(error)

        threading.Thread(target=work, daemon=True).start()
        try:
            found = ended.get(timeout=timeout + _GRACE_SECONDS)
        except queue.Empty as error:
            raise GraphUnavailable(
                f"{self.description}: expected an answer within {timeout:g} s, found none: the server hangs, or is too busy. "
                "Look at it, or start it anew."
            ) from error
        if isinstance(found, BaseException):
            raise found
        return found

    def _read_once(self, text: LiteralString, parameters: dict[str, Any] | None, timeout: float) -> list[dict[str, Any]]:
        with self.driver.session(database=self.database, default_access_mode=neo4j.READ_ACCESS) as session:
            with session.begin_transaction(metadata=_METADATA, timeout=timeout) as transaction:
                return [dict(record) for record in transaction.run(text, parameters)]

    def stream(self, text: LiteralString, parameters: dict[str, Any] | None = None) -> Generator[dict[str, Any]]:
        """Run one query that reads and yield its rows as they come, so that neither side holds them all.

        Raises:
            GraphError: the query failed or wrote. Nothing is tried again.
        """
        with self.reading() as session:
            for record in session.run(text, parameters):
                yield dict(record)

    def write(self, work: Callable[[ManagedTransaction], T]) -> T:
        """Run `work` in one transaction, again where the server asks for it.

        A commit whose acknowledgement was lost may have been done, so `work` must look first whether it was.
        """
        with self.errors():
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    with self.driver.session(database=self.database) as session:
                        return session.execute_write(work)
                except IncompleteCommit:
                    if attempt == _ATTEMPTS:
                        raise
            raise AssertionError("unreachable")

    def run_schema(self, text: LiteralString) -> None:
        """Run one statement in a transaction of its own, as changes of the schema need, again where the server asks for it."""
        with self.errors(), self.driver.session(database=self.database) as session:
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    session.run(text).consume()
                    return
                except TransientError:  # two that change the schema at once may wait for each other: one is undone
                    if attempt == _ATTEMPTS:
                        raise
                    time.sleep(random.uniform(0.1, 0.5))

    def session(self) -> Session:
        """Open a session for work that `read` and `write` do not fit; its errors are the driver's."""
        return self.driver.session(database=self.database)

    def change_token(self) -> str:
        """Return a text that any change of the database changes, and reading does not."""
        with self.reading() as session:
            session.run("RETURN 1").consume()
            return ",".join(sorted(session.last_bookmarks().raw_values))
