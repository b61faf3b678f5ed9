"""Deciding which Neo4j is meant, where none runs."""

import socket

import pytest

from kgqa.errors import ConfigError, GraphUnavailable
from kgqa.graph import find
from kgqa.graph.local.folder import GraphFolder, Running, free_port, port_of


@pytest.fixture(autouse=True)
def _empty_home(tmp_path, monkeypatch):
    monkeypatch.setenv("KGQA_HOME", str(tmp_path / "home"))
    for name in ("KGQA_GRAPH", "NEO4J_URI", "NEO4J_USERNAME", "NEO4J_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


def test_where_no_graph_is_found_all_three_ways_to_one_are_named():
    with pytest.raises(GraphUnavailable) as caught:
        find.find()

    message = str(caught.value)
    assert "(1) set NEO4J_URI, NEO4J_USERNAME and NEO4J_PASSWORD" in message
    assert "(2) run `kgqa up`: the local server is not started" in message
    assert "(3) Docker: the engine" in message


def test_a_graph_that_was_named_is_named_in_the_way_to_start_it():
    with pytest.raises(GraphUnavailable, match="run `kgqa up films`"):
        find.find("films")


def test_a_local_graph_must_be_named_beside_an_address_or_under_another_name(monkeypatch):
    assert find.is_found("default")
    assert not find.is_found("films")
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:1")
    assert not find.is_found("default")


def test_an_address_without_a_password_is_refused_before_anything_is_tried(monkeypatch):
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:1")

    with pytest.raises(GraphUnavailable, match="expected NEO4J_PASSWORD beside it, found none"):
        find.find()


@pytest.mark.parametrize("name", ["", "../films", "a b", "films.old", "größe", "x" * 61])
def test_a_name_that_is_no_folder_name_is_refused(name):
    with pytest.raises(ConfigError, match="expected up to 60 letters"):
        find.find(name)


def test_a_graph_that_was_never_started_is_not_stopped():
    assert find.stop("films") is False
    assert GraphFolder.all() == []


def test_a_server_that_is_gone_does_not_count_as_running():
    folder = GraphFolder("films")
    folder.password()
    folder.write_state(
        Running(name="films", uri=f"bolt://127.0.0.1:{free_port()}", password_file=str(folder.password_file), pid=2**30)
    )

    assert folder.state() is not None
    assert folder.running() is None
    with pytest.raises(GraphUnavailable, match="no Neo4j was found"):
        find.find()
    assert find.stop("films") is True
    assert folder.state() is None


def test_what_cannot_be_read_as_a_state_is_none():
    folder = GraphFolder("films")
    folder.password()
    (folder.path / "server.json").write_text('{"name": "films"}', encoding="utf-8")

    assert folder.state() is None


def test_passwords_and_states_are_readable_by_their_owner_only():
    folder = GraphFolder("films")

    password = folder.password()
    folder.write_state(Running(name="films", uri="bolt://127.0.0.1:1", password_file=str(folder.password_file)))

    assert len(password) >= 24
    assert password.isalnum()  # Neo4j's tool would read a "-" at its beginning as an option
    assert folder.password() == password
    assert folder.password_file.stat().st_mode & 0o777 == 0o600
    assert (folder.path / "server.json").stat().st_mode & 0o777 == 0o600


def test_a_graph_keeps_its_port_unless_somebody_else_has_it(tmp_path):
    first = port_of(tmp_path)
    assert port_of(tmp_path) == first
    with socket.socket() as other:
        other.bind(("127.0.0.1", first))
        other.listen()
        second = port_of(tmp_path)
        assert second != first
    assert port_of(tmp_path) == second
    (tmp_path / "port").write_text("99999999\n", encoding="utf-8")
    assert 0 < port_of(tmp_path) < 65536


def test_the_graph_of_the_environment_is_meant_by_programs_too(monkeypatch):
    monkeypatch.setenv("KGQA_GRAPH", "films")
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:1")
    with pytest.raises(GraphUnavailable, match="run `kgqa up films`"):
        find.find()
    assert find.is_found("films")
    assert not find.is_found("default")


def test_folders_that_no_graph_can_be_called_are_passed_over():
    folder = GraphFolder("films")
    for name in ("films", "films.bak", "lost+found"):
        (folder.path.parent / name).mkdir(parents=True)
    assert [found.name for found in GraphFolder.all()] == ["films"]


def test_that_an_address_is_set_is_said_where_a_local_graph_was_asked_for(monkeypatch):
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:1")
    with pytest.raises(GraphUnavailable, match=r"NEO4J_URI is bolt://127\.0\.0\.1:1, but a local graph was asked for"):
        find.find("films")
