import subprocess
import sys

import pytest

from kgqa.data import Dataset, EntityRecord, FolderWriter, Question, RelationRecord, read_questions
from kgqa.errors import StorageError

ODD = (
    "'",
    '"',
    "`",
    "``]->() DETACH DELETE n //",
    "\\u0060",
    "\\",
    "$x {y: 1}",
    "👍🏽\u200d♀",
    "שָׁלוֹם עולם",
    "\u202etfel ot thgir\u202c",
    "e\u0301",
    "a\u2028\u2029\u0085\x0b\x0cb",
    " a ",
    "NULL",
    "?!",
)
"""Texts that break what is put together carelessly."""

FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from kgqa.data import EntityRecord, FolderWriter
from kgqa.errors import StorageError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with FolderWriter(Path(sys.argv[1])) as folder:
        for number in range(20_000):
            folder.entity(EntityRecord(id=str(number)))
except StorageError as error:
    print(error)
"""


def test_odd_names_come_back_as_they_were_written(tmp_path):
    entities = [EntityRecord(id=text, name=text, aliases=(text + "x",), description=text, attributes={text: 0.1}) for text in ODD]
    entities.append(EntityRecord(id="long", name="n" * 10_000, aliases=("👍" * 10_000,)))
    entities.append(EntityRecord(id="unnamed"))
    relations = [RelationRecord(id=text, name=text + "!", inverse_name=text, description=text) for text in ODD]
    questions = [{"id": text, "question": f"Who is {text}?", "answers": [text]} for text in ODD]
    with FolderWriter(tmp_path / "out") as folder:
        for entity in entities:
            folder.entity(entity)
        for relation in relations:
            folder.relation(relation)
        for text in ODD:
            folder.fact(text, text, "long")
        for question in questions:
            folder.question("test", question)
        assert (folder.entities, folder.facts, folder.questions) == (len(entities), len(ODD), len(ODD))
    dataset = Dataset.read(tmp_path / "out")
    assert dataset.entities == entities
    assert dataset.relations == relations
    assert dataset.facts.tolist() == [[place, place, len(ODD)] for place in range(len(ODD))]
    assert read_questions(tmp_path / "out" / "questions" / "test.jsonl") == [
        Question(id=text, text=f"Who is {text}?", answers=(text,)) for text in ODD
    ]


def test_an_entity_is_written_once_however_often_it_is_appended(tmp_path):
    with FolderWriter(tmp_path / "out") as folder:
        for name in ("first", "second"):
            folder.entity(EntityRecord(id="a", name=name))
        folder.fact("a", "p", "a")
        assert folder.entities == 1
    dataset = Dataset.read(tmp_path / "out")
    assert [entity.name for entity in dataset.entities] == ["first"]
    assert not (tmp_path / "out" / "relations.jsonl").exists()


@pytest.mark.parametrize("old", [False, True])
def test_an_error_leaves_nothing_new(tmp_path, old):
    if old:
        with FolderWriter(tmp_path / "out") as folder:
            folder.entity(EntityRecord(id="old"))
    with pytest.raises(KeyError), FolderWriter(tmp_path / "out") as folder:
        folder.entity(EntityRecord(id="new"))
        folder.question("train", {"question": "q"})
        raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == (["out"] if old else [])
    if old:
        assert '"old"' in (tmp_path / "out" / "entities.jsonl").read_text(encoding="utf-8")


def test_further_files_may_be_put_into_the_draft(tmp_path):
    with FolderWriter(tmp_path / "out") as folder:
        (folder.draft / "mapping.json").write_text("{}", encoding="utf-8")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["entities.jsonl", "facts.tsv", "mapping.json"]


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("years", encoding="utf-8")
    with pytest.raises(StorageError, match=r"entities\.jsonl"):
        FolderWriter(tmp_path).__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_disk_that_fills_up_is_a_storage_error_that_leaves_nothing(tmp_path):
    out = tmp_path / "out"
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(out)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{out}: could not be written: File too large.")
    assert list(tmp_path.iterdir()) == []
