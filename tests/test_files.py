import errno
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kgqa.errors import DataError, StorageError
from kgqa.files import (
    home,
    migrations_folder,
    new_folder,
    read_json,
    read_json_lines,
    read_lines,
    storing,
    write_json,
    write_text,
)

MARKER = "marker.json"

FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from kgqa.errors import StorageError
from kgqa.files import new_folder, write_text
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
folder = Path(sys.argv[1])
try:
    write_text(folder / "file.txt", "x" * 100_000)
except StorageError as error:
    print(error)
try:
    with new_folder(folder / "new", marker="m") as draft:
        (draft / "small").write_text("x")
        (draft / "big").write_text("x" * 100_000)
except StorageError as error:
    print(error)
"""


def fill(path, content="new"):
    with new_folder(path, marker=MARKER) as draft:
        (draft / MARKER).write_text(content, encoding="utf-8")
        (draft / "sub").mkdir()
        (draft / "sub" / "file").write_text(content, encoding="utf-8")


def test_a_new_folder_appears_when_its_block_ends(tmp_path):
    with new_folder(tmp_path / "a" / "out", marker=MARKER) as draft:
        (draft / MARKER).write_text("x", encoding="utf-8")
        assert not (tmp_path / "a" / "out").exists()
        assert draft.parent == tmp_path / "a"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["out"]
    assert (tmp_path / "a" / "out" / MARKER).read_text(encoding="utf-8") == "x"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_inside_leaves_nothing_of_a_new_folder(tmp_path, error):
    with pytest.raises(error), new_folder(tmp_path / "out", marker=MARKER) as draft:
        (draft / MARKER).write_text("x", encoding="utf-8")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_an_error_inside_leaves_the_old_folder_as_it_was(tmp_path):
    fill(tmp_path / "out", "old")
    with pytest.raises(ValueError), new_folder(tmp_path / "out", marker=MARKER):
        raise ValueError
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "sub" / "file").read_text(encoding="utf-8") == "old"


def test_an_old_folder_is_replaced_and_what_somebody_put_there_is_kept(tmp_path):
    out = tmp_path / "out"
    fill(out, "old")
    for name in ("mine", "sub/mine", "sub/mine.csv", "left.csv"):
        (out / name).write_text("mine", encoding="utf-8")
    (out / "elsewhere").symlink_to(tmp_path)
    with new_folder(out, marker=MARKER, passing=["*.csv"]) as draft:
        (draft / MARKER).write_text("new", encoding="utf-8")
        (draft / "sub").mkdir()
        (draft / "sub" / "file").write_text("new", encoding="utf-8")
    files = {str(file.relative_to(out)): file.read_text(encoding="utf-8") for file in out.rglob("*") if file.is_file()}
    assert files == {MARKER: "new", "sub/file": "new", "mine": "mine", "sub/mine": "mine", "sub/mine.csv": "mine"}
    assert (out / "elsewhere").readlink() == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_file_in_the_way_of_what_somebody_put_there_is_not_written(tmp_path):
    fill(tmp_path / "out", "old")
    with pytest.raises(StorageError, match="expected nothing where kgqa writes a file"):
        with new_folder(tmp_path / "out", marker=MARKER) as draft:
            (draft / MARKER).write_text("new", encoding="utf-8")
            (draft / "sub").write_text("new", encoding="utf-8")
    assert (tmp_path / "out" / "sub" / "file").read_text(encoding="utf-8") == "old"


def test_an_empty_folder_is_replaced(tmp_path):
    (tmp_path / "out").mkdir()
    fill(tmp_path / "out")
    assert (tmp_path / "out" / MARKER).is_file()


def test_a_folder_that_holds_something_else_is_refused_and_kept(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years", encoding="utf-8")
    with pytest.raises(StorageError, match=f"with a {MARKER} in it"):
        fill(tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_file_where_the_folder_should_be_is_refused_and_kept(tmp_path):
    (tmp_path / "out").write_text("years", encoding="utf-8")
    with pytest.raises(StorageError, match="found something else"):
        fill(tmp_path / "out")
    assert (tmp_path / "out").read_text(encoding="utf-8") == "years"


def test_a_place_below_a_file_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StorageError, match="could not be written"):
        fill(tmp_path / "file" / "out")
    with pytest.raises(StorageError, match="could not be written"):
        write_text(tmp_path / "file" / "out.txt", "x")


def test_a_text_is_written_as_it_is(tmp_path):
    write_text(tmp_path / "a" / "b.txt", "ä\n\U0001f44d\r\n")
    assert (tmp_path / "a" / "b.txt").read_bytes() == "ä\n\U0001f44d\r\n".encode()


def test_a_text_that_cannot_be_encoded_leaves_the_old_file(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "a.txt", "new \ud800")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("name", ["folder", "x" * 250])
def test_a_name_that_cannot_be_a_file_is_a_storage_error(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match="could not be written"):
        write_text(tmp_path / name, "x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_private_file_is_readable_by_its_owner_only(tmp_path):
    write_text(tmp_path / "public", "x")
    (tmp_path / "public").chmod(0o644)
    write_text(tmp_path / "secret", "x", private=True)
    write_text(tmp_path / "public", "x", private=True)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "public").stat().st_mode) == 0o600


def test_a_text_goes_through_a_link_and_into_a_pipe(tmp_path):
    (tmp_path / "disk").mkdir()
    write_text(tmp_path / "disk" / "a.txt", "old")
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "a.txt")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "disk" / "a.txt").read_text(encoding="utf-8") == "new"
    os.mkfifo(tmp_path / "pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text(encoding="utf-8")))
    reader.start()
    write_text(tmp_path / "pipe", "through")
    reader.join()
    assert read == ["through"]
    assert (tmp_path / "pipe").is_fifo()


def test_a_reader_never_sees_half_a_file(tmp_path):
    path = tmp_path / "a.txt"
    texts = ("a" * 300_000, "b" * 300_000)
    write_text(path, texts[0])
    writer = threading.Thread(target=lambda: [write_text(path, texts[turn % 2]) for turn in range(20)])
    writer.start()
    seen = [path.read_text(encoding="utf-8")]
    while writer.is_alive():
        seen.append(path.read_text(encoding="utf-8"))
    writer.join()
    assert set(seen) <= set(texts)


def test_a_full_disk_is_a_storage_error_that_leaves_nothing(tmp_path):
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first.startswith(f"{tmp_path / 'file.txt'}: could not be written: File too large.")
    assert second.startswith(f"{tmp_path / 'new'}: could not be written: File too large.")
    assert list(tmp_path.iterdir()) == []


def test_errors_that_are_not_of_storage_pass_through(tmp_path):
    with pytest.raises(FileNotFoundError), storing(tmp_path):
        (tmp_path / "none").read_bytes()


def test_lines_are_numbered_from_one_and_empty_ones_are_skipped_but_counted(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes("a\r\n\n  \nb\u2028c\n\x0cd".encode())
    assert list(read_lines(path)) == [(1, "a"), (3, "  "), (4, "b\u2028c"), (5, "\x0cd")]


def test_a_byte_order_mark_is_no_part_of_the_first_line_but_of_any_other(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n")
    assert list(read_lines(path)) == [(1, "a"), (2, "\ufeffb")]


def test_a_byte_that_is_no_utf_8_is_named_with_line_and_column(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b"fine\nbad \xe9t\n")
    lines = read_lines(path)
    assert next(lines) == (1, "fine")
    with pytest.raises(DataError) as caught:
        next(lines)
    assert str(caught.value) == (
        f"{path}, line 2: expected UTF-8 text, found the byte 0xe9 at column 5. Convert the file to UTF-8."
    )


@pytest.mark.parametrize("read", [lambda path: list(read_lines(path)), lambda path: list(read_json_lines(path)), read_json])
@pytest.mark.parametrize("name", ["none", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path, read, name):
    with pytest.raises(DataError) as caught:
        read(tmp_path / name)
    assert caught.value.path == str(tmp_path / name)
    assert caught.value.line is None


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("[1]", "found list"),
        ("{", "expected a JSON object"),
        ("{} {}", "Extra data"),
        ("  ", "expected a JSON object"),
        ('{"a":' * 100_000, "expected a JSON object"),
        ('{"a": "\\ud83d"}', "half of a surrogate pair"),
        ('{"\\udc4d": 1}', "half of a surrogate pair"),
    ],
    ids=["list", "cut", "two", "blank", "deep", "half", "half-key"],
)
def test_a_line_that_is_no_object_of_text_is_refused_with_its_number(tmp_path, line, found):
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"id": "ok"}}\n\n{line}\n', encoding="utf-8")
    with pytest.raises(DataError, match=found) as caught:
        list(read_json_lines(path))
    assert caught.value.line == 3


def test_both_halves_of_a_surrogate_pair_are_one_character(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": "\\ud83d\\udc4d \\u0060 \\\\u0060"}\n', encoding="utf-8")
    assert list(read_json_lines(path)) == [(1, {"a": "👍 ` \\u0060"})]


def test_json_is_read_back(tmp_path):
    value = {"a": ["ä", 1.5, None], "\u2028": {}}
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == value
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == value


@pytest.mark.parametrize("content", [b"{", b"\xff", b"", b"[" * 100_000])
def test_a_file_that_is_no_json_is_named(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match="expected a JSON file") as caught:
        read_json(path)
    assert caught.value.path == str(path)


def test_home_is_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("KGQA_HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.setenv("KGQA_HOME", "")
    assert home().name == "kgqa"


def test_the_migrations_of_the_graph_are_found():
    assert any(migrations_folder("graph").glob("V001__*.cypher"))


def test_a_link_is_followed_and_stays_one(tmp_path):
    (tmp_path / "disk").mkdir()
    fill(tmp_path / "disk" / "out", "old")
    (tmp_path / "out").symlink_to(tmp_path / "disk" / "out")
    fill(tmp_path / "out", "new")
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "disk" / "out" / "sub" / "file").read_text(encoding="utf-8") == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "out"]
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["out"]


def test_the_current_folder_is_replaced_by_no_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StorageError, match="found the current folder"):
        fill(Path())
    with pytest.raises(StorageError, match="expected a file, found a folder"):
        write_text(Path(), "text")


def test_an_error_that_names_a_file_elsewhere_is_not_blamed_on_what_is_written(tmp_path):
    elsewhere = PermissionError(13, "Permission denied", str(tmp_path / "source" / "text"))
    with pytest.raises(PermissionError) as caught, storing(tmp_path / "out"):
        raise elsewhere
    assert caught.value is elsewhere
    with pytest.raises(StorageError), storing(tmp_path / "out"):
        raise PermissionError(13, "Permission denied", str(tmp_path / ".out.12345678.tmp" / "file"))


def before_taking_the_place(monkeypatch, act):
    """Do something when a draft is about to be renamed to its folder."""
    rename = Path.rename

    def watched(self, target):
        if self.suffix == ".tmp":
            act(self)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", watched)


def test_a_folder_that_cannot_be_replaced_is_put_back(tmp_path, monkeypatch):
    def full(draft):
        raise OSError(errno.ENOSPC, "No space left on device", str(draft))

    fill(tmp_path / "out", "old")
    before_taking_the_place(monkeypatch, full)
    with pytest.raises(StorageError, match="No space left"):
        fill(tmp_path / "out", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / MARKER).read_text(encoding="utf-8") == "old"


def test_of_two_that_write_a_folder_at_once_one_is_told(tmp_path, monkeypatch):
    def other(_):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / MARKER).write_text("of the other", encoding="utf-8")

    fill(tmp_path / "out", "old")
    before_taking_the_place(monkeypatch, other)
    with pytest.raises(StorageError, match="could not be written"):
        fill(tmp_path / "out", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / MARKER).read_text(encoding="utf-8") == "of the other"


STOPPED = """
import sys, time
from pathlib import Path
from kgqa.files import new_folder, tidy_when_stopped
tidy_when_stopped()
with new_folder(Path(sys.argv[1]) / "out", marker="m") as draft:
    print("begun", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_process_that_is_told_to_end_leaves_no_draft(tmp_path, number):
    with subprocess.Popen([sys.executable, "-c", STOPPED, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begun\n"
        assert list(tmp_path.iterdir())
        process.send_signal(number)
        assert process.wait(60) == 128 + number
    assert list(tmp_path.iterdir()) == []
