"""What a connection does where the server is gone: a place that takes connections and closes them stands in for it."""

import socket
import threading
from collections.abc import Iterator

import pytest
from neo4j import GraphDatabase

from kgqa.errors import GraphUnavailable
from kgqa.graph.connection import Connection


@pytest.fixture
def gone() -> Iterator[tuple[int, list[int]]]:
    """Return the port, and a list that gets longer with every connection."""
    taken: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as place:

        def take() -> None:
            while True:
                try:
                    connection, _ = place.accept()
                except OSError:
                    return
                taken.append(1)
                connection.close()

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield place.getsockname()[1], taken
        place.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_a_read_that_somebody_waits_for_is_tried_twice_and_the_next_ones_are_told_at_once(gone):
    port, taken = gone
    with Connection(GraphDatabase.driver(f"bolt://127.0.0.1:{port}", auth=("neo4j", "x")), description="there") as connection:
        with pytest.raises(GraphUnavailable, match=r"there: no Neo4j answers there") as first:
            connection.ping(timeout=5)
        tried = len(taken)
        assert 1 <= tried <= 4  # each try may shake hands in two ways
        for _ in range(3):
            with pytest.raises(GraphUnavailable) as again:
                connection.ping(timeout=5)
            assert str(again.value) == str(first.value)
        assert len(taken) == tried
