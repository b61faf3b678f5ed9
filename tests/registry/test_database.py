import sqlite3
import subprocess
import sys
from contextlib import closing

import platformdirs
import pytest

from kgqa.errors import KgqaError, RegistryError
from kgqa.files import data_home
from kgqa.registry import Registry
from kgqa.registry.database import registry_url, shown
from tests.registry.examples import open_in, record_films, start


def test_the_registry_stands_in_the_data_folder_unless_an_url_is_given(tmp_path, monkeypatch):
    monkeypatch.delenv("KGQA_REGISTRY_URL", raising=False)
    monkeypatch.setenv("KGQA_HOME", str(tmp_path / "new" / "home"))
    with Registry.open() as registry:
        record_films(registry)
    assert (tmp_path / "new" / "home" / "registry.sqlite").is_file()
    monkeypatch.setenv("KGQA_REGISTRY_URL", f"sqlite:///{tmp_path}/other.sqlite")
    with Registry.open() as registry:
        assert registry.place == f"sqlite:///{tmp_path}/other.sqlite"
        assert registry.recent_snapshots() == []
    with Registry.open(f"sqlite:///{tmp_path}/third.sqlite") as registry:
        assert registry.place.endswith("third.sqlite")


def test_the_data_folder_is_the_users_where_none_is_chosen(monkeypatch):
    monkeypatch.delenv("KGQA_HOME", raising=False)
    monkeypatch.delenv("KGQA_REGISTRY_URL", raising=False)
    assert str(data_home()) == platformdirs.user_data_dir("kgqa")
    assert registry_url().database == str(data_home() / "registry.sqlite")


@pytest.mark.parametrize(
    "text",
    [
        "hunter2",
        "postgresql://ann:hunter2@host:hunter2/kgqa",
        "postgresql://ann:x@hunter2@host/kgqa",
        "postgresql://ann:x@y/hunter2@host/kgqa",
    ],
)
def test_a_text_that_is_no_url_is_refused_without_repeating_it(text):
    with pytest.raises(RegistryError, match=r"expected one like sqlite.*Correct KGQA_REGISTRY_URL") as raised:
        Registry.open(text)
    assert raised.value.exit_code == 1
    assert "hunter2" not in str(raised.value)
    assert raised.value.__context__ is None


def test_a_database_that_kgqa_cannot_speak_to_is_an_error_without_the_password():
    with pytest.raises(RegistryError, match=r"^nosuchsql://ann:\*\*\*@host/kgqa: .*nosuchsql") as raised:
        Registry.open("nosuchsql://ann:hunter2@host/kgqa?password=hunter2")
    assert "hunter2" not in str(raised.value)


def test_a_missing_driver_is_named():
    with pytest.raises(RegistryError, match="expected the Python package oracledb") as raised:
        Registry.open("oracle+oracledb://ann:hunter2@127.0.0.1:1/kgqa")
    assert "hunter2" not in str(raised.value)


def test_an_url_is_shown_without_its_password_and_its_options():
    assert shown(registry_url("postgresql://ann:a%40b@host:5433/kgqa?sslpassword=c")) == "postgresql://ann:***@host:5433/kgqa"


def test_a_place_that_cannot_be_written_is_an_error_that_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RegistryError, match=r"file.*could not be used.*choose another one with KGQA_REGISTRY_URL"):
        Registry.open(f"sqlite:///{tmp_path}/file/registry.sqlite")
    (tmp_path / "registry.sqlite").mkdir()
    with pytest.raises(RegistryError, match="unable to open database file"):
        open_in(tmp_path)


def test_a_file_that_is_no_database_is_an_error_and_stays_as_it_is(tmp_path):
    file = tmp_path / "registry.sqlite"
    file.write_text("Dear diary, today I trained a model." * 100)
    before = file.read_bytes()
    with pytest.raises(RegistryError, match="not a database") as raised:
        open_in(tmp_path)
    assert isinstance(raised.value, KgqaError)
    assert file.read_bytes() == before


def test_a_database_that_another_program_holds_is_an_error_and_not_a_wait_for_ever(tmp_path):
    with Registry.open(f"sqlite:///{tmp_path}/registry.sqlite?timeout=0.05") as registry:
        record_films(registry)
        with closing(sqlite3.connect(tmp_path / "registry.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert len(registry.recent_snapshots()) == 1, "who reads does not wait"
            with pytest.raises(RegistryError, match=r"registry.sqlite: .*database is locked\. Check"):
                record_films(registry)
            other.execute("ROLLBACK")
        record_films(registry)


def test_a_foreign_key_is_kept(tmp_path):
    with open_in(tmp_path) as registry:
        run = start(registry, tmp_path / "model")
        registry.record_epoch(run, number=1, loss=1.0, dev={}, seconds=1.0)
        registry.record_evaluation(model=tmp_path / "model", snapshot="f" * 64, topics="given", metrics={})
        with closing(sqlite3.connect(tmp_path / "registry.sqlite", isolation_level=None)) as other:
            other.execute("PRAGMA foreign_keys = ON")
            with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
                other.execute("DELETE FROM snapshots")
            other.execute("DELETE FROM runs")
            assert other.execute("SELECT count(*) FROM epochs").fetchone() == (0,)
        assert [evaluation.run for evaluation in registry.recent_evaluations()] == [None]


def test_the_registry_is_imported_without_torch():
    program = "import sys, kgqa.registry; print('torch' in sys.modules, 'kgqa.training' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
