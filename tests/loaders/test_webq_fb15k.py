import json

import pytest

from kgqa.data import Dataset, EntityRecord, Topic, read_questions
from kgqa.errors import DataError
from loaders import webq_fb15k
from tests.loaders.sources import facts, public, quarantined, write

ENTITIES = (
    {"id": "/m/1", "label": "Fiji", "aliases": ["Viti", "", "Viti"], "description": "a country"},
    {"id": "/m/2", "label": None, "aliases": []},
    {"id": "/m/3", "label": "C. S. Lewis"},
)
FACTS = (
    "subject\trelation\tobject",
    "/m/1\t/location/country/language_spoken\t/m/2",
    "/m/3\t/people/person/place.of_birth\t/m/1",
)


def question(text="where is fiji?", answers=("/m/1",), **further):
    return {"id": "q-1", "question": text, "answers": list(answers), "all_answer_names": ["Fiji"], **further}


def source(folder, *, entities=ENTITIES, facts=FACTS, questions=()):
    def dumped(values):
        return (value if isinstance(value, str) else json.dumps(value) for value in values)

    write(folder / "entities.jsonl", *dumped(entities))
    write(folder / "facts.tsv", *facts)
    write(folder / "dev.jsonl", *dumped(questions))
    return folder


def test_entities_keep_their_labels_aliases_and_descriptions(tmp_path):
    webq_fb15k.load(source(tmp_path / "src"), tmp_path / "out")
    assert Dataset.read(tmp_path / "out").entities == [
        EntityRecord(id="/m/1", name="Fiji", aliases=("Viti",), description="a country"),
        EntityRecord(id="/m/2"),
        EntityRecord(id="/m/3", name="C. S. Lewis"),
    ]


def test_the_header_is_skipped_facts_stand_once_and_relations_are_named_by_their_words(tmp_path):
    webq_fb15k.load(source(tmp_path / "src", facts=(*FACTS, FACTS[1])), tmp_path / "out")
    assert facts(tmp_path / "out") == [
        ("/m/1", "/location/country/language_spoken", "/m/2"),
        ("/m/3", "/people/person/place.of_birth", "/m/1"),
    ]
    assert [relation.name for relation in Dataset.read(tmp_path / "out").relations] == [
        "location country language spoken",
        "people person place of birth",
    ]


def test_questions_keep_their_ids_and_the_topics_that_the_graph_holds(tmp_path):
    topics = [{"entity": "/m/1", "mention": "fiji", "start": 9}, {"entity": "/m/9", "mention": "where", "start": 0}]
    webq_fb15k.load(source(tmp_path / "src", questions=[question(topics=topics)]), tmp_path / "out")
    [read] = read_questions(tmp_path / "out" / "questions" / "dev.jsonl")
    assert (read.id, read.text, read.answers, read.kind) == ("q-1", "where is fiji?", ("/m/1",), None)
    assert read.topics == (Topic(entity="/m/1", start=9, end=13),)


@pytest.mark.parametrize(
    ("text", "topic", "place"),
    [
        pytest.param("what's fiji?", {"mention": "fiji", "start": 8}, (7, 11), id="counted with a blank before the 's"),
        pytest.param("fiji or not fiji?", {"mention": "fiji", "start": 13}, (12, 16), id="the nearest of two"),
        pytest.param("did c.s. lewis sail?", {"mention": "c . s . lewis", "start": 4}, (4, 14), id="blanks at full stops"),
        pytest.param("where is it?", {"mention": "fiji", "start": 9}, (None, None), id="not in the text"),
        pytest.param("where is it?", {}, (None, None), id="no mention"),
    ],
)
def test_a_mention_is_placed_where_it_stands_in_the_question(tmp_path, text, topic, place):
    src = source(tmp_path / "src", questions=[question(text, topics=[{"entity": "/m/1"} | topic])])
    webq_fb15k.load(src, tmp_path / "out")
    [read] = read_questions(tmp_path / "out" / "questions" / "dev.jsonl")
    assert read.topics == (Topic(entity="/m/1", start=place[0], end=place[1]),)


def test_malformed_lines_are_set_aside_with_their_reasons(tmp_path):
    src = source(
        tmp_path / "src",
        entities=(
            *ENTITIES,
            "[]",
            {"id": "/m/1", "label": "Fiji again"},
            {"id": "/m/4", "label": 4},
            {"id": "/m/4", "label": " "},
            {"id": "/m/4", "description": ["no text"]},
            {"id": "/m/4", "aliases": "Viti"},
            '{"id": "/m/4", "label": "B \\ud800"}',
        ),
        facts=(*FACTS, "/m/1\tr\t/m/9", "/m/1\tr"),
        questions=(
            question(),
            "{",
            question(answers=["/m/9"]),
            question(answers=[["/m/1"]]),
            question(answers=[]),
            question(" "),
            question(topics=["/m/1"]),
        ),
    )
    webq_fb15k.load(src, tmp_path / "out", max_bad=0.9)
    answers = "expected a question and answers that are known entities"
    known = "expected subject<TAB>relation<TAB>object with known entities, found"
    rows = quarantined(tmp_path / "out")
    assert [row for row in rows if row[2].startswith("expected a JSON object: ")] == [rows[6], rows[9]]
    assert [row[:2] for row in rows] == [
        *(("entities.jsonl", line) for line in (4, 5, 6, 7, 8, 9, 10)),
        *(("facts.tsv", line) for line in (4, 5)),
        *(("dev.jsonl", line) for line in (2, 3, 4, 5, 6, 7)),
    ]
    assert [row[2] for row in (*rows[:6], *rows[7:9])] == [
        "expected a JSON object, found list",
        "expected every id once, found '/m/1' again",
        "entities.jsonl, line 6: expected name to be text or null, found 4. Use null where there is none.",
        "entities.jsonl, line 7: expected name to be text or null, found ' '. Use null where there is none.",
        "entities.jsonl, line 8: expected description to be text or null, found ['no text']. Use null where there is none.",
        "expected a list of aliases, found str",
        rf"{known} '/m/1\tr\t/m/9'",
        rf"{known} '/m/1\tr'",
    ]
    assert [row[2] for row in rows[10:]] == [*[answers] * 4, "expected topics to be a list of objects"]
    assert len(read_questions(tmp_path / "out" / "questions" / "dev.jsonl")) == 1


def test_a_folder_without_entities_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"entities.jsonl: expected a file that can be read"):
        webq_fb15k.load(tmp_path, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.data
def test_the_public_files_are_read_whole(tmp_path):
    webq_fb15k.load(public("webq-fb15k"), tmp_path / "out", max_bad=0)
    dataset = Dataset.read(tmp_path / "out")
    assert (len(dataset.facts), dataset.repeats, len(dataset.entities), len(dataset.relations)) == (310_116, 0, 14_541, 237)
    train, dev = (read_questions(tmp_path / "out" / "questions" / f"{split}.jsonl") for split in ("train", "dev"))
    assert (len(train), len(dev)) == (1_191, 134)
    assert all(topic.start is not None for question in (*train, *dev) for topic in question.topics)
    assert quarantined(tmp_path / "out") == []
