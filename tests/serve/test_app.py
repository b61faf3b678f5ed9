"""The HTTP service, asked over HTTP."""

import pytest
from fastapi.testclient import TestClient

from kgqa.config import Config
from kgqa.qa import QA
from kgqa.sdk import train
from kgqa.serve.app import make_app
from tests.worlds import FILMS_QUESTIONS, QUICK, films, write_lines


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serve")
    questions = write_lines(folder / "questions.jsonl", FILMS_QUESTIONS)
    config = Config.from_tables(QUICK)
    train(films(folder), questions, dev=questions, out=folder / "model", config=config)
    with TestClient(make_app(QA.load(folder / "model"))) as client:
        yield client


def test_a_question_is_answered_with_its_cypher(client):
    response = client.post("/v1/ask", json={"question": "Who directed Contact?"})

    assert response.status_code == 200
    body = response.json()
    assert body["entities"][0]["name"] == "Robert Zemeckis"
    assert body["cypher"]["parameters"]["start"] == "contact"
    assert body["confirmation"] == "not checked"


def test_many_questions_are_answered_in_their_order(client):
    texts = ["Who directed Contact?", "Nothing known?"]

    response = client.post("/v1/ask_many", json={"questions": texts})

    assert [answer["question"] for answer in response.json()] == texts


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": ""},
        {"question": "  "},
        {"question": "x" * 100_000},
        {"question": 3},
        {"q": "x"},
        {"question": "x", "y": 1},
    ],
)
def test_what_is_no_question_is_refused_with_a_reason(client, body):
    response = client.post("/v1/ask", json=body)

    assert response.status_code == 422
    assert response.json()["detail"]


def test_health_and_model_say_what_answers(client):
    assert client.get("/v1/health").json() == {"status": "ok", "graph": "not connected"}
    assert client.get("/v1/model").json()["counts"]["facts"] == 5
    assert "/v1/ask" in client.get("/openapi.json").json()["paths"]
