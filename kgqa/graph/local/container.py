"""The same Neo4j in a Docker container, for machines where the extra `kgqa[local]` is not installed."""

import contextlib
import hashlib
import os
import socket
import time
from typing import Any, Self

from kgqa.errors import GraphUnavailable, first_line
from kgqa.graph.connection import Connection
from kgqa.graph.local.folder import USER, GraphFolder, Running, free_port, new_password, port_of
from kgqa.progress import Progress, silent

IMAGE = "neo4j:5.26-community"
"""The long-term release, as in docker-compose.yml."""

_TIMEOUT = 180.0


def engine_problem() -> str | None:
    """Return why no Docker engine can be used, or None if one answers."""
    import docker
    from docker.errors import DockerException

    address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    try:
        if address.startswith("unix://") and hasattr(socket, "AF_UNIX"):
            # Docker's client leaves its socket open when nobody listens, so whether somebody does is asked first.
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(address.removeprefix("unix://"))
    except OSError as error:
        return f"{address}: {error.strerror}"
    try:
        with contextlib.closing(docker.from_env(timeout=5)) as client:
            client.ping()
    except (DockerException, OSError) as error:
        return first_line(error)
    return None


def title_of(folder: GraphFolder) -> str:
    """Return what a graph's container and volume are called; with its folder's hash, for others may use the same engine."""
    return f"kgqa-{folder.name}-{hashlib.sha256(str(folder.path.absolute()).encode()).hexdigest()[:8]}"


def start_lasting(name: str, *, progress: Progress = silent) -> Running:
    """Start the container of a local graph, or find it running; it goes on after this process, its data is a volume.

    Raises:
        GraphUnavailable: Docker refused, or Neo4j in the container does not answer.
    """
    import docker
    from docker.errors import DockerException, NotFound

    folder = GraphFolder(name)
    with folder.locked():
        running = folder.running()
        if running is not None:
            return running
        title, password, port = title_of(folder), folder.password(), port_of(folder.path)
        progress("starting Neo4j in Docker", 0, None)
        folder.keep_in_docker()
        try:
            with contextlib.closing(docker.from_env()) as client:
                with contextlib.suppress(NotFound):
                    client.containers.get(title).remove(force=True)  # stopped or broken: its data is in the volume
                started = client.containers.run(
                    IMAGE,
                    detach=True,
                    name=title,
                    environment=_environment(password),
                    ports={"7687/tcp": ("127.0.0.1", port)},
                    volumes={title: {"bind": "/data", "mode": "rw"}},
                )
                uri = f"bolt://127.0.0.1:{port}"
                try:
                    _wait(uri, password)
                except BaseException:
                    started.remove(force=True)
                    raise
        except (DockerException, OSError) as error:
            raise GraphUnavailable(f"Docker could not start {IMAGE}: {first_line(error)}. `kgqa doctor` helps.") from error
        running = Running(name=name, uri=uri, password_file=str(folder.password_file), container=title)
        folder.write_state(running)
        return running


def stop_lasting(running: Running) -> None:
    """Stop and remove a graph's container; its volume stays."""
    import docker
    from docker.errors import DockerException, NotFound

    try:
        with contextlib.closing(docker.from_env()) as client, contextlib.suppress(NotFound):
            container = client.containers.get(running.container or "")
            container.stop(timeout=60)
            container.remove()
    except (DockerException, OSError) as error:
        raise GraphUnavailable(f"Docker could not stop {running.container}: {first_line(error)}.") from error


def remove_volume(folder: GraphFolder) -> None:
    """Remove the volume with a graph's data, if there is one; its container must be stopped."""
    import docker
    from docker.errors import DockerException, NotFound

    title = title_of(folder)
    try:
        with contextlib.closing(docker.from_env()) as client, contextlib.suppress(NotFound):
            client.volumes.get(title).remove()
    except (DockerException, OSError) as error:
        raise GraphUnavailable(f"Docker could not remove the volume {title}: {first_line(error)}.") from error


class PassingContainer:
    """A container with an empty graph that ends with this context, or with this process (testcontainers' reaper sees to that)."""

    def __init__(self, *, progress: Progress = silent) -> None:
        from testcontainers.core.container import DockerContainer

        progress("starting Neo4j in Docker", 0, None)
        self.password = new_password()
        port = free_port()
        ports: dict[str, Any] = {"7687/tcp": ("127.0.0.1", port)}
        self._container = DockerContainer(IMAGE, env=_environment(self.password))
        self._container.ports.update(ports)
        try:
            self._container.start()
            self.uri = f"bolt://127.0.0.1:{port}"
            _wait(self.uri, self.password)
        except BaseException:
            self._container.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connect(self) -> Connection:
        """Connect to the server."""
        return Connection.connect(self.uri, (USER, self.password))

    def close(self) -> None:
        """Stop the container and remove its graph."""
        self._container.stop()


def _environment(password: str) -> dict[str, str]:
    return {"NEO4J_AUTH": f"{USER}/{password}", "NEO4J_dbms_usage__report_enabled": "false"}


def _wait(uri: str, password: str) -> None:
    deadline = time.monotonic() + _TIMEOUT
    while True:
        try:
            Connection.connect(uri, (USER, password)).close()
            return
        except GraphUnavailable:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)
