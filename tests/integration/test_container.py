"""The same Neo4j in Docker. Where no engine answers these tests are skipped with the engine's own words."""

import contextlib
import secrets

import pytest

from kgqa.data import Dataset
from kgqa.graph import find
from kgqa.graph.load import load
from kgqa.graph.local import container
from kgqa.graph.local.folder import GraphFolder
from tests.integration.graphs import counts
from tests.worlds import write_folder

_PROBLEM = container.engine_problem()

pytestmark = [pytest.mark.neo4j, pytest.mark.skipif(_PROBLEM is not None, reason=f"Docker: {_PROBLEM}")]


@pytest.fixture
def films(tmp_path):
    return Dataset.read(write_folder(tmp_path / "films"))


def test_a_passing_container_takes_a_load_and_goes_away(films):
    with container.PassingContainer() as started, started.connect() as connection:
        assert load(connection, films).facts == 5
        assert counts(connection)["entities"] == 7


def test_the_graph_of_a_lasting_container_is_there_after_it_was_stopped(films, tmp_path, monkeypatch):
    import docker
    import docker.errors

    monkeypatch.setenv("KGQA_HOME", str(tmp_path / "home"))
    name = f"test-{secrets.token_hex(4)}"
    try:
        running = container.start_lasting(name)
        with running.connect() as connection:
            load(connection, films)
        assert container.start_lasting(name) == running
        assert find.stop(name) is True
        assert GraphFolder(name).running() is None

        with container.start_lasting(name).connect() as connection:
            assert counts(connection)["facts"] == 5
    finally:
        assert find.remove(name) is True
    with contextlib.closing(docker.from_env()) as client, pytest.raises(docker.errors.NotFound):
        client.volumes.get(container.title_of(GraphFolder(name)))
