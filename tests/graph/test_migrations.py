"""Migration files: their names, statements and checksums."""

import hashlib

import pytest

from kgqa.errors import MigrationError
from kgqa.files import migrations_folder
from kgqa.graph.migrations import Migration, read_folder


def test_a_file_is_cut_into_its_statements_without_comments(tmp_path):
    path = tmp_path / "V012__two_things.cypher"
    text = "// why; not a statement\nCREATE (:A {text: 'a; b'});\n  // again\nCREATE (:B);\nCREATE (:C)"
    path.write_text(text, encoding="utf-8")

    migration = Migration.read(path)

    assert (migration.version, migration.description) == (12, "two things")
    assert migration.statements == ("CREATE (:A {text: 'a; b'})", "CREATE (:B)", "CREATE (:C)")
    assert migration.checksum == hashlib.sha256(text.encode()).hexdigest()


def test_line_ends_do_not_change_a_checksum(tmp_path):
    (tmp_path / "V001__unix.cypher").write_bytes(b"RETURN 1;\nRETURN 2;\n")
    (tmp_path / "V002__windows.cypher").write_bytes(b"RETURN 1;\r\nRETURN 2;\r\n")

    first, second = read_folder(tmp_path)

    assert first.checksum == second.checksum
    assert first.statements == second.statements == ("RETURN 1", "RETURN 2")


@pytest.mark.parametrize("name", ["V1_one_underscore.cypher", "v001__small.cypher", "001__none.cypher", "V001__a-b.cypher"])
def test_a_file_of_another_name_is_refused(tmp_path, name):
    (tmp_path / name).write_text("RETURN 1;", encoding="utf-8")

    with pytest.raises(MigrationError, match=r"expected V<number>__<name>.cypher"):
        read_folder(tmp_path)


def test_a_file_without_a_statement_is_refused(tmp_path):
    (tmp_path / "V001__empty.cypher").write_text("// nothing;\n", encoding="utf-8")

    with pytest.raises(MigrationError, match="with a statement in it"):
        read_folder(tmp_path)


def test_two_files_of_one_version_are_refused(tmp_path):
    for name in ("V1__a.cypher", "V001__b.cypher"):
        (tmp_path / name).write_text("RETURN 1;", encoding="utf-8")

    with pytest.raises(MigrationError, match=r"expected every version once, found \[1, 1\]"):
        read_folder(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(MigrationError, match=r"none: expected the migrations of the graph"):
        read_folder(tmp_path / "none")


def test_versions_are_ordered_as_numbers(tmp_path):
    for name in ("V10__b.cypher", "V9__a.cypher"):
        (tmp_path / name).write_text("RETURN 1;", encoding="utf-8")

    assert [migration.version for migration in read_folder(tmp_path)] == [9, 10]


def test_the_migrations_that_ship_are_numbered_without_gaps():
    migrations = read_folder(migrations_folder("graph"))

    assert [migration.version for migration in migrations] == list(range(1, len(migrations) + 1))
    assert all("IF NOT EXISTS" in statement for migration in migrations for statement in migration.statements)
