import pytest

from kgqa.data import Dataset, Topic, read_questions
from kgqa.errors import DataError
from loaders import metaqa
from tests.loaders.sources import facts, names, public, quarantined, write

KB = (
    "Heat|directed_by|Michael Mann",
    "Heat|release_year|1995",
    "Ali|directed_by|Michael Mann",
    "Heat|directed_by|Michael Mann",
)


def source(folder, *, kb=KB, one_hop=("who directed [Heat]\tMichael Mann",)):
    write(folder / "kb.txt", *kb)
    write(folder / "1-hop" / "vanilla" / "qa_dev.txt", *one_hop)
    return folder


def test_facts_are_written_once_and_every_entity_is_named_by_its_text(tmp_path):
    metaqa.load(source(tmp_path / "src"), tmp_path / "out")
    assert facts(tmp_path / "out") == [
        ("Ali", "directed_by", "Michael Mann"),
        ("Heat", "directed_by", "Michael Mann"),
        ("Heat", "release_year", "1995"),
    ]
    assert names(tmp_path / "out") == {name: name for name in ("1995", "Ali", "Heat", "Michael Mann")}
    relations = Dataset.read(tmp_path / "out").relations
    assert [(relation.id, relation.name) for relation in relations] == [
        ("directed_by", "directed by"),
        ("release_year", "release year"),
    ]


def test_brackets_become_a_topic_at_its_place_and_hop_counts_become_kinds_of_one_split(tmp_path):
    src = source(tmp_path / "src", one_hop=("when was [Heat] released\t1995",))
    write(src / "2-hop" / "vanilla" / "qa_dev.txt", "what else is by the director of [Ali]\tHeat|Ali")
    write(src / "1-hop" / "ntm" / "qa_dev.txt", "[Heat] came out when\t1995")
    write(src / "1-hop" / "vanilla" / "qa_dev_types.txt.bak", "not a file of questions")
    metaqa.load(src, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out" / "questions").iterdir()) == ["dev-ntm.jsonl", "dev.jsonl"]
    one, two = read_questions(tmp_path / "out" / "questions" / "dev.jsonl")
    assert (one.id, one.text, one.answers, one.kind) == ("dev-1-hop-1", "when was Heat released", ("1995",), "1-hop")
    assert one.topics == (Topic(entity="Heat", start=9, end=13),)
    assert (two.text, two.answers, two.kind) == ("what else is by the director of Ali", ("Heat", "Ali"), "2-hop")
    assert two.topics == (Topic(entity="Ali", start=32, end=35),)
    [reworded] = read_questions(tmp_path / "out" / "questions" / "dev-ntm.jsonl")
    assert (reworded.text, reworded.topics) == ("Heat came out when", (Topic(entity="Heat", start=0, end=4),))


def test_malformed_lines_are_set_aside_with_their_reasons(tmp_path):
    src = source(
        tmp_path / "src",
        kb=(*KB, "Heat|directed_by", "Heat||1995", "He\tat|directed_by|Ali"),
        one_hop=(
            "who directed [Heat]\tMichael Mann",
            "who directed Heat\tMichael Mann",
            "who directed [Heat] and [Ali]\tMichael Mann",
            "who directed [Thief]\tMichael Mann",
            "who directed [Ali]\tJames Caan",
            "who directed [Ali]",
        ),
    )
    metaqa.load(src, tmp_path / "out", max_bad=0.9)
    assert len(read_questions(tmp_path / "out" / "questions" / "dev.jsonl")) == 1
    assert len(Dataset.read(tmp_path / "out").facts) == 3
    assert quarantined(tmp_path / "out") == [
        ("kb.txt", 5, "expected subject|relation|object, found 'Heat|directed_by'"),
        ("kb.txt", 6, "expected subject|relation|object, found 'Heat||1995'"),
        ("kb.txt", 7, r"expected subject|relation|object, found 'He\tat|directed_by|Ali'"),
        ("qa_dev.txt", 2, r"expected question with [topic]<TAB>answers, found 'who directed Heat\tMichael Mann'"),
        ("qa_dev.txt", 3, r"expected question with [topic]<TAB>answers, found 'who directed [Heat] and [Ali]\tMichael Mann'"),
        ("qa_dev.txt", 4, "unknown entity 'Thief'"),
        ("qa_dev.txt", 5, "unknown entity 'James Caan'"),
        ("qa_dev.txt", 6, "expected question with [topic]<TAB>answers, found 'who directed [Ali]'"),
    ]


def test_one_malformed_line_in_five_is_too_many_unless_allowed(tmp_path):
    src = source(tmp_path / "src", kb=(*KB, "Heat"), one_hop=())
    with pytest.raises(DataError, match=r"found 1 of 5, the first: kb.txt 5 expected subject\|relation\|object, found 'Heat'"):
        metaqa.load(src, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_without_facts_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"kb.txt: expected a file that can be read") as refused:
        metaqa.load(tmp_path, tmp_path / "out")
    assert refused.value.exit_code == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.data
def test_the_public_files_are_read_whole(tmp_path):
    metaqa.load(public("metaqa"), tmp_path / "out", max_bad=0)
    dataset = Dataset.read(tmp_path / "out")
    assert (len(dataset.facts), dataset.repeats, len(dataset.entities), len(dataset.relations)) == (133_582, 0, 43_234, 9)
    kinds = [question.kind for question in read_questions(tmp_path / "out" / "questions" / "dev.jsonl")]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"1-hop": 9_992, "2-hop": 14_872, "3-hop": 14_274}
    assert quarantined(tmp_path / "out") == []
