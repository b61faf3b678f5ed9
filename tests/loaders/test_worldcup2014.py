import pytest

from kgqa.data import Dataset, Topic, read_questions
from kgqa.errors import DataError
from loaders import worldcup2014
from tests.loaders.sources import facts, names, public, quarantined, write

FACTS = (
    "Ana_SILVA\tplays_in_club\tFC_Spain",
    "FC_Spain\tplays_in_club_inverse\tAna_SILVA",
    "Spain\tplays_for_country_inverse\tAna_SILVA",
    "Bea_COSTA\tplays_for_country\tSpain",
)
P1 = "which club does Ana_SILVA play for ?\tFC_Spain\tAna_SILVA#plays_in_club#FC_Spain#<end>#FC_Spain\tFC_Spain/\tlocal facts"


def test_backward_relations_are_turned_and_identifiers_become_names_in_words(tmp_path):
    write(tmp_path / "src" / "WC2014.txt", *FACTS)
    worldcup2014.load(tmp_path / "src", tmp_path / "out")
    assert facts(tmp_path / "out") == [
        ("Ana_SILVA", "plays_for_country", "Spain"),
        ("Ana_SILVA", "plays_in_club", "FC_Spain"),
        ("Bea_COSTA", "plays_for_country", "Spain"),
    ]
    assert names(tmp_path / "out") == {
        "Ana_SILVA": "Ana SILVA",
        "Bea_COSTA": "Bea COSTA",
        "FC_Spain": "FC Spain",
        "Spain": "Spain",
    }
    assert [relation.name for relation in Dataset.read(tmp_path / "out").relations] == ["plays for country", "plays in club"]


def test_kinds_become_one_file_a_split_and_answers_are_the_whole_set(tmp_path):
    write(tmp_path / "src" / "WC2014.txt", *FACTS)
    write(tmp_path / "src" / "WC-P1.dev.txt", P1)
    both = "Spain#plays_for_country_inverse#Bea_COSTA#<end>#Bea_COSTA"
    write(tmp_path / "src" / "WC-P2.dev.txt", f"who plays for Spain ?\tBea_COSTA\t{both}\tAna_SILVA/Bea_COSTA/\t")
    worldcup2014.load(tmp_path / "src", tmp_path / "out")
    one, two = read_questions(tmp_path / "out" / "questions" / "dev.jsonl")
    assert (one.id, one.text, one.answers) == ("dev-WC-P1-1", "which club does Ana_SILVA play for ?", ("FC_Spain",))
    assert (one.kind, one.topics) == ("WC-P1", (Topic(entity="Ana_SILVA", start=16, end=25),))
    assert (two.kind, two.answers) == ("WC-P2", ("Ana_SILVA", "Bea_COSTA"))


def test_a_conjunction_has_two_topics_each_between_blanks_and_never_inside_another(tmp_path):
    write(tmp_path / "src" / "WC2014.txt", *FACTS)
    path = "FC_Spain#plays_in_club_inverse#Ana_SILVA#<end>#Ana_SILVA*Spain#plays_for_country_inverse#Ana_SILVA#<end>#Ana_SILVA"
    text = "which player in FC_Spain is from Spain ?"
    write(tmp_path / "src" / "WC-C.train.txt", f"{text}\tAna_SILVA\t{path}\tAna_SILVA/\tlocal\tFC_Spain/Spain")
    worldcup2014.load(tmp_path / "src", tmp_path / "out")
    [question] = read_questions(tmp_path / "out" / "questions" / "train.jsonl")
    assert question.topics == (Topic(entity="FC_Spain", start=16, end=24), Topic(entity="Spain", start=33, end=38))


def test_a_topic_that_the_question_does_not_spell_out_has_no_place(tmp_path):
    write(tmp_path / "src" / "WC2014.txt", *FACTS)
    write(tmp_path / "src" / "WC-P1.dev.txt", P1.replace("does Ana_SILVA play", "does Ana play"))
    worldcup2014.load(tmp_path / "src", tmp_path / "out")
    [question] = read_questions(tmp_path / "out" / "questions" / "dev.jsonl")
    assert question.topics == (Topic(entity="Ana_SILVA"),)


def test_malformed_lines_are_set_aside_with_their_reasons(tmp_path):
    write(tmp_path / "src" / "WC2014.txt", *FACTS, "Spain\tis_in_country")
    write(tmp_path / "src" / "WC-P1.dev.txt", P1, "who ?\tAna_SILVA\tSpain", P1.replace("FC_Spain/", "FC_Spain/Real/"))
    worldcup2014.load(tmp_path / "src", tmp_path / "out", max_bad=0.5)
    assert quarantined(tmp_path / "out") == [
        ("WC2014.txt", 5, r"expected subject<TAB>relation<TAB>object, found 'Spain\tis_in_country'"),
        ("WC-P1.dev.txt", 2, "expected at least 4 columns, found 3"),
        ("WC-P1.dev.txt", 3, "unknown entity 'Real'"),
    ]
    assert len(read_questions(tmp_path / "out" / "questions" / "dev.jsonl")) == 1


def test_a_folder_without_facts_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"WC2014.txt: expected a file that can be read"):
        worldcup2014.load(tmp_path, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.data
def test_the_public_files_are_read_whole(tmp_path):
    worldcup2014.load(public("worldcup2014"), tmp_path / "out", max_bad=0)
    dataset = Dataset.read(tmp_path / "out")
    assert (len(dataset.facts), dataset.repeats, len(dataset.entities)) == (3_977, 0, 1_127)
    train, dev = (read_questions(tmp_path / "out" / "questions" / f"{split}.jsonl") for split in ("train", "dev"))
    assert (len(train), len(dev)) == (8_076, 1_014)
    assert all(topic.start is not None for question in (*train, *dev) for topic in question.topics)
    assert quarantined(tmp_path / "out") == []
