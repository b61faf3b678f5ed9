"""Ask without a graph."""

import json

import pytest

from kgqa.config import Config
from kgqa.data import Topic
from kgqa.errors import FingerprintMismatch, QuestionError, TrainingError
from kgqa.kb import KnowledgeBase
from kgqa.model.branches import lay_out
from kgqa.model.prediction import BATCH
from kgqa.qa import QA
from kgqa.sdk import train
from tests.worlds import FILMS_FACTS, FILMS_QUESTIONS, QUICK, films, snapshot_of, write_folder, write_lines

SETTINGS = Config.from_tables(QUICK)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the five-fact world and a model that knows its questions."""
    folder = tmp_path_factory.mktemp("qa")
    questions = write_lines(folder / "questions.jsonl", FILMS_QUESTIONS)
    train(films(folder), questions, dev=questions, out=folder / "model", config=SETTINGS)
    return folder


@pytest.fixture(scope="module")
def qa(folder):
    return QA.load(folder / "model")


def test_a_model_finds_its_snapshot_by_itself(qa):
    answer = qa.ask("Who wrote films starring Tom Hanks?")

    assert (answer.entities[0].id, answer.entities[0].name) == ("broyles", "William Broyles Jr.")
    assert 0 < answer.entities[0].score <= 1
    mention = answer.mentions[0]
    assert (mention.text, mention.start, mention.end) == ("Tom Hanks", 25, 34)
    assert mention.entity.id == "hanks_actor"
    assert answer.paths[0].relations == ("starring (inverse)", "written by")
    assert answer.confirmation == "not checked"
    assert answer.rows is None


def test_the_cypher_of_an_answer_has_one_match_a_hop_and_the_start_as_a_parameter(qa):
    answer = qa.ask("Who wrote films starring Tom Hanks?")

    lines = answer.cypher.text.splitlines()
    assert lines[0] == "MATCH (a0:Entity {id: $start})"
    assert "MATCH (a0)<-[:STARRING]-(a1:Entity)" in lines
    assert "MATCH (a1)-[:WRITTEN_BY]->(answer:Entity)" in lines
    assert answer.cypher.parameters == {"start": "hanks_actor", "limit": 100}
    assert answer.proof.parameters == {"start": "hanks_actor", "answer": "broyles"}


def test_topics_say_which_entities_are_meant(qa):
    answer = qa.ask("Who wrote films starring Tom Hanks?", topics=[Topic(entity="hanks_actor", start=25, end=34)])
    assert (answer.entities[0].id, answer.mentions[0].entity.id) == ("broyles", "hanks_actor")
    with pytest.raises(QuestionError, match="expected ids of entities, found 'hanks', which the graph does not have"):
        qa.ask("Who wrote films starring Tom Hanks?", topics=[Topic(entity="hanks")])


def test_an_answer_becomes_json(qa):
    value = json.loads(json.dumps(qa.ask("Who directed Contact?").json()))

    assert value["entities"][0]["id"] == "zemeckis"
    assert value["cypher"]["parameters"]["start"] == "contact"


def test_a_question_that_names_nothing_is_not_answered(qa):
    answer = qa.ask("Why is the sky blue?")

    assert answer.abstains
    assert answer.cypher is None
    assert answer.note == "No answer: nothing in the question is a name that the graph knows."


def test_many_questions_are_answered_as_one_by_one_and_in_their_order(qa):
    texts = [line["question"] for line in FILMS_QUESTIONS] + ["Nothing known?"]

    many = qa.ask_many(texts)

    assert [answer.question for answer in many] == texts
    for together, text in zip(many, texts, strict=True):
        alone = qa.ask(text)
        assert [entity.id for entity in together.entities] == [entity.id for entity in alone.entities]
        assert together.cypher == alone.cypher


def test_answers_come_batch_by_batch(qa, monkeypatch):
    laid_out = []

    def counted(text, *others, **options):
        laid_out.append(text)
        return lay_out(text, *others, **options)

    monkeypatch.setattr("kgqa.model.prediction.lay_out", counted)
    texts = [FILMS_QUESTIONS[number % len(FILMS_QUESTIONS)]["question"] for number in range(2 * BATCH + 1)]

    answers = qa.stream(texts)

    assert next(answers).question == texts[0]
    assert len(laid_out) == BATCH
    assert [answer.question for answer in answers] == texts[1:]
    assert laid_out == texts


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("", "found an empty text"),
        (" \n", "found an empty text"),
        ("x" * 100_000, "found 100,000"),
        (3, "found int"),
        ("half \ud83d", "half of a surrogate pair"),
    ],
)
def test_what_is_no_question_is_refused(qa, question, message):
    with pytest.raises(QuestionError, match=message):
        qa.ask(question)
    with pytest.raises(QuestionError, match=message):
        qa.ask_many(["Who directed Contact?", question])


def test_odd_questions_are_answered_or_not_but_never_crash(qa):
    for text in ("💥", "?!", "שלום Tom Hanks", "Tom Hanks " * 150, "Tom\u0000Hanks", "`\\u0060` {id: 1}) DETACH DELETE n //"):
        answer = qa.ask(text)
        assert answer.abstains or "Hanks" in answer.mentions[0].text


def test_a_model_is_bound_to_its_snapshot(folder, tmp_path):
    other = snapshot_of(write_folder(tmp_path / "other", facts=FILMS_FACTS[:4]), tmp_path / "other-snapshot")

    with pytest.raises(FingerprintMismatch, match="5 and 4 facts"):
        QA.load(folder / "model", kb=other)
    assert QA.load(folder / "model", kb=KnowledgeBase.load(folder / "films-snapshot")).ask("Who directed Contact?").entities


def test_training_does_not_write_over_another_model(folder):
    questions = folder / "questions.jsonl"
    with pytest.raises(TrainingError, match="expected a new folder"):
        train(KnowledgeBase.load(folder / "films-snapshot"), questions, dev=questions, out=folder / "model", config=SETTINGS)
