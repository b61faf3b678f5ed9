"""The folder of a local graph that lasts: its data, its password, and what is known of its server."""

import contextlib
import json
import secrets
import shutil
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from filelock import FileLock, Timeout

from kgqa.errors import ConfigError, GraphError, GraphUnavailable
from kgqa.files import data_home, storing, write_text
from kgqa.graph.connection import Connection

USER: Final = "neo4j"

DEFAULT: Final = "default"
"""The name of the local graph when none is given."""

_LOCK = "lock"
_LOCK_TIMEOUT = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that was started: where it answers, where its password is, and its process or container."""

    name: str
    uri: str
    password_file: str
    pid: int | None = None
    container: str | None = None

    @property
    def password(self) -> str:
        """Return the password."""
        return Path(self.password_file).read_text(encoding="utf-8")

    def connect(self) -> Connection:
        """Connect to the server.

        Raises:
            GraphUnavailable: it does not answer.
        """
        return Connection.connect(self.uri, (USER, self.password))


def _is_name(name: str) -> bool:
    return name.isascii() and name.replace("-", "").replace("_", "").isalnum() and len(name) <= 60


class GraphFolder:
    """A local graph that lasts, by its name."""

    def __init__(self, name: str) -> None:
        if not _is_name(name):
            raise ConfigError(
                f"a local graph's name: expected up to 60 letters, digits, '-' and '_', found {name!r}. Choose another."
            )
        self.name = name
        self.path = data_home() / "graphs" / name
        self.password_file = self.path / "password"
        self._state_file = self.path / "server.json"
        self._in_docker = self.path / "in-docker"

    @classmethod
    def all(cls) -> list[Self]:
        """Return all local graphs, sorted by name."""
        root = data_home() / "graphs"
        found = sorted(root.iterdir()) if root.is_dir() else []
        return [cls(path.name) for path in found if path.is_dir() and _is_name(path.name)]

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from starting or stopping this graph's server.

        Raises:
            GraphUnavailable: another process holds it for minutes.
        """
        with storing(self.path):
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with FileLock(self.path / _LOCK, timeout=_LOCK_TIMEOUT):
                yield
        except Timeout as error:
            raise GraphUnavailable(f"another process is starting or stopping the graph {self.name!r}. Try again.") from error

    def state(self) -> Running | None:
        """Return what was last started, whether it still runs or not."""
        try:
            return Running(**json.loads(self._state_file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def running(self) -> Running | None:
        """Return the server of this graph if it answers to its password."""
        state = self.state()
        try:
            if state is not None:
                state.connect().close()
        except (GraphError, OSError):
            return None
        return state

    def password(self) -> str:
        """Return the password of this graph, made on first use and readable by its owner only."""
        if not self.password_file.exists():
            write_text(self.password_file, new_password(), private=True)
        return self.password_file.read_text(encoding="utf-8")

    def write_state(self, running: Running) -> None:
        """Remember a server that was started."""
        write_text(self._state_file, json.dumps(asdict(running)) + "\n", private=True)

    def forget(self) -> None:
        """Forget a server that was stopped."""
        self._state_file.unlink(missing_ok=True)

    @property
    def in_docker(self) -> bool:
        """Tell whether the data of this graph is in a volume of Docker."""
        return self._in_docker.exists()

    def keep_in_docker(self) -> None:
        """Remember that the data of this graph is in a volume of Docker."""
        write_text(self._in_docker, "")

    def clear(self) -> None:
        """Remove all that belongs to this graph but its lock; its server must be stopped, and the lock held."""
        for entry in self.path.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != _LOCK:
                entry.unlink()

    def discard(self) -> None:
        """Remove the folder if it is clear: somebody may have started the graph anew."""
        with contextlib.suppress(OSError):
            if [entry.name for entry in self.path.iterdir()] == [_LOCK]:
                (self.path / _LOCK).unlink()
                self.path.rmdir()


def new_password() -> str:
    """Return a password of letters and digits: Neo4j's tool reads one that begins with "-" as an option."""
    return secrets.token_hex(24)


def port_of(folder: Path) -> int:
    """Return a port on loopback that nothing listens on: the one that this graph had before, so that programs find it again.

    Raises:
        StorageError: it could not be remembered.
    """
    remembered = folder / "port"
    try:
        before = int(remembered.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        before = 0
    port = free_port(before) or free_port()
    if port != before:
        write_text(remembered, f"{port}\n")
    return port


def free_port(wanted: int = 0) -> int:
    """Return a port on loopback that nothing listens on: the one that is wanted, 0 if that is taken; any if none is wanted."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that just ended do not take it
        try:
            probe.bind(("127.0.0.1", wanted))
        except (OSError, OverflowError):
            return 0
        return int(probe.getsockname()[1])
