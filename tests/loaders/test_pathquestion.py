import pytest

from kgqa.data import Dataset, Topic, read_questions
from kgqa.errors import DataError
from loaders import pathquestion
from tests.loaders.sources import facts, names, public, quarantined, write

FACTS = ("ada\tparents\tbyron", "byron\tgender\tmale")
LARGE = ("Track_A\t\t__music__recording__artist\tR.E.M.", "R.E.M.\t__music__artist__album\tGreen_(1988)")


def test_each_part_that_is_there_becomes_a_folder_of_its_own(tmp_path):
    write(tmp_path / "src" / "2H-kb.txt", *FACTS)
    write(tmp_path / "src" / "PQL2-KB.txt", *LARGE)
    summaries = pathquestion.load(tmp_path / "src", tmp_path / "out")
    assert [summary.split(": ")[1] for summary in summaries] == ["2 facts, 3 entities, 0 questions"] * 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["PQ-2H", "PQL-2H"]
    assert names(tmp_path / "out" / "PQ-2H") == {"ada": "ada", "byron": "byron", "male": "male"}


def test_an_empty_field_between_two_tabs_is_dropped_and_relations_are_named_in_words(tmp_path):
    write(tmp_path / "src" / "PQL2-KB.txt", *LARGE)
    pathquestion.load(tmp_path / "src", tmp_path / "out")
    assert ("Track_A", "__music__recording__artist", "R.E.M.") in facts(tmp_path / "out" / "PQL-2H")
    assert [relation.name for relation in Dataset.read(tmp_path / "out" / "PQL-2H").relations] == [
        "music artist album",
        "music recording artist",
    ]


def test_questions_have_the_whole_answer_set_and_the_start_of_the_gold_path_as_topic(tmp_path):
    write(tmp_path / "src" / "PQL2-KB.txt", *LARGE, "Track_A\t__x\tTrack_B")
    path = "Track_A#__music__recording__artist#R.E.M.#__music__artist__album#Green_(1988)"
    write(
        tmp_path / "src" / "PQL-2H.dev.txt",
        f" what is the album of Track_A 's artist ?\tGreen_(1988)(Track_B/Green_(1988)/)\t{path}",
    )
    pathquestion.load(tmp_path / "src", tmp_path / "out")
    [question] = read_questions(tmp_path / "out" / "PQL-2H" / "questions" / "dev.jsonl")
    assert (question.id, question.kind) == ("dev-PQL-2H-1", "PQL-2H")
    assert question.text == "what is the album of Track_A 's artist ?"
    assert question.answers == ("Track_B", "Green_(1988)")
    assert question.topics == (Topic(entity="Track_A", start=21, end=28),)


def test_malformed_lines_are_set_aside_with_their_reasons(tmp_path):
    write(tmp_path / "src" / "3H-kb.txt", *FACTS, "ada\tparents")
    write(
        tmp_path / "src" / "PQ-3H.train.txt",
        "the sex of ada 's parent ?\tmale(male/)\tada#parents#byron#gender#male",
        "the sex of ada 's parent ?\tmale(male/)",
        "the sex of ada 's parent ?\tmale\tada#parents#byron#gender#male",
        "the sex of eve 's parent ?\tmale(male/)\teve#parents#byron#gender#male",
    )
    pathquestion.load(tmp_path / "src", tmp_path / "out", max_bad=0.6)
    assert quarantined(tmp_path / "out" / "PQ-3H") == [
        ("3H-kb.txt", 3, r"expected subject<TAB>relation<TAB>object, found 'ada\tparents'"),
        ("PQ-3H.train.txt", 2, "expected 3 columns, found 2"),
        ("PQ-3H.train.txt", 3, "no answers in 'male'"),
        ("PQ-3H.train.txt", 4, "unknown entity 'eve'"),
    ]


def test_a_folder_without_any_part_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"expected one of 2H-kb.txt, 3H-kb.txt, PQL2-KB.txt, PQL3-KB.txt, found none"):
        pathquestion.load(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.data
def test_the_public_files_are_read_whole(tmp_path):
    pathquestion.load(public("pathquestion"), tmp_path / "out", max_bad=0)
    counts = {}
    for folder in (tmp_path / "out").iterdir():
        dataset = Dataset.read(folder)
        questions = [read_questions(folder / "questions" / f"{split}.jsonl") for split in ("train", "dev")]
        assert all(topic.start is not None for split in questions for question in split for topic in question.topics)
        counts[folder.name] = (len(dataset.facts), len(dataset.entities), *map(len, questions))
        assert quarantined(folder) == []
    assert counts == {
        "PQ-2H": (1_211, 1_056, 1_500, 192),
        "PQ-3H": (2_839, 1_836, 4_179, 522),
        "PQL-2H": (4_247, 5_034, 1_264, 176),
        "PQL-3H": (5_597, 6_505, 827, 106),
    }
