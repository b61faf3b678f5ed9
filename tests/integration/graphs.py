"""Graphs for tests with a real Neo4j, and what they hold."""

from typing import Any, LiteralString, cast

from kgqa.graph.connection import Connection
from kgqa.graph.cypher import identifier

COUNTS: LiteralString = """
RETURN COUNT { (:Entity) } AS entities, COUNT { (:Entity)-->(:Entity) } AS facts,
       COUNT { (:Alias) } AS aliases, COUNT { (:Alias)-[:NAMES]->(:Entity) } AS names, COUNT { ()-->() } AS relationships,
       COUNT { (:Relation) } AS relations, COUNT { (:Attribute) } AS attributes, COUNT { (:LoadBatch) } AS batches,
       COUNT { (:Migration) } AS migrations, COUNT { () } AS nodes
"""

PERSONS = (
    {"name": "Tom Hanks", "born": 1956, "nickname": ["Jim Hanks' brother", "T. Hanks"], "bio": "An actor."},
    {"name": "Robert Zemeckis", "born": 1951, "nickname": ["Bob Z"]},
    {"name": "Robin Wright", "born": 1966},
    {"name": "Helen Hunt", "born": 1963},
    {"name": "William Broyles Jr.", "born": 1944},
    {"name": "Jodie Foster", "born": 1962},
    {"name": "Nora Ephron", "born": 1941},
    {"name": 'Odd `one` "two" \\u0060 \U0001f600 שלום\nline', "born": 1900.5},
)
"""Eight persons; the last has every character that a careless query would stumble over."""

MOVIES = (
    {"title": "Forrest Gump", "released": 1994, "number": 1},
    {"title": "Cast Away", "released": 2000, "number": 2},
    {"title": "Contact", "released": 1997, "number": 3},
    {"title": "Sleepless in Seattle", "released": 1993, "number": 4},
    {"title": "You've Got Mail", "released": 1998, "number": 5},
)

ODD = PERSONS[-1]["name"]

CREDITS = (
    ("Tom Hanks", "ACTED_IN", "Forrest Gump"),
    ("Tom Hanks", "ACTED_IN", "Cast Away"),
    ("Tom Hanks", "ACTED_IN", "Sleepless in Seattle"),
    ("Tom Hanks", "ACTED_IN", "You've Got Mail"),
    ("Robin Wright", "ACTED_IN", "Forrest Gump"),
    ("Helen Hunt", "ACTED_IN", "Cast Away"),
    ("Jodie Foster", "ACTED_IN", "Contact"),
    (ODD, "ACTED_IN", "Contact"),
    ("Robert Zemeckis", "DIRECTED", "Forrest Gump"),
    ("Robert Zemeckis", "DIRECTED", "Cast Away"),
    ("Robert Zemeckis", "DIRECTED", "Contact"),
    ("Nora Ephron", "DIRECTED", "Sleepless in Seattle"),
    ("Nora Ephron", "DIRECTED", "You've Got Mail"),
    ("Nora Ephron", "WROTE", "You've Got Mail"),
    ("William Broyles Jr.", "WROTE", "Cast Away"),
    (ODD, "WROTE", "Contact"),
)

CREATE_MOVIES: LiteralString = """
UNWIND $persons AS p CREATE (n:Person) SET n = p
WITH count(*) AS done
UNWIND $movies AS m CREATE (n:Movie) SET n = m
"""

CREATE_CREDITS: LiteralString = """
UNWIND $credits AS c
MATCH (p:Person {name: c[0]}) MATCH (m:Movie {title: c[2]})
CREATE (p)-[:$(c[1])]->(m)
"""


def run(connection: Connection, text: LiteralString, **parameters: Any) -> None:
    """Write into the graph as some other program would."""
    connection.write(lambda transaction: transaction.run(text, parameters).consume())


def empty(connection: Connection, *, keep_migrations: bool = False) -> None:
    """Remove all nodes, constraints and indexes, but for what `kgqa migrate` made if that is to be kept."""
    kept = ["Migration", "MigrationLock"] if keep_migrations else []
    run(connection, "MATCH (n) WHERE none(label IN labels(n) WHERE label IN $kept) DETACH DELETE n", kept=kept)
    schema = [(row["name"], "CONSTRAINT") for row in connection.read("SHOW CONSTRAINTS YIELD name")]
    owned = "SHOW INDEXES YIELD name, type, owningConstraint WHERE type <> 'LOOKUP' AND owningConstraint IS NULL"
    schema += [(row["name"], "INDEX") for row in connection.read(owned)]
    for name, what in schema:
        if not (keep_migrations and name.startswith("kgqa_")):
            connection.run_schema(cast(LiteralString, f"DROP {what} {identifier(name)}"))


def counts(connection: Connection) -> dict[str, int]:
    """Return how many there are of everything that a load writes."""
    return connection.read(COUNTS)[0]


def create_movies(connection: Connection) -> None:
    """Write a graph that kgqa did not load: (:Person)-[:ACTED_IN|DIRECTED|WROTE]->(:Movie)."""
    run(connection, CREATE_MOVIES, persons=list(PERSONS), movies=list(MOVIES))
    run(connection, CREATE_CREDITS, credits=[list(credit) for credit in CREDITS])
