"""Start and stop a Neo4j from its own jars, on loopback, on a free port, with a password made for it.

A *lasting* server belongs to a name, keeps its graph, and runs until it is stopped. A *passing* one has a graph of its own that
goes with it, and dies with the process that started it.
"""

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

from kgqa.errors import GraphUnavailable
from kgqa.files import storing
from kgqa.graph.connection import Connection
from kgqa.graph.local import jars, java
from kgqa.graph.local.folder import USER, GraphFolder, Running, new_password, port_of
from kgqa.progress import Progress, silent

START_TIMEOUT = 600.0
"""Seconds until a server must answer: several times what a machine took that had much else to do."""

STOP_TIMEOUT = 60.0
"""Seconds until a server that was asked to stop is ended by force."""


def start_lasting(name: str, *, progress: Progress = silent) -> Running:
    """Start the server of a local graph, or find it running; it goes on after this process.

    Raises:
        GraphUnavailable: it could not be started; the message has the last line of its log.
    """
    folder = GraphFolder(name)
    with folder.locked():
        running = folder.running()
        if running is not None:
            return running
        state = folder.state()
        if state is not None:
            _end(state, folder.path)  # it lives but does not answer: two servers must not share a folder
        password = folder.password()
        arguments, port = _prepare(folder.path, password, progress)
        log = folder.path / "logs" / "console.log"
        with open(log, "wb") as output:
            process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=java.environment(folder.path),
                start_new_session=True,
            )
        running = Running(name=name, uri=f"bolt://127.0.0.1:{port}", password_file=str(folder.password_file), pid=process.pid)
        folder.write_state(running)  # before it answers, so that `kgqa down` finds it even if this process is killed now
        try:
            _wait(running.uri, password, process, log, progress)
        except BaseException:
            process.kill()
            process.wait()
            folder.forget()
            raise
        process.returncode = 0  # it outlives this object, and Python would warn that it still runs
        return running


def stop_lasting(running: Running) -> None:
    """Stop a server and wait until it is gone."""
    _end(running, GraphFolder(running.name).path)


class PassingServer:
    """A server with an empty graph that ends with this context, or with this process, however that ends."""

    def __init__(self, *, progress: Progress = silent) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="kgqa-neo4j-"))
        self.password = new_password()
        try:
            arguments, port = _prepare(self._folder, self.password, progress)
            log = self._folder / "logs" / "console.log"
            with open(log, "wb") as output:
                self._guard = subprocess.Popen(
                    [sys.executable, "-m", "kgqa.graph.local.guard", str(self._folder), *arguments],
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    env=java.environment(self._folder),
                    start_new_session=True,
                )
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self.uri = f"bolt://127.0.0.1:{port}"
        try:
            _wait(self.uri, self.password, self._guard, log, progress)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connect(self) -> Connection:
        """Connect to the server."""
        return Connection.connect(self.uri, (USER, self.password))

    def close(self) -> None:
        """Stop the server and remove its graph."""
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        self._guard.wait(STOP_TIMEOUT)
        shutil.rmtree(self._folder, ignore_errors=True)


def _prepare(folder: Path, password: str, progress: Progress) -> tuple[list[str], int]:
    """Fetch what is missing, write the settings, set the password of a new graph; return the command and the port."""
    runtime = java.find_java()
    classes = jars.ensure(progress=progress)
    port = port_of(folder)
    with storing(folder):
        java.configure(folder, port)
    progress("starting Neo4j", 0, None)
    if not (folder / "data" / "dbms" / "auth.ini").exists() and not (folder / "data" / "databases").exists():
        java.set_first_password(runtime, classes, folder, password)
    return java.command(runtime, classes, folder), port


def _wait(uri: str, password: str, process: subprocess.Popen[bytes], log: Path, progress: Progress) -> None:
    host, port = uri.removeprefix("bolt://").split(":")
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError, GraphUnavailable):
            # A plain connection first: it is refused faster than the driver gives up.
            socket.create_connection((host, int(port)), timeout=1).close()
            Connection.connect(uri, (USER, password)).close()
            progress("starting Neo4j", 1, 1)
            return
        time.sleep(0.1)
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["it printed nothing"]
    why = "it did not answer in time" if process.poll() is None else "it ended"
    raise GraphUnavailable(f"Neo4j could not be started: {why}. Its last words: {lines[-1]} `kgqa doctor` helps.")


def _end(running: Running, folder: Path) -> None:
    import psutil

    try:
        process = psutil.Process(running.pid)
        # The id may belong to another program by now; only ours names this folder.
        if f"--home-dir={folder}" not in process.cmdline():
            return
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_TIMEOUT)
    except psutil.NoSuchProcess:
        return
