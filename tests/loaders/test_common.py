import re
import subprocess
import sys
from pathlib import Path

import pytest

from kgqa.data import EntityRecord
from kgqa.errors import DataError, StorageError
from loaders.common import Loader, parser, run
from tests.loaders.sources import names, quarantined, write


def load(source: Path, out: Path, *, max_bad: float = 0.5) -> str:
    """A loader of one entity a line that refuses those with a question mark, and states a fact of each."""
    with Loader(out, max_bad=max_bad) as loader:
        for number, line in loader.lines(source):
            if "?" in line:
                loader.bad(source, number, f"no entity:\t{line}")
            else:
                loader.good()
                loader.writer.entity(EntityRecord(id=line, name=line))
                loader.writer.fact(line, "is", line)
    return loader.summary()


def test_lines_keep_their_numbers_over_empty_lines_a_byte_order_mark_and_windows_line_ends(tmp_path):
    source = tmp_path / "source.txt"
    source.write_bytes(b"\xef\xbb\xbffirst\r\n  \n\nthird \n")
    with Loader(tmp_path / "out") as loader:
        assert list(loader.lines(source)) == [(1, "first"), (4, "third ")]
        loader.writer.entity(EntityRecord(id="a", name="a"))


def test_an_empty_source_is_refused_and_does_not_take_the_place_of_what_was_there(tmp_path):
    load(write(tmp_path / "source.txt", "a"), tmp_path / "out")
    with pytest.raises(DataError, match="expected entities to write, found none"):
        load(write(tmp_path / "empty.txt"), tmp_path / "out")
    assert names(tmp_path / "out") == {"a": "a"}


def test_a_line_that_is_not_utf8_is_set_aside_with_the_byte_and_its_column(tmp_path):
    source = tmp_path / "source.txt"
    source.write_bytes(b"good\nbad \xff\nKurt G\xc3\xb6del\n")
    summary = load(source, tmp_path / "out")
    assert names(tmp_path / "out") == {"good": "good", "Kurt Gödel": "Kurt Gödel"}
    assert quarantined(tmp_path / "out") == [("source.txt", 2, "not UTF-8: byte 0xff at column 5")]
    assert summary == (
        f"{tmp_path / 'out'}: 2 facts, 2 entities, 0 questions; 1 malformed lines are in {tmp_path / 'out' / 'quarantine.tsv'}"
    )


def test_a_reason_stays_on_one_line_and_in_one_column(tmp_path):
    load(write(tmp_path / "source.txt", "a", "b\tc?"), tmp_path / "out")
    assert quarantined(tmp_path / "out") == [("source.txt", 2, "no entity: b c?")]


def test_without_malformed_lines_there_is_no_quarantine(tmp_path):
    assert load(write(tmp_path / "source.txt", "a"), tmp_path / "out", max_bad=0) == (
        f"{tmp_path / 'out'}: 1 facts, 1 entities, 0 questions"
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["entities.jsonl", "facts.tsv"]


def test_too_many_malformed_lines_leave_only_a_quarantine_beside(tmp_path):
    source, out = write(tmp_path / "source.txt", "a", "?", "b", "?"), tmp_path / "out"
    with pytest.raises(DataError, match=r"at most 49.00% malformed lines, found 2 of 4, the first: source.txt 2 no entity"):
        load(source, out, max_bad=0.49)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.quarantine.tsv", "source.txt"]
    beside = (tmp_path / "out.quarantine.tsv").read_text(encoding="utf-8").splitlines()
    assert beside == ["file\tline\treason", "source.txt\t2\tno entity: ?", "source.txt\t4\tno entity: ?"]


def test_the_limit_itself_is_allowed(tmp_path):
    load(write(tmp_path / "source.txt", "a", "?", "b", "?"), tmp_path / "out", max_bad=0.5)
    assert len(quarantined(tmp_path / "out")) == 2


def test_a_refused_source_leaves_the_folder_of_an_earlier_run_as_it_was(tmp_path):
    load(write(tmp_path / "good.txt", "a"), tmp_path / "out")
    with pytest.raises(DataError, match="malformed"):
        load(write(tmp_path / "bad.txt", "b", "?", "?"), tmp_path / "out")
    assert names(tmp_path / "out") == {"a": "a"}


def test_a_folder_that_no_loader_wrote_is_not_replaced(tmp_path):
    precious = write(tmp_path / "out" / "thesis.txt", "years of work")
    with pytest.raises(StorageError, match=re.escape("expected a new folder or one with a entities.jsonl")):
        load(write(tmp_path / "source.txt", "a"), tmp_path / "out")
    assert precious.read_text(encoding="utf-8") == "years of work\n"


def test_any_error_while_loading_leaves_nothing_behind(tmp_path):
    with pytest.raises(ZeroDivisionError):
        with Loader(tmp_path / "out") as loader:
            loader.writer.fact("a", "r", "b")
            raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_run_prints_what_was_read_and_returns_0(tmp_path, monkeypatch, capsys):
    source = write(tmp_path / "source.txt", "a", "?")
    monkeypatch.setattr(sys, "argv", ["loader", str(source), str(tmp_path / "out"), "--max-bad", "0.5"])
    code = run(lambda arguments: [load(arguments.src, arguments.out, max_bad=arguments.max_bad)], parser("A loader."))
    assert code == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'out'}: 1 facts, 1 entities, 0 questions; 1 malformed")


def test_run_prints_an_error_without_a_traceback_and_returns_2_where_the_source_is_wrong(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["loader", str(tmp_path / "none.txt"), str(tmp_path / "out")])
    code = run(lambda arguments: [load(arguments.src, arguments.out)], parser("A loader."))
    printed = capsys.readouterr()
    assert (code, printed.out) == (2, "")
    assert printed.err == (
        f"error: {tmp_path / 'none.txt'}: expected a file that can be read, found No such file or directory. Check the path.\n"
    )


def test_run_returns_2_where_too_many_lines_are_malformed(tmp_path, monkeypatch, capsys):
    source = write(tmp_path / "source.txt", *"abcdefgh", "?")
    monkeypatch.setattr(sys, "argv", ["loader", str(source), str(tmp_path / "out"), "--max-bad", "0.1"])
    code = run(lambda arguments: [load(arguments.src, arguments.out, max_bad=arguments.max_bad)], parser("A loader."))
    assert code == 2
    assert "expected at most 10.00% malformed lines, found 1 of 9" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_run_returns_1_where_the_operating_system_fails(tmp_path, monkeypatch, capsys):
    def fail(_: object) -> list[str]:
        raise OSError("the disk is gone")

    monkeypatch.setattr(sys, "argv", ["loader", "SRC", "OUT"])
    assert run(fail, parser("A loader.")) == 1
    assert capsys.readouterr().err == "error: the disk is gone\n"


@pytest.mark.parametrize(
    ("arguments", "code", "printed"),
    [
        (["loaders.table", "facts.csv", "out"], 0, "out: 1 facts, 2 entities, 0 questions\n"),
        (["loaders.metaqa", "missing", "out"], 2, "error: missing: expected a folder, found none. Check SRC.\n"),
    ],
)
def test_a_loader_is_started_as_a_module(tmp_path, arguments, code, printed):
    write(tmp_path / "facts.csv", "paris,capital of,france")
    ran = subprocess.run([sys.executable, "-m", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout + ran.stderr) == (code, printed)
