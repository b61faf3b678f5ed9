"""A connection to a real server: what is refused, what is stopped, and what tells that the graph changed."""

import re

import pytest

from kgqa.errors import GraphError, GraphUnavailable
from kgqa.graph import find
from kgqa.graph.connection import Connection
from kgqa.graph.local.folder import USER, free_port
from kgqa.sdk import Graph
from tests.integration.graphs import run

pytestmark = pytest.mark.neo4j


def test_a_wrong_password_names_the_variables_to_check(server):
    with pytest.raises(GraphUnavailable, match=r"refused the user name or password. Check NEO4J_USERNAME and NEO4J_PASSWORD"):
        Connection.connect(server.uri, (USER, server.password + "x"))


def test_where_nobody_listens_the_address_is_named():
    uri = f"bolt://127.0.0.1:{free_port()}"

    with pytest.raises(GraphUnavailable, match=f"{uri}: no Neo4j answers there.*check NEO4J_URI"):
        Connection.connect(uri, (USER, "x"))


@pytest.mark.parametrize(
    "uri", ["", "localhost:7687", "http://localhost:7474", "bolt://[", "bolt://localhost:port", "bolt://localhost:1?a=b"]
)
def test_what_is_no_address_of_a_server_is_refused(uri):
    with pytest.raises(GraphUnavailable, match=r"expected an address such as neo4j://localhost:7687.*Correct NEO4J_URI"):
        Connection.connect(uri, (USER, "x"))


def test_the_server_that_the_environment_names_is_used(graph, server, monkeypatch):
    monkeypatch.setenv("NEO4J_URI", server.uri)
    monkeypatch.setenv("NEO4J_PASSWORD", server.password)
    run(graph, "CREATE (:Found {here: true})")

    with find.find() as connection:
        assert connection.read("MATCH (n:Found) RETURN n.here AS here") == [{"here": True}]
        assert re.fullmatch(r"Neo4j \d+\.\d+\.\d+ \((community|enterprise)\)", connection.version())


def test_the_database_that_the_environment_names_is_used(server, monkeypatch):
    monkeypatch.setenv("NEO4J_URI", server.uri)
    monkeypatch.setenv("NEO4J_PASSWORD", server.password)
    monkeypatch.setenv("NEO4J_DATABASE", "system")
    with Graph.find() as graph:
        assert {row["name"] for row in graph.read("SHOW DATABASES YIELD name")} == {"neo4j", "system"}
        with pytest.raises(GraphError, match="unsupported clauses"):
            graph.read("MATCH (n) RETURN count(n) AS n")
    monkeypatch.setenv("NEO4J_DATABASE", "nowhere")
    with Graph.find() as graph, pytest.raises(GraphError, match="nowhere"):
        graph.ping(timeout=10)


@pytest.mark.parametrize(
    "text",
    [
        "CREATE (n:Written) RETURN n.x AS x",
        "MATCH (n) SET n.x = 1",
        "MATCH (n) DETACH DELETE n",
        "CREATE INDEX written IF NOT EXISTS FOR (n:Written) ON (n.x)",
        "CALL db.createLabel('Written')",
    ],
)
def test_the_server_refuses_to_write_in_a_read(graph, text):
    with pytest.raises(GraphError, match=r"[Ww]rit"):
        graph.read(text)
    with pytest.raises(GraphError, match=r"[Ww]rit"):
        list(graph.stream(text))

    assert graph.read("MATCH (n:Written) RETURN count(n) AS n") == [{"n": 0}]


def test_a_query_that_runs_away_is_stopped(graph):
    with pytest.raises(GraphError, match=r"terminated|timeout|timed out"):
        graph.read("UNWIND range(1, 1000000000) AS x UNWIND range(1, 1000) AS y RETURN count(*) AS n", timeout=0.5)

    assert graph.read("RETURN 1 AS one", timeout=60.0) == [{"one": 1}]


@pytest.mark.parametrize(
    ("address", "reason"),
    [("file:///etc/hostname", "allow_csv_import_from_file_urls' is false"), ("http://127.0.0.1:7474/", "blocked")],
)
def test_no_query_reads_files_or_addresses(graph, address, reason):
    with pytest.raises(GraphError, match=reason):
        graph.read("LOAD CSV FROM $address AS line RETURN line", {"address": address})


def test_a_stream_yields_every_row_and_may_be_left_early(graph):
    text = "UNWIND range(1, $last) AS n RETURN n"

    assert [row["n"] for row in graph.stream(text, {"last": 2500})] == list(range(1, 2501))
    rows = graph.stream(text, {"last": 1_000_000})
    assert next(rows) == {"n": 1}
    rows.close()
    assert graph.read("RETURN 1 AS one") == [{"one": 1}]


def test_reading_keeps_the_change_token_and_every_write_changes_it(graph):
    tokens = [graph.change_token()]
    graph.read("MATCH (n) RETURN count(n) AS n")
    assert graph.change_token() == tokens[0]

    for text in ("CREATE (:Changed)", "MATCH (n:Changed) SET n.x = 1", "MATCH (n:Changed) DELETE n"):
        run(graph, text)
        tokens.append(graph.change_token())

    assert len(set(tokens)) == 4
