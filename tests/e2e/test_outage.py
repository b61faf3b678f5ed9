"""Neo4j is stopped while the service runs, and comes back."""

import pytest

pytestmark = pytest.mark.neo4j


def test_answers_go_on_unchecked_while_neo4j_is_away_and_are_confirmed_again_after(site):
    question = "What city is the Mona Lisa in?"
    assert site.ask(question)["confirmation"] == "confirmed"
    site.kgqa("down")
    try:
        assert site.wait_for(503)["status"] == "degraded"
        answer = site.ask(question)
        assert answer["entities"][0]["name"] == "Paris"
        assert answer["confirmation"] == "not checked"
        assert answer["note"].startswith("Not checked: ")
        assert answer["cypher"]["text"]
    finally:
        site.kgqa("up")
    assert site.wait_for(200) == {"status": "ok", "graph": "answers"}
    assert site.ask(question)["confirmation"] == "confirmed"
