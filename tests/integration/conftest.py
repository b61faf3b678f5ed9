"""One real Neo4j for all tests of a run. Where none can be started these tests fail; they are never skipped."""

import pytest

from kgqa.graph import find
from tests.integration.graphs import empty


@pytest.fixture(scope="session")
def server():
    """A Neo4j that ends with the test session."""
    with find.passing() as started:
        yield started


@pytest.fixture
def bare(server):
    """A connection to a graph without anything in it, the schema included."""
    with server.connect() as connection:
        empty(connection)
        yield connection
        empty(connection)  # what a test left of its own migrations would puzzle the next one


@pytest.fixture
def graph(server):
    """A connection to an empty graph. Migrations that an earlier test applied stay, because constraints take seconds to make."""
    with server.connect() as connection:
        empty(connection, keep_migrations=True)
        yield connection
