"""Rendering Cypher: the texts by the letter, and names that try to break out of their backticks."""

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kgqa
from kgqa.graph.cypher import (
    Chain,
    Extreme,
    NodeShape,
    Step,
    ask_again,
    check_nodes,
    count_again,
    facts_page,
    identifier,
    nodes_of,
    prove,
    value_again,
)

ENTITY = NodeShape("Entity", "id", "name")
PERSON = NodeShape("Person", "nconst", "full name")
MOVIE = NodeShape("Movie", "tconst", "title")


def test_one_chain_is_one_match_for_each_hop_and_its_values_are_parameters():
    chain = Chain(ENTITY, "hanks' id", (Step("STARRING", forward=False), Step("WRITTEN_BY", forward=True)))

    query = ask_again([chain], [ENTITY], ["Entity"], limit=100)

    assert query.text == (
        "MATCH (a0:Entity {id: $start})\n"
        "MATCH (a0)<-[:STARRING]-(a1:Entity)\n"
        "MATCH (a1)-[:WRITTEN_BY]->(answer:Entity)\n"
        "RETURN DISTINCT answer.id AS id, answer.name AS name\n"
        "LIMIT $limit"
    )
    assert query.parameters == {"start": "hanks' id", "limit": 100}


def test_two_chains_share_their_answer():
    chains = [
        Chain(PERSON, 7, (Step("ACTED_IN", forward=True),)),
        Chain(PERSON, "x", (Step("WROTE", forward=True), Step("SEQUEL_OF", forward=False))),
    ]

    query = ask_again(chains, [MOVIE], ["Person", "Movie"], limit=5)

    assert query.text == (
        "MATCH (a0:Person {nconst: $start_a})\n"
        "MATCH (a0)-[:ACTED_IN]->(answer:Movie)\n"
        "MATCH (b0:Person {nconst: $start_b})\n"
        "MATCH (b0)-[:WROTE]->(b1:Person|Movie)\n"
        "MATCH (b1)<-[:SEQUEL_OF]-(answer:Movie)\n"
        "RETURN DISTINCT answer.tconst AS id, answer.title AS name\n"
        "LIMIT $limit"
    )
    assert query.parameters == {"start_a": 7, "start_b": "x", "limit": 5}


def test_a_proof_begins_at_its_answer():
    query = prove([Chain(PERSON, "nm1", (Step("ACTED_IN", forward=True),))], MOVIE, "tt1", ["Person", "Movie"])

    assert query.text == (
        "MATCH (answer:Movie {tconst: $answer})\n"
        "MATCH (a0:Person {nconst: $start})\n"
        "MATCH (a0)-[:ACTED_IN]->(answer:Movie)\n"
        "RETURN DISTINCT answer.tconst AS id, answer.title AS name\n"
        "LIMIT 1"
    )
    assert query.parameters == {"start": "nm1", "answer": "tt1"}


def test_answers_of_several_kinds_have_the_ids_and_names_of_their_own():
    chain = Chain(PERSON, "nm1", (Step("LIKES", forward=True),))

    query = ask_again([chain], [PERSON, MOVIE], ["Person", "Movie"], limit=5, named=True)

    name = "CASE WHEN answer:Person THEN answer.`full name` WHEN answer:Movie THEN answer.title END"
    assert query.text == (
        "MATCH (a0:Person {nconst: $start})\n"
        "MATCH (a0)-[:LIKES]->(answer:Person|Movie)\n"
        "WITH DISTINCT answer\n"
        f"WHERE {name} <> ''\n"
        f"RETURN CASE WHEN answer:Person THEN answer.nconst WHEN answer:Movie THEN answer.tconst END AS id, {name} AS name\n"
        "LIMIT $limit"
    )
    best = prove([chain], MOVIE, "tt1", ["Person", "Movie"], Extreme("likes", largest=True), answers=[PERSON, MOVIE])
    assert best.text.splitlines()[1] == "MATCH (a0)-[:LIKES]->(answer:Person|Movie)"
    assert best.text.splitlines()[-3] == "WHERE answer.likes = value AND answer.tconst = $answer AND answer:Movie"


IN_CITY = Chain(ENTITY, "dubai", (Step("LOCATED_IN", forward=False),))


def test_a_count_counts_each_named_node_once():
    query = count_again([IN_CITY], [ENTITY], ["Entity"])

    assert query.text == (
        "MATCH (a0:Entity {id: $start})\n"
        "MATCH (a0)<-[:LOCATED_IN]-(answer:Entity)\n"
        "WITH DISTINCT answer\n"
        "WHERE answer.name <> ''\n"
        "RETURN count(answer) AS value"
    )
    assert query.parameters == {"start": "dubai"}


def test_a_value_is_that_of_each_named_node_that_has_it():
    query = value_again([IN_CITY], ENTITY, ["Entity"], "height in m", 10)

    assert query.text == (
        "MATCH (a0:Entity {id: $start})\n"
        "MATCH (a0)<-[:LOCATED_IN]-(answer:Entity)\n"
        "WITH DISTINCT answer\n"
        "WHERE answer.`height in m` IS NOT NULL AND answer.name <> ''\n"
        "RETURN answer.id AS id, answer.name AS name, answer.`height in m` AS value\n"
        "LIMIT $limit"
    )
    assert query.parameters == {"start": "dubai", "limit": 10}


def test_a_chain_without_steps_ends_where_it_starts():
    query = value_again([Chain(ENTITY, "dubai", ())], ENTITY, ["Entity"], "population", 10)

    assert query.text.splitlines()[:2] == ["MATCH (answer:Entity {id: $start})", "WITH DISTINCT answer"]


def test_what_an_answer_must_have_is_a_step_that_exists():
    query = ask_again(
        [Chain(PERSON, "nm1", (Step("ACTED_IN", forward=True),))],
        [MOVIE],
        ["Person", "Movie"],
        5,
        having=Step("DIRECTED", forward=False),
    )
    assert query.text.splitlines()[2:4] == [
        "WITH DISTINCT answer",
        "WHERE EXISTS { (answer)<-[:DIRECTED]-(:Person|Movie) }",
    ]


def test_an_extreme_returns_every_node_with_the_best_value():
    query = ask_again([IN_CITY], [ENTITY], ["Entity"], limit=3, extreme=Extreme("height m", largest=True))

    assert query.text == (
        "MATCH (a0:Entity {id: $start})\n"
        "MATCH (a0)<-[:LOCATED_IN]-(answer:Entity)\n"
        "WITH DISTINCT answer\n"
        "WHERE answer.`height m` IS NOT NULL AND answer.name <> ''\n"
        "WITH collect(answer) AS answers, max(answer.`height m`) AS value\n"
        "UNWIND answers AS answer\n"
        "WITH answer, value\n"
        "WHERE answer.`height m` = value\n"
        "RETURN answer.id AS id, answer.name AS name, value\n"
        "LIMIT $limit"
    )
    assert query.parameters == {"start": "dubai", "limit": 3}


def test_the_proof_of_an_extreme_looks_for_its_answer_among_the_best():
    query = prove([IN_CITY], ENTITY, "burj", ["Entity"], Extreme("height", largest=False))

    assert query.text.splitlines()[0] == "MATCH (a0:Entity {id: $start})"
    assert "WITH collect(answer) AS answers, min(answer.height) AS value" in query.text
    assert query.text.splitlines()[-3:] == [
        "WHERE answer.height = value AND answer.id = $answer",
        "RETURN answer.id AS id, answer.name AS name, value",
        "LIMIT 1",
    ]
    assert query.parameters == {"start": "dubai", "answer": "burj"}


def test_positions_that_differ_are_compared_as_soon_as_both_are_known():
    steps = (Step("DIRECTED", forward=True), Step("DIRECTED", forward=False), Step("DIRECTED", forward=True))

    query = ask_again([Chain(ENTITY, "z", steps, differ=((0, 2), (0, 3), (1, 3)))], [ENTITY], ["Entity"], limit=1)

    assert query.text.splitlines()[1:6] == [
        "MATCH (a0)-[:DIRECTED]->(a1:Entity)",
        "MATCH (a1)<-[:DIRECTED]-(a2:Entity)",
        "WHERE a2 <> a0",
        "MATCH (a2)-[:DIRECTED]->(answer:Entity)",
        "WHERE answer <> a0 AND NOT EXISTS { MATCH (a0)-[:DIRECTED]->(answer) }",
    ]


def test_what_several_steps_lead_to_is_left_out_with_what_they_leave_out_themselves():
    steps = tuple(Step(type_, forward=True) for type_ in "RSTU")

    query = ask_again([Chain(ENTITY, "z", steps, differ=((0, 2), (2, 4)))], [ENTITY], ["Entity"], limit=1)

    assert query.text.splitlines()[5:8] == [
        "MATCH (a3)-[:U]->(answer:Entity)",
        "WHERE NOT EXISTS { MATCH (a0)-[:R]->(a0_4_1:Entity) MATCH (a0_4_1)-[:S]->(answer) WHERE answer <> a0 }",
        "RETURN DISTINCT answer.id AS id, answer.name AS name",
    ]


def test_more_chains_than_letters_keep_names_of_their_own():
    query = ask_again([Chain(ENTITY, str(n), (Step("R", forward=True),)) for n in range(60)], [ENTITY], ["Entity"], limit=1)

    starts = [line.split("(")[1].split(":")[0] for line in query.text.splitlines() if "$start" in line]
    assert len(set(starts)) == 60
    assert sorted(query.parameters[name] for name in query.parameters if name != "limit") == sorted(map(str, range(60)))


@pytest.mark.parametrize(
    ("name", "rendered"),
    [
        ("ACTED_IN", "ACTED_IN"),
        ("two words", "`two words`"),
        ("1st", "`1st`"),
        ("naïve", "`naïve`"),
        ("a`b", "`a``b`"),
        ("`", "````"),
        (r"a\u0060b", r"`a\u005cu0060b`"),
        (r"\\u0060", r"`\u005c\u005cu0060`"),
        ("x`) DETACH DELETE n //", "`x``) DETACH DELETE n //`"),
    ],
)
def test_an_identifier_that_is_no_plain_word_stands_in_backticks(name, rendered):
    assert identifier(name) == rendered


@given(
    st.text(
        alphabet=st.sampled_from(["`", "\\", "u", "0", "6", "5", "c", "a", " ", "_", "\n", "é", "😀"]), min_size=1, max_size=20
    )
)
def test_no_name_ends_its_identifier(name):
    rendered = identifier(name)

    if rendered != name:
        read = _read_as_neo4j_does(rendered)
        assert (read[0], read[-1]) == ("`", "`")
        assert "`" not in read[1:-1].replace("``", "")
        assert read[1:-1].replace("``", "`") == name


def test_nodes_of_a_label_leave_out_those_of_earlier_labels():
    assert nodes_of(PERSON, ["Movie", "a b"], ["born"]).text == (
        "\nMATCH (n:Person)\nWHERE NOT n:Movie|`a b`\n"
        "RETURN n.nconst AS id, n.`full name` AS name, [n.born] AS values, COUNT { (n)-->() } AS degree\n"
    )
    assert "WHERE" not in check_nodes(PERSON, []).text
    assert "WHERE NOT n:Movie\n" in check_nodes(PERSON, ["Movie"]).text


def test_pages_of_facts_name_objects_by_the_first_of_their_labels():
    query = facts_page(MOVIE, ["Person"], [PERSON, MOVIE], ["a", "b"])

    assert query.text == (
        "\nMATCH (n:Movie)-[r]->(o:Person|Movie)\n"
        "WHERE NOT n:Person AND n.tconst IN $ids "
        "AND ($include IS NULL OR type(r) IN $include) AND NOT type(r) IN $exclude\n"
        "WITH type(r) AS type, CASE WHEN o:Person THEN 0 WHEN o:Movie THEN 1 END AS kind, n, o\n"
        "RETURN type, kind, collect(n.tconst) AS subjects, "
        "collect(CASE kind WHEN 0 THEN o.nconst WHEN 1 THEN o.tconst END) AS objects\n"
    )
    assert query.parameters == {"ids": ["a", "b"]}


def _read_as_neo4j_does(text: str) -> str:
    """Replace each \\uXXXX by its character, once, from left to right, as Neo4j does before it looks for backticks."""
    read, place = "", 0
    while place < len(text):
        digits = text[place + 2 : place + 6]
        if text.startswith("\\u", place) and len(digits) == 4 and all(digit in "0123456789abcdefABCDEF" for digit in digits):
            read, place = read + chr(int(digits, 16)), place + 6
        else:
            read, place = read + text[place], place + 1
    return read


_CYPHER = re.compile(r"\b(MATCH|MERGE|UNWIND|CREATE|RETURN|CALL|SHOW|DROP|DELETE)\b[ \n]")


def _texts(tree: ast.AST):
    """Yield the texts of a module but its docstrings, and whether each is put together of parts."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body[0] for node in ast.walk(tree) if isinstance(node, documented) and node.body]
    skipped = {id(first.value) for first in bodies if isinstance(first, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            yield node.lineno, "".join(part.value for part in node.values if isinstance(part, ast.Constant)), True
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
            for side in (node.left, node.right):
                if isinstance(side, ast.Constant) and isinstance(side.value, str):
                    yield node.lineno, side.value, True
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("format", "join", "replace")
            and isinstance(node.func.value, ast.Constant)
            and isinstance(node.func.value.value, str)
        ):
            yield node.lineno, node.func.value.value, True
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.lineno, node.value, False


def test_no_query_is_put_together_elsewhere_and_those_that_are_written_out_stand_in_the_graph_package():
    root = Path(kgqa.__file__).parent
    found = [
        (path.relative_to(root).as_posix(), line, built)
        for path in sorted(root.rglob("*.py"))
        for line, text, built in _texts(ast.parse(path.read_text(encoding="utf-8")))
        if _CYPHER.search(text)
    ]
    assert {path for path, _, built in found if built} == {"graph/cypher.py"}
    assert [place for place in found if not place[0].startswith("graph/")] == []
