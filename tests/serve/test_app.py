"""The HTTP service, asked over HTTP."""

import json
from dataclasses import fields

import pytest
from fastapi.testclient import TestClient

from kgqa.config import Config
from kgqa.explain import answer as answers
from kgqa.qa import QA
from kgqa.registry import Registry
from kgqa.sdk import train
from kgqa.serve import models
from kgqa.serve.app import make_app
from tests.worlds import FILMS_QUESTIONS, QUICK, films, write_lines


@pytest.fixture(scope="module")
def answerer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serve")
    questions = write_lines(folder / "questions.jsonl", FILMS_QUESTIONS)
    config = Config.from_tables(QUICK)
    train(films(folder), questions, dev=questions, out=folder / "model", config=config)
    return QA.load(folder / "model")


@pytest.fixture(scope="module")
def client(answerer):
    with TestClient(make_app(answerer, examples=["Who directed </script>?"])) as client:
        yield client


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A registry of its own for the service."""
    monkeypatch.setenv("KGQA_REGISTRY_URL", f"sqlite:///{tmp_path / 'registry.sqlite'}")
    with Registry.open() as registry:
        yield registry


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


@pytest.mark.parametrize("said", [True, False], ids=["with its length", "in chunks"])
def test_a_body_that_is_too_large_is_refused(client, said):
    piece = b" " * (1 << 20)
    content = piece * 17 if said else (piece for _ in range(17))
    response = client.post("/v1/ask", content=content, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.headers["content-type"]) == (413, "application/problem+json")
    assert "at most 16 MB" in response.json()["detail"]


@pytest.mark.parametrize("place", ["/", "/v1/health"])
def test_probes_may_ask_for_heads(client, place):
    response = client.head(place)
    assert (response.status_code, response.content) == (200, b"")


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
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"]
    assert response.json()["title"].startswith("Unprocessable")
    assert response.json()["status"] == 422


def test_health_and_model_say_what_answers(client):
    assert client.get("/v1/health").json() == {"status": "ok", "graph": "not connected"}
    assert client.get("/v1/model").json()["counts"]["facts"] == 5
    assert "/v1/ask" in client.get("/openapi.json").json()["paths"]


def test_what_is_sent_has_the_fields_of_the_answer():
    assert list(models.Answered.model_fields) == [field.name for field in fields(answers.Answer)]


def test_a_place_that_is_none_is_a_problem_too(client):
    response = client.get("/v2")

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_where_a_token_is_set_requests_must_carry_it(answerer, client):
    body = {"question": "Who directed Contact?"}

    with TestClient(make_app(answerer, token="sésame")) as guarded:
        assert guarded.post("/v1/ask", json=body).status_code == 401
        wrong = guarded.post("/v1/ask", json=body, headers={"Authorization": "Bearer open"})
        assert wrong.status_code == 401
        assert wrong.headers["WWW-Authenticate"] == "Bearer"
        assert "KGQA_TOKEN" in wrong.json()["detail"]
        right = guarded.post("/v1/ask", json=body, headers={"Authorization": "Bearer sésame".encode()})
        assert right.status_code == 200
        assert guarded.get("/v1/health").status_code == 200
        documented = guarded.get("/openapi.json").json()["paths"]["/v1/ask"]["post"]
        assert "security" in documented
        assert "401" in documented["responses"]
    assert "security" not in client.get("/openapi.json").json()["paths"]["/v1/ask"]["post"]


def test_the_page_needs_nothing_from_elsewhere_and_examples_cannot_break_out_of_it(client):
    response = client.get("/")

    assert response.status_code == 200
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "http://" not in response.text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in response.text
    assert response.text.count("</script>") == 1
    assert json.dumps(["Who directed </script>?"]).replace("<", "\\u003c") in response.text


def test_feedback_is_recorded_with_the_answer_and_the_correction_by_name(client, registry):
    right = client.post("/v1/feedback", json={"question": "Who directed Contact?", "verdict": "right"})
    corrected = {"question": "Who directed Cast Away?", "verdict": "wrong", "correction": {"answers": ["zemeckis", "Contact"]}}
    wrong = client.post("/v1/feedback", json=corrected)

    assert (right.status_code, wrong.status_code) == (201, 201)
    assert right.json()["right"] == {"answers": ["zemeckis"]}
    first, second = registry.feedback()
    assert (first.question, first.verdict, first.answer) == ("Who directed Contact?", "right", {"answers": ["zemeckis"]})
    assert second.correction == {"answers": ["contact", "zemeckis"]}
    assert second.model.endswith("model")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"verdict": "perhaps"}, "right"),
        ({"verdict": "right", "correction": {"value": 3}}, "not permitted"),
        ({"verdict": "wrong", "correction": {}}, "required"),
        ({"verdict": "wrong", "correction": {"answers": ["Nobody"]}}, "found none"),
        ({"verdict": "wrong", "correction": {"answers": ["Tom Hanks"]}}, "hanks_actor, hanks_scientist"),
        ({"verdict": "wrong", "correction": {"value": 1e999}}, "finite"),
    ],
)
def test_feedback_that_says_nothing_clear_is_refused_and_not_recorded(client, registry, said, message):
    content = json.dumps({"question": "Who directed Contact?"} | said)
    response = client.post("/v1/feedback", content=content, headers={"Content-Type": "application/json"})

    assert response.status_code == 422
    assert message in response.json()["detail"]
    assert registry.feedback() == []


def test_metrics_count_requests_by_place_and_status_and_do_not_grow_with_what_is_asked(client):
    client.post("/v1/ask", json={"question": "Who directed Contact?"})
    client.post("/v1/ask", json={})
    client.get("/nowhere/1")
    client.get("/nowhere/2")

    lines = client.get("/metrics").text.splitlines()
    counts = [line for line in lines if line.startswith("kgqa_requests_total")]
    assert any('path="/v1/ask",status="200"' in line for line in counts)
    assert any('path="/v1/ask",status="422"' in line for line in counts)
    assert sum('status="404"' in line for line in counts) == 1
    assert "kgqa_waiting_questions 0.0" in lines
    assert not any("Contact" in line for line in lines)


@pytest.mark.parametrize(("sent", "kept"), [("a-1", True), ("a b\tc", False), ("x" * 65, False), ("", False)])
def test_a_request_has_an_id_and_a_line_in_the_log_without_what_was_asked(client, caplog, sent, kept):
    with caplog.at_level("INFO", logger="kgqa.serve"):
        response = client.post("/v1/ask", json={"question": "Who directed Contact?"}, headers={"X-Request-ID": sent})

    number = response.headers["X-Request-ID"]
    assert (number == sent) == kept
    (line,) = [record.getMessage() for record in caplog.records if record.name == "kgqa.serve"]
    assert line.startswith(f"request={number} method=POST path=/v1/ask status=200 ms=")
    assert "Contact" not in line


def test_a_request_that_fails_is_counted_and_logged_as_500(answerer, caplog):
    app = make_app(answerer)

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("broken")

    with TestClient(app, raise_server_exceptions=False) as client, caplog.at_level("INFO", logger="kgqa.serve"):
        assert client.get("/broken").status_code == 500
        counts = client.get("/metrics").text
    assert 'kgqa_requests_total{path="/broken",status="500"} 1.0' in counts
    assert any("path=/broken status=500" in record.getMessage() for record in caplog.records)
