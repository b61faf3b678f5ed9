import logging
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect
from sqlalchemy.exc import OperationalError

from kgqa.errors import RegistryError
from kgqa.files import migrations_folder
from kgqa.registry.database import open_engine, registry_url
from kgqa.registry.tables import VERSION_TABLE, Base
from kgqa.registry.upgrade import configuration, upgrade
from tests.registry.examples import open_in, record_films, start

TABLES = {"feedback", "snapshots", "runs", "epochs", "evaluations", "outcomes"}


@pytest.fixture
def engine(tmp_path):
    return open_engine(registry_url(f"sqlite:///{tmp_path}/registry.sqlite"))


def schema(file):
    """Return what SQLite keeps of the tables and indexes, white space folded."""
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: " ".join(sql.split()) for name, sql in rows if name != VERSION_TABLE}


def take_back(engine, revision):
    """Undo the versions after this one."""
    config = configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def test_a_new_database_gets_all_tables_and_is_opened_again_as_it_is(tmp_path):
    with open_in(tmp_path / "not" / "yet" / "there") as registry:
        record_films(registry)
    file = tmp_path / "not" / "yet" / "there" / "registry.sqlite"
    before = schema(file)
    assert before.keys() >= TABLES
    with open_in(file.parent) as registry:
        assert len(registry.recent_snapshots()) == 1
    assert schema(file) == before


def test_alembic_finds_no_difference_between_the_versions_and_the_tables(engine):
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, Base.metadata) == []


def test_the_versions_make_the_very_schema_of_the_tables(engine, tmp_path):
    upgrade(engine)
    direct = open_engine(registry_url(f"sqlite:///{tmp_path}/direct.sqlite"))
    Base.metadata.create_all(direct)
    assert schema(tmp_path / "registry.sqlite") == schema(tmp_path / "direct.sqlite")


def test_the_versions_can_be_taken_back_and_applied_again(engine, tmp_path):
    upgrade(engine)
    before = schema(tmp_path / "registry.sqlite")
    take_back(engine, "base")
    assert schema(tmp_path / "registry.sqlite") == {}
    upgrade(engine)
    assert schema(tmp_path / "registry.sqlite") == before


def test_a_training_that_an_older_kgqa_recorded_is_kept(engine, tmp_path):
    with open_in(tmp_path) as registry:
        run = start(registry, tmp_path / "model", questions=[tmp_path / "train.jsonl"])
        before = registry.run(run)
    take_back(engine, "0003")
    assert "warm_start" not in {column["name"] for column in inspect(engine).get_columns("runs")}
    with open_in(tmp_path) as registry:
        assert registry.run(run) == before


def test_a_registry_of_a_newer_kgqa_is_refused_and_left_alone(tmp_path):
    with open_in(tmp_path) as registry:
        record_films(registry)
    with closing(sqlite3.connect(tmp_path / "registry.sqlite")) as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
        connection.commit()
    with pytest.raises(RegistryError, match=r"registry\.sqlite: .*version '9999'.*Upgrade kgqa"):
        open_in(tmp_path)
    with closing(sqlite3.connect(tmp_path / "registry.sqlite")) as connection:
        assert connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchall() == [("9999",)]
        assert connection.execute("SELECT count(*) FROM snapshots").fetchone() == (1,)


def test_a_version_that_fails_leaves_nothing_behind(engine, tmp_path):
    folder = shutil.copytree(migrations_folder("registry"), tmp_path / "broken")
    (folder / "versions" / "0005_broken.py").write_text(
        "from alembic import op\n"
        "revision, down_revision, branch_labels, depends_on = '0005', '0004', None, None\n"
        "def upgrade():\n    op.execute('CREATE TABLE half (a)')\n    op.execute('CREATE TABLE half (a)')\n"
    )
    with pytest.raises(OperationalError, match="half already exists"):
        upgrade(engine, folder)
    assert inspect(engine).get_table_names() == []
    upgrade(engine)
    assert set(inspect(engine).get_table_names()) == TABLES | {VERSION_TABLE}


def test_the_versions_are_found_in_a_folder_with_an_odd_name(engine, tmp_path):
    upgrade(engine, shutil.copytree(migrations_folder("registry"), tmp_path / "50% odd: näme, here"))
    assert set(inspect(engine).get_table_names()) == TABLES | {VERSION_TABLE}


def test_missing_versions_are_told_with_their_folder(engine, tmp_path):
    with pytest.raises(RegistryError, match=r"nowhere: expected the versions of the registry.*Install kgqa again"):
        upgrade(engine, tmp_path / "nowhere")


def test_opening_prints_nothing_and_leaves_logging_as_it_is(tmp_path, capfd):
    logger = logging.getLogger("kgqa.somebody")
    before = (logging.root.level, list(logging.root.handlers), logger.disabled, logging.getLogger("alembic").handlers)
    with open_in(tmp_path):
        pass
    assert (logging.root.level, list(logging.root.handlers), logger.disabled, logging.getLogger("alembic").handlers) == before
    assert capfd.readouterr() == ("", "")


OPEN_AND_WRITE = """
import sys
from kgqa.registry import Registry
number = int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
with Registry.open(sys.argv[1]) as registry:
    registry.record_snapshot(fingerprint="f" * 64, path=None, source="films", counts={})
    run = registry.start_run(model=f"model{number}", snapshot="f" * 64, config={}, source="")
    for epoch in range(1, 11):
        registry.record_epoch(run, number=epoch, loss=1.0 / epoch, dev={"process": number}, seconds=0.0)
        registry.recent_runs()
    registry.finish_run(run, "finished")
"""


def test_processes_that_open_a_new_registry_at_once_all_write_into_it(tmp_path):
    url = f"sqlite:///{tmp_path}/registry.sqlite"
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", OPEN_AND_WRITE, url, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n", process.stderr.read()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")
    with open_in(tmp_path) as registry:
        runs = registry.recent_runs()
        assert len(registry.recent_snapshots()) == 1
    assert sorted(run.epochs[0].dev["process"] for run in runs) == [0, 1, 2]
    assert [(run.status, len(run.epochs), len({epoch.dev["process"] for epoch in run.epochs})) for run in runs] == [
        ("finished", 10, 1)
    ] * 3
