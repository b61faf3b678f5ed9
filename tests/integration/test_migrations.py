"""Migrations on a real server: once each, one migrator at a time, and never changed afterwards."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from kgqa.errors import MigrationError
from kgqa.files import migrations_folder
from kgqa.graph.migrations import check_own, migrate, pending, read_folder
from tests.integration.graphs import create_movies, run

pytestmark = pytest.mark.neo4j


@pytest.fixture
def folder(tmp_path):
    """Two migrations that leave a trace each time they run."""
    (tmp_path / "V001__first.cypher").write_text("CREATE (:Ran {what: 1});\nCREATE (:Ran {what: 1.5});\n", encoding="utf-8")
    (tmp_path / "V002__second.cypher").write_text("CREATE (:Ran {what: 2});\n", encoding="utf-8")
    return tmp_path


def _ran(connection):
    return [row["what"] for row in connection.read("MATCH (r:Ran) RETURN r.what AS what ORDER BY what")]


def test_the_migrations_that_ship_are_applied_once_and_recorded(bare):
    shipped = read_folder(migrations_folder("graph"))

    assert migrate(bare) == shipped

    recorded = bare.read("MATCH (m:Migration) RETURN m.version AS version, m.checksum AS checksum ORDER BY version")
    assert recorded == [{"version": migration.version, "checksum": migration.checksum} for migration in shipped]
    constraints = {row["name"] for row in bare.read("SHOW CONSTRAINTS YIELD name")}
    assert {"kgqa_entity_id", "kgqa_entity_row", "kgqa_alias_id", "kgqa_load_batch_id", "kgqa_relation_type"} <= constraints
    token = bare.change_token()
    assert migrate(bare) == pending(bare) == []
    assert bare.change_token() == token


def test_a_graph_of_someone_else_is_told_from_one_that_kgqa_loads(bare):
    check_own(bare)
    create_movies(bare)
    with pytest.raises(MigrationError, match=r"that kgqa did not load\. A graph of your own needs no migration"):
        check_own(bare)

    migrate(bare)

    check_own(bare)  # somebody else's nodes came later, or kgqa's data was merged into theirs


def test_a_file_that_was_changed_after_it_ran_is_refused_with_both_checksums(bare, folder):
    applied = migrate(bare, folder)
    (folder / "V002__second.cypher").write_text("CREATE (:Ran {what: 3});\n", encoding="utf-8")
    changed = read_folder(folder)[1]

    with pytest.raises(MigrationError) as caught:
        migrate(bare, folder)

    assert "V002 (second)" in str(caught.value)
    assert applied[1].checksum[:12] in str(caught.value)
    assert changed.checksum[:12] in str(caught.value)
    assert _ran(bare) == [1, 1.5, 2]


def test_a_graph_of_a_newer_kgqa_is_refused(bare, folder):
    migrate(bare, folder)
    (folder / "V002__second.cypher").unlink()

    with pytest.raises(MigrationError, match=r"the graph has the migration V002 \(second\), which this version"):
        migrate(bare, folder)


def test_a_statement_that_fails_is_named_and_what_came_before_stays(bare, folder):
    (folder / "V002__second.cypher").write_text("THIS IS NO CYPHER;\n", encoding="utf-8")

    with pytest.raises(MigrationError, match=r"V002 \(second\) failed: .*THIS"):
        migrate(bare, folder)

    assert _ran(bare) == [1, 1.5]
    (folder / "V002__second.cypher").write_text("CREATE (:Ran {what: 2});\n", encoding="utf-8")
    assert [migration.version for migration in migrate(bare, folder)] == [2]
    assert _ran(bare) == [1, 1.5, 2]


def test_of_several_migrators_at_once_one_applies_each_migration(bare, folder, server):
    def work(_number):
        with server.connect() as connection:
            return [migration.version for migration in migrate(connection, folder)]

    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(work, range(4)))

    assert sorted(applied) == [[], [], [], [1, 2]]
    assert _ran(bare) == [1, 1.5, 2]


def test_a_label_of_somebody_else_is_not_taken_for_a_migration(bare):
    for properties in ("{}", "{version: 1}", "{version: '1.0'}"):
        run(bare, f"CREATE (:Bird)-[:DID]->(:Migration {properties})")
    run(bare, "MATCH (b:Bird) DETACH DELETE b")
    assert pending(bare) == read_folder(migrations_folder("graph"))
    with pytest.raises(MigrationError, match=r"found a node \(Migration\) that kgqa did not load"):
        check_own(bare)
    with pytest.raises(MigrationError, match="found one of the version"):
        migrate(bare)
    assert bare.read("MATCH (m:Migration) RETURN count(m) AS found, count(m.checksum) AS own") == [{"found": 3, "own": 0}]
    run(bare, "MATCH (m:Migration) REMOVE m.version")
    assert migrate(bare) == read_folder(migrations_folder("graph"))
