"""The commands that need no Neo4j, one after the other as a user types them."""

import json
import socket

import pytest

from kgqa.training.checkpoint import save_model
from tests.model.small import untrained
from tests.worlds import FILMS_QUESTIONS, films, write_folder, write_lines

COMMANDS = (
    "demo", "up", "down", "doctor", "migrate", "load", "mapping", "snapshot", "synthesize", "select", "train", "evaluate",
    "ask", "serve", "runs", "feedback",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(kgqa, command):
    done = kgqa(command, "--help")

    assert done.code == 0
    assert f"kgqa {command}" in done.out


def test_the_root_lists_every_command(kgqa):
    done = kgqa("--help")

    assert done.code == 0
    assert all(command in done.out for command in COMMANDS)
    assert kgqa("--version").out.startswith("kgqa 0.")


def test_from_a_data_folder_to_an_answer_without_neo4j(kgqa, tmp_path):
    data = write_folder(tmp_path / "data", questions={"train": FILMS_QUESTIONS})
    questions, snapshot, model = data / "questions" / "train.jsonl", tmp_path / "snapshot", tmp_path / "model"
    config = tmp_path / "model.toml"
    config.write_text("[model]\nhops = 2\nhidden = 32\nmin_word_count = 1\n[training]\nepochs = 40\nbatch = 4\n")

    made = json.loads(kgqa("snapshot", snapshot, "--from-files", data, "--json").out)
    assert (made["entities"], made["facts"]) == (7, 5)

    trained = kgqa(
        "train", snapshot, "--questions", questions, "--dev", questions, "--out", model, "--config", config
    )  # fmt: skip
    assert trained.code == 0
    assert "learned from 4 questions" in trained.out
    again = kgqa("train", snapshot, "--questions", questions, "--dev", questions, "--out", model, "--config", config)
    assert (again.code, "expected a new folder" in again.err) == (1, True)
    resumed = kgqa(
        "train", snapshot, "--questions", questions, "--dev", questions, "--out", model, "--config", config, "--resume", "--json"
    )
    assert json.loads(resumed.out)["epochs"][-1]["number"] == 40

    lines = tmp_path / "lines.jsonl"
    summary = json.loads(kgqa("evaluate", model, "--questions", questions, "--json", "--per-question", lines).out)
    measures = {"questions", "hits@1", "hits@10", "mrr", "f1", "exact_values", "abstained", "by_kind"}
    assert measures | {"ms_per_question", "model", "snapshot", "topics"} <= summary.keys()
    assert (summary["questions"], summary["hits@1"], summary["topics"]) == (4, 1.0, "resolved")
    assert summary["by_kind"]["1-hop"]["questions"] == 3
    assert summary["snapshot"] == made["fingerprint"]
    first = json.loads(lines.read_text().splitlines()[0])
    assert (first["id"], first["correct"], first["gold"]) == ("q1", True, ["zemeckis"])
    assert first["answers"][0]["id"] == "zemeckis"
    assert first["path"] == [{"start": "cast_away", "relations": ["directed by"]}]
    table = kgqa("evaluate", model, "--questions", questions).out
    assert "100.00" in table
    assert "4 questions for entities" in table

    answer = json.loads(kgqa("ask", model, "Who directed Contact?", "--offline", "--json").out)
    assert answer["entities"][0]["id"] == "zemeckis"
    assert answer["confirmation"] == "not checked"
    shown = kgqa("ask", model, "Who directed Contact?", "--offline").out
    assert "→ Robert Zemeckis" in shown
    assert "Contact — directed by → Robert Zemeckis" in shown
    assert "MATCH (a0:Entity {id: $start})" in shown

    unchecked = kgqa("ask", model, "Who directed Contact?")
    assert unchecked.code == 0
    assert "→ Robert Zemeckis" in unchecked.out
    assert "Not checked in Neo4j: no Neo4j was found." in unchecked.out.replace("\n  ", " ")

    recorded = json.loads(kgqa("runs", "--json").out)
    assert [run["status"] for run in recorded["runs"]] == ["finished"]
    assert len(recorded["runs"][0]["epochs"]) == 40
    assert [snapshot["fingerprint"] for snapshot in recorded["snapshots"]] == [made["fingerprint"]]
    assert [evaluation["metrics"]["hits@1"] for evaluation in recorded["evaluations"]] == [1.0, 1.0]
    assert "finished" in kgqa("runs").out
    assert json.loads(kgqa("runs", "diff", 1, 2, "--json").out)["both"] == 4


def test_a_model_is_trained_from_the_graph_alone_and_warms_another_up(kgqa, tmp_path):
    data, snapshot, made = (
        write_folder(tmp_path / "data", questions={"train": FILMS_QUESTIONS}),
        tmp_path / "kb",
        tmp_path / "made",
    )
    kgqa("snapshot", snapshot, "--from-files", data)
    done = kgqa("synthesize", snapshot, made, "--questions", 200, "--seed", 3)
    assert done.code == 0
    assert "train.jsonl" in done.out
    assert json.loads(kgqa("synthesize", snapshot, made, "--questions", 200, "--seed", 3, "--json").out)["kinds"]["set one"] > 10

    config = tmp_path / "model.toml"
    config.write_text("[model]\nhops = 2\nhidden = 32\n[training]\nepochs = 3\nleast_steps = 20\nwarm_epochs = 1\n")
    options = ("--dev", made / "dev.jsonl", "--config", config)
    alone = kgqa("train", snapshot, "--questions", made / "train.jsonl", *options, "--out", tmp_path / "alone")
    assert alone.code == 0
    questions = ("--questions", data / "questions" / "train.jsonl", "--warm-start", made / "train.jsonl")
    warmed = kgqa("train", snapshot, *questions, *options, "--out", tmp_path / "warmed")
    assert warmed.code == 0
    assert "made questions can be learned from\n4 of 4 questions can be learned from\nepoch 1:" in warmed.out
    newest, older = json.loads(kgqa("runs", "--json").out)["runs"]
    assert (newest["warm_start"], older["warm_start"]) == (str(made / "train.jsonl"), None)
    first = "learned from first: "
    assert first in kgqa("runs", "show", newest["id"]).out
    assert first not in kgqa("runs", "show", older["id"]).out


def test_questions_are_selected_to_be_answered_by_hand(kgqa, tmp_path):
    data, snapshot, few = (
        write_folder(tmp_path / "data", questions={"asked": FILMS_QUESTIONS}),
        tmp_path / "kb",
        tmp_path / "few.jsonl",
    )
    kgqa("snapshot", snapshot, "--from-files", data)
    command = ("select", snapshot, data / "questions" / "asked.jsonl", few, "--number", 2)
    done = kgqa(*command)
    assert done.code == 0
    assert f"{few}: 2 of 4 questions" in done.out
    assert "3 wordings, names of entities aside; 3 questions are worded as one of these" in done.out
    assert json.loads(few.read_text().splitlines()[0])["id"] == "q1"
    again = kgqa(*command)
    assert (again.code, "expected a new file" in again.err) == (2, True)
    few.unlink()
    assert json.loads(kgqa(*command, "--json").out)["covered"] == 3
    assert "from 1 to 5,000" in kgqa("select", snapshot, few, tmp_path / "more", "--number", 5001).err


def test_the_world_of_the_demo_is_written_as_a_data_folder(kgqa, tmp_path):
    done = kgqa("demo", "--write", tmp_path / "world")

    assert done.code == 0
    names = {path.relative_to(tmp_path / "world").as_posix() for path in (tmp_path / "world").rglob("*") if path.is_file()}
    assert {
        "entities.jsonl",
        "facts.tsv",
        "relations.jsonl",
        "questions/train.jsonl",
        "questions/dev.jsonl",
        "model.toml",
    } <= names


def test_the_doctor_says_what_is_here(kgqa):
    done = kgqa("doctor", "--json")

    value = json.loads(done.out)
    found = {finding["what"]: finding for finding in value["findings"]}
    assert found["Python"]["good"]
    assert not found["Neo4j by NEO4J_URI"]["good"]
    assert done.code == (0 if value["usable"] else 1)


def test_several_files_of_questions_are_learned_from_together(kgqa, tmp_path):
    data, snapshot = write_folder(tmp_path / "data", questions={"dev": FILMS_QUESTIONS}), tmp_path / "snapshot"
    kgqa("snapshot", snapshot, "--from-files", data)
    parts = {"a.jsonl": FILMS_QUESTIONS[:1], "b.jsonl": FILMS_QUESTIONS[1:]}
    files = [option for name, lines in parts.items() for option in ("--questions", write_lines(tmp_path / name, lines))]
    config = tmp_path / "model.toml"
    config.write_text("[training]\nepochs = 1\nleast_steps = 1\n")

    done = kgqa(
        "train", snapshot, *files, "--dev", data / "questions" / "dev.jsonl", "--out", tmp_path / "model", "--config", config
    )  # fmt: skip

    assert "4 of 4 questions can be learned from" in done.out
    recorded = json.loads(kgqa("runs", "--json").out)["runs"][0]["questions"]
    assert [path.rpartition("/")[2] for path in recorded.splitlines()] == ["a.jsonl", "b.jsonl"]


def test_what_cannot_be_evaluated_or_served_is_an_error_before_anything_is_done(kgqa, tmp_path):
    kb = films(tmp_path / "films")
    questions, model = write_lines(tmp_path / "q.jsonl", FILMS_QUESTIONS), tmp_path / "model"
    save_model(model, untrained(kb), epoch=1, dev={})
    before = questions.read_text()
    own = kgqa("evaluate", model, "--questions", questions, "--per-question", tmp_path / "." / "q.jsonl")
    assert (own.code, "expected another file than the questions" in own.err, questions.read_text()) == (2, True, before)
    given = kgqa("evaluate", model, "--questions", questions, "--gold-topics")
    assert (given.code, "expected questions with topics, found none" in given.err) == (2, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        served = kgqa("serve", model, "--offline", "--port", taken.getsockname()[1])
    assert (served.code, "expected a free port, found" in served.err, "Listening" in served.out) == (2, True, False)


def test_feedback_becomes_a_question_file(kgqa, tmp_path):
    from kgqa.registry import Registry

    with Registry.open() as registry:
        for question, verdict in (("Who directed Contact?", "right"), ("Who?", "wrong")):
            registry.record_feedback(
                question=question, answer={"answers": ["zemeckis"]}, model="m", snapshot="f" * 64, verdict=verdict
            )
    done = kgqa("feedback", "export", tmp_path / "said.jsonl")

    assert done.code == 0
    assert "1 questions" in done.out
    assert "left out: 1 questions" in done.out
    (line,) = (tmp_path / "said.jsonl").read_text().splitlines()
    assert json.loads(line) == {"id": "feedback-1", "question": "Who directed Contact?", "answers": ["zemeckis"]}
    assert json.loads(kgqa("feedback", "export", tmp_path / "none.jsonl", "--snapshot", "0", "--json").out)["questions"] == 0
    for name in ("said.jsonl", "none.jsonl"):  # what was exported is replaced
        assert kgqa("feedback", "export", tmp_path / name).code == 0
    with Registry.open() as registry:
        registry.record_feedback(question="Where?", answer={"answers": []}, model="m", snapshot="e" * 64, verdict="right")
    assert f"several snapshots, {'e' * 12}, {'f' * 12}:" in kgqa("feedback", "export", tmp_path / "said.jsonl").out
    mine = write_lines(tmp_path / "train.jsonl", FILMS_QUESTIONS)
    before = mine.read_text()
    refused = kgqa("feedback", "export", mine)
    assert (refused.code, "expected a new file or one that was exported" in refused.err) == (2, True)
    assert mine.read_text() == before


def test_the_doctor_speaks_of_the_address_also_where_a_local_graph_is_chosen(kgqa, monkeypatch):
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:1")
    monkeypatch.setenv("NEO4J_PASSWORD", "secret-password")
    monkeypatch.setenv("KGQA_GRAPH", "films")
    found = {finding["what"]: finding for finding in json.loads(kgqa("doctor", "--json").out)["findings"]}
    assert "127.0.0.1:1" in found["Neo4j by NEO4J_URI"]["found"]


def test_a_training_ends_well_though_the_registry_is_gone_and_a_resumed_one_records_what_is_missing(kgqa, tmp_path, monkeypatch):
    from kgqa.errors import RegistryError
    from kgqa.registry import Registry

    data, snapshot = write_folder(tmp_path / "data", questions={"dev": FILMS_QUESTIONS}), tmp_path / "snapshot"
    kgqa("snapshot", snapshot, "--from-files", data)
    dev, config = data / "questions" / "dev.jsonl", tmp_path / "model.toml"
    config.write_text("[training]\nepochs = 2\nleast_steps = 1\n")
    command = ("train", snapshot, "--questions", dev, "--dev", dev, "--out", tmp_path / "model", "--config", config)

    def gone(*_, **__):
        raise RegistryError("the registry is gone")

    with monkeypatch.context() as patch:
        patch.setattr(Registry, "record_epoch", gone)
        patch.setattr(Registry, "finish_run", gone)
        done = kgqa(*command)
    assert done.code == 0
    assert done.err.count("not recorded: the registry is gone") == 3
    assert "learned from 4 questions" in done.out

    assert kgqa(*command, "--resume").code == 0
    (run,) = json.loads(kgqa("runs", "--json").out)["runs"]
    assert (run["status"], [epoch["number"] for epoch in run["epochs"]]) == ("finished", [1, 2])
