"""Servers of this machine: one that lasts, one that was filled by Neo4j's own import, and one that dies with its starter."""

import contextlib
import os
import shlex
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from kgqa.data import Dataset
from kgqa.errors import GraphUnavailable
from kgqa.graph import find
from kgqa.graph.connection import _GONE_SECONDS
from kgqa.graph.export import export_import_files
from kgqa.graph.load import load
from kgqa.graph.local import jars, java
from kgqa.graph.local.folder import GraphFolder, free_port
from kgqa.graph.migrations import migrate
from kgqa.kb.materialise import materialise, materialise_files
from tests.integration.graphs import counts, run
from tests.integration.test_load import ODD_ENTITIES, ODD_FACTS
from tests.worlds import write_folder

pytestmark = pytest.mark.neo4j

ORPHANED_SERVER = """
import time
from kgqa.graph.find import passing

with passing() as server:
    print(server.uri, server._folder, flush=True)
    time.sleep(3600)
"""


@pytest.fixture(scope="module", autouse=True)
def _home(tmp_path_factory):
    """A home of its own, with the jars of the user's; whatever runs there at the end is stopped."""
    jars.ensure()
    fetched = jars.folder().parent
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KGQA_HOME", str(home))
        for name in ("NEO4J_URI", "NEO4J_USERNAME", "NEO4J_PASSWORD"):
            patch.delenv(name, raising=False)
        (home / fetched.name).symlink_to(fetched)
        yield
        for folder in GraphFolder.all():
            find.stop(folder.name)


@pytest.fixture(scope="module")
def films(_home):
    """The name of a lasting graph that runs, with one node in it."""
    with find.start("films").connect() as connection:
        run(connection, "CREATE (:Kept {here: 'films'})")
    return "films"


def test_a_server_that_runs_is_found_and_not_started_again(films):
    first = GraphFolder(films).state()

    assert find.start(films) == first
    with find.find(films) as by_name, find.find() as by_itself:
        assert by_name.description == by_itself.description == first.uri
        assert by_itself.read("MATCH (k:Kept) RETURN k.here AS here") == [{"here": "films"}]


def test_a_server_listens_on_loopback_alone(films):
    state = GraphFolder(films).state()

    listening = [c.laddr for c in psutil.Process(state.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]

    assert state.uri.endswith(f":{listening[0].port}")
    assert {address.ip for address in listening} <= {"127.0.0.1", "::ffff:127.0.0.1"}


def test_passwords_are_for_their_owner_and_in_no_list_of_processes(films):
    folder = GraphFolder(films)

    assert stat.S_IMODE(folder.password_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert not (folder.path / "first-password").exists()
    assert folder.password() not in " ".join(psutil.Process(folder.state().pid).cmdline())


def test_an_address_in_the_environment_comes_before_a_local_graph(films, server, monkeypatch):
    monkeypatch.setenv("NEO4J_URI", server.uri)
    monkeypatch.setenv("NEO4J_PASSWORD", server.password)

    with find.find() as connection:
        assert connection.description == server.uri
    with find.find(films) as connection:
        assert connection.description == GraphFolder(films).state().uri


def test_whoever_waits_is_told_of_a_server_that_hangs_and_it_is_asked_again_later(films):
    server = psutil.Process(GraphFolder(films).state().pid)
    with find.find(films) as connection:
        connection.ping(timeout=5)
        server.suspend()
        try:
            with pytest.raises(GraphUnavailable, match=r"expected an answer within 0\.5 s, found none: the server hangs"):
                connection.ping(timeout=0.5)
            with pytest.raises(GraphUnavailable, match="the server hangs"):
                connection.ping(timeout=0.5)
        finally:
            server.resume()
        time.sleep(_GONE_SECONDS)
        connection.ping(timeout=30)


def test_a_server_that_is_stopped_is_gone_and_its_graph_is_there_again_later(films):
    before = GraphFolder(films).state()

    assert find.stop(films) is True

    assert not psutil.pid_exists(before.pid) or psutil.Process(before.pid).status() == psutil.STATUS_ZOMBIE
    assert not _answers(before.uri)
    assert find.stop(films) is False
    with pytest.raises(GraphUnavailable, match="run `kgqa up films`: the local server is not started"):
        find.find(films)
    with find.start(films).connect() as connection:
        assert connection.read("MATCH (k:Kept) RETURN k.here AS here") == [{"here": "films"}]
        assert connection.description == before.uri  # programs that know the address find it again


def test_a_graph_that_is_removed_begins_anew():
    with find.start("removed").connect() as connection:
        run(connection, "CREATE (:Kept)")
    folder = GraphFolder("removed")
    state = folder.state()

    assert find.remove("removed") is True

    assert not _answers(state.uri)
    assert not folder.path.exists()
    assert find.remove("removed") is False
    with find.start("removed").connect() as connection:
        assert connection.read("MATCH (k) RETURN count(k) AS found") == [{"found": 0}]
    find.remove("removed")


def test_what_neo4j_imports_is_what_a_load_would_have_written(films, tmp_path):
    dataset = Dataset.read(write_folder(tmp_path / "odd", entities=ODD_ENTITIES, facts=ODD_FACTS))
    script = export_import_files(dataset, tmp_path / "import")
    assert os.access(script, os.X_OK)

    folder = _import("imported", script, tmp_path / "bin")

    with find.start(folder.name).connect() as connection:
        imported = counts(connection)
        assert (
            materialise(connection, tmp_path / "graph").fingerprint
            == materialise_files(dataset.path, tmp_path / "files").fingerprint
        )
        assert len(migrate(connection)) > 0
        again = load(connection, dataset)
        assert again.skipped == again.batches == 3
        assert counts(connection) == imported | {"migrations": 3, "nodes": imported["nodes"] + 4}
        assert (imported["entities"], imported["facts"], imported["relations"], imported["attributes"]) == (9, 90, 10, 5)
        assert connection.read("MATCH (k:Kept) RETURN k") == []  # the other local graph is another graph
    with find.find(films) as connection:
        assert connection.read("MATCH (k:Kept) RETURN k.here AS here") == [{"here": "films"}]
    with pytest.raises(GraphUnavailable, match=r"several local graphs run \(films, imported\): say which with --graph NAME"):
        find.find()


def test_a_passing_server_dies_with_a_process_that_was_killed():
    with subprocess.Popen([sys.executable, "-c", ORPHANED_SERVER], stdout=subprocess.PIPE, text=True) as process:
        uri, folder = process.stdout.readline().split()
        assert _answers(uri)
        process.kill()

    assert process.returncode == -9
    deadline = time.monotonic() + 120
    while (_answers(uri) or Path(folder).exists() or _processes(folder)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not _answers(uri)
    assert not Path(folder).exists()
    assert _processes(folder) == []


def _import(name, script, tools):
    """Run the exported script with Neo4j's own import, into the folder of a local graph that was never started."""
    folder = GraphFolder(name)
    folder.password()
    java.configure(folder.path, free_port())
    classes = jars.ensure()
    java.set_first_password(java.find_java(), classes, folder.path, folder.password())
    command = java.command(java.find_java(), classes, folder.path)
    command = [*command[: command.index("org.neo4j.server.CommunityEntryPoint")], "org.neo4j.server.startup.Neo4jAdminCommand"]
    tools.mkdir()
    (tools / "neo4j-admin").write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', encoding="utf-8")
    (tools / "neo4j-admin").chmod(0o755)
    environment = java.environment(folder.path)
    environment["PATH"] = f"{tools}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(["/bin/sh", str(script)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def _answers(uri):
    host, port = uri.removeprefix("bolt://").split(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True


def _processes(folder):
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if f"--home-dir={folder}" in process.cmdline():
                found.append(process.pid)
    return found
