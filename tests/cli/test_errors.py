"""Bad input: one message with file and line, the right exit code, no traceback, nothing half-written."""

import os
import resource
import signal
import subprocess
import sys

import pytest

from kgqa.config import Config
from kgqa.sdk import train
from tests.worlds import FILMS_QUESTIONS, QUICK, films, write_folder, write_lines

GOOD = '{"id": "a", "name": "A"}\n{"id": "b", "name": "B"}\n'


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("facts.tsv", b"a\tr\n", "facts.tsv, line 1: expected subject<TAB>relation<TAB>object, found 2 columns"),
        ("facts.tsv", b"a\tr\tb\n\xff\tr\tb\n", "facts.tsv, line 2: expected UTF-8 text, found the byte 0xff"),
        ("facts.tsv", b"a\tr\tnobody\n", "facts.tsv, line 1: expected"),
        ("facts.tsv", b"", "facts.tsv: expected at least one fact"),
        ("entities.jsonl", b'{"id": "a"}\n{"id": "a"}\n', "entities.jsonl, line 2: expected every id once, found 'a' again"),
        ("entities.jsonl", b"", "entities.jsonl: expected at least one entity"),
        ("entities.jsonl", b'{"id": "a"', "entities.jsonl, line 1: expected a JSON object"),
        ("entities.jsonl", None, "entities.jsonl: expected a file that can be read"),
        ("relations.jsonl", b'{"id": "other"}\n', "facts.tsv, line 1: expected a relation that stands in relations.jsonl"),
    ],
)
def test_a_malformed_data_folder_is_refused_with_file_and_line(kgqa, tmp_path, file, content, message):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "entities.jsonl").write_text(GOOD)
    (folder / "facts.tsv").write_text("a\tr\tb\n")
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)

    for command in (("load", folder), ("snapshot", tmp_path / "out", "--from-files", folder)):
        done = kgqa(*command)
        assert done.code == 2
        assert done.err.startswith("error: ")
        assert message in done.err
        assert "Traceback" not in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("question", "message"), [("", "found an empty text"), ("x" * 100_000, "found 100,000")])
def test_what_is_no_question_is_refused(kgqa, tmp_path, question, message):
    done = kgqa("ask", tmp_path / "model", question)

    assert (done.code, message in done.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("ask", "{}/nothing", "Who?", "--offline"), 1, "found no model.json in it"),
        (("evaluate", "{}/nothing", "--questions", "{}/q"), 1, "found no model.json in it"),
        (("train", "{}/nothing", "--questions", "{}/q", "--dev", "{}/q", "--out", "{}/m"), 1, "found no manifest.json in it"),
        (("train", "{}/nothing", "--questions", "q", "--dev", "q", "--out", "m", "--config", "{}/c"), 2, "could not be read"),
        (("snapshot", "{}/out", "--mapping", "{}/m.toml"), 2, "kgqa mapping --write"),
        (("snapshot", "{}/out", "--mapping", "m", "--from-files", "d"), 2, "expected one of them, found both"),
        (("up", "../outside"), 2, "expected up to 60 letters"),
        (("load", "{}/nothing"), 2, "expected a file that can be read"),
        (("fly",), 2, "No such command"),
        (("ask", "x" * 300, "{}/model"), 1, "File name too long. Check the path"),
        (("runs", "show", "9" * 20), 2, "less than or equal to 2147483647"),
    ],
)
def test_a_wrong_command_says_what_is_wrong(kgqa, tmp_path, arguments, code, message):
    done = kgqa(*(argument.replace("{}", str(tmp_path)) for argument in arguments))

    assert done.code == code
    assert message in done.err
    assert "Traceback" not in done.err


def test_an_unknown_key_of_the_settings_is_refused(kgqa, tmp_path):
    (tmp_path / "model.toml").write_text("[training]\nepoch = 3\n")

    done = kgqa("train", "s", "--questions", "q", "--dev", "d", "--out", "m", "--config", tmp_path / "model.toml")

    assert done.code == 2
    assert "training.epoch: unknown key" in done.err


def test_a_server_that_is_not_there_is_an_error_of_one_line(kgqa, monkeypatch, tmp_path):
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:1")
    monkeypatch.setenv("NEO4J_PASSWORD", "secret-password")
    write_folder(tmp_path / "data")

    for command in (("load", tmp_path / "data"), ("snapshot", tmp_path / "out"), ("mapping",), ("migrate",)):
        done = kgqa(*command)
        assert done.code == 1
        assert "no Neo4j answers there" in done.err
        assert "secret-password" not in done.err + done.out


def test_without_any_neo4j_the_error_names_all_three_ways(kgqa, tmp_path):
    write_folder(tmp_path / "data")

    done = kgqa("load", tmp_path / "data")

    assert done.code == 1
    for way in ("NEO4J_URI", "kgqa up", "Docker"):
        assert way in done.err


def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path):
    entities = [{"id": f"e{number}", "name": f"Entity {number}"} for number in range(3000)]
    facts = [(f"e{number}", "r", "e0") for number in range(1, 3000)]
    write_folder(tmp_path / "data", entities=entities, facts=facts)

    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run(
        [sys.executable, "-m", "kgqa.cli", "snapshot", str(tmp_path / "out"), "--from-files", str(tmp_path / "data")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"KGQA_REGISTRY_URL": "sqlite://"},  # in memory: what the disk refuses is the snapshot
        preexec_fn=small_files,
    )

    assert done.returncode == 1
    assert "could not be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_brackets_in_a_path_are_printed_as_they_are(kgqa, tmp_path):
    data = write_folder(tmp_path / "data")
    for name in ("o[old]y", "o[/x]y"):
        done = kgqa("snapshot", tmp_path / name, "--from-files", data)
        assert (done.code, f"{name}: 7 entities" in done.out) == (0, True), done


def test_the_current_folder_is_no_place_for_a_snapshot(kgqa, tmp_path, monkeypatch):
    data = write_folder(tmp_path / "data")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    done = kgqa("snapshot", ".", "--from-files", data)
    assert (done.code, "found the current folder" in done.err, list((tmp_path / "here").iterdir())) == (1, True, [])


def test_a_registry_that_cannot_be_used_is_told_of_before_questions_are_answered(kgqa, tmp_path, monkeypatch):
    questions = write_lines(tmp_path / "questions.jsonl", FILMS_QUESTIONS)
    train(films(tmp_path), questions, dev=questions, out=tmp_path / "model", config=Config.from_tables(QUICK))
    monkeypatch.setenv("KGQA_REGISTRY_URL", "sqlite:////proc/none/registry.sqlite")
    monkeypatch.setattr("kgqa.evaluation.report.evaluate", lambda *_, **__: pytest.fail("answered"))
    done = kgqa("evaluate", tmp_path / "model", "--questions", questions)
    assert (done.code, "registry" in done.err) == (1, True), done
    assert "Traceback" not in done.err


def test_names_cannot_steer_the_terminal_and_are_printed_as_they_are(capsys):
    from rich.table import Table
    from rich.text import Text

    from kgqa.cli.common import output

    table = Table(box=None)
    table.add_column("")
    table.add_row("cell \x1b[2J")
    for shown in ("urn:id:5 [b] \x1b]0;title\x07", Text("text \x9b31m"), table):
        output.print(shown)
    printed = capsys.readouterr().out
    assert "urn:id:5 [b] \ufffd]0;title" in printed
    assert "text \ufffd31m" in printed
    assert "cell \ufffd[2J" in printed
    assert not set("\x1b\x07\x9b") & set(printed)
