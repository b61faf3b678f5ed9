"""Rendered Cypher on a real server: what it returns is what a walk in plain Python finds."""

import itertools
import random
import re

import pytest

from kgqa.graph.cypher import Chain, Extreme, NodeShape, Step, ask_again, count_again, identifier, prove, value_again
from tests.integration.graphs import CREDITS, MOVIES, PERSONS, create_movies, run

pytestmark = pytest.mark.neo4j

PERSON = NodeShape("Person", "name", "name")
MOVIE = NodeShape("Movie", "title", "title")
LABELS = ("Person", "Movie")


@pytest.fixture
def movies(bare):
    create_movies(bare)
    return bare


def _walk(chain):
    """Return where the walks of a chain end, by looking at every credit for every step."""
    walks, reached = [[chain.start_id]], [{chain.start_id}]
    for position, step in enumerate(chain.steps, start=1):
        longer = []
        for walk, (person, type_, movie) in itertools.product(walks, CREDITS):
            here, there = (person, movie) if step.forward else (movie, person)
            if type_ == step.type and walk[-1] == here:
                longer.append([*walk, there])
        pairs = [(earlier, later) for earlier, later in chain.differ if later == position]
        walks = [walk for walk in longer if all(walk[later] not in reached[earlier] for earlier, later in pairs)]
        reached.append({walk[-1] for walk in walks})
    return {walk[-1] for walk in walks}


def _ask(connection, chains, answer, limit=1000):
    query = ask_again(chains, [answer], LABELS, limit)
    rows = connection.read(query.text, query.parameters)
    assert all(row["id"] == row["name"] for row in rows)
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"] for row in rows}


def _proves(connection, chains, answer, value):
    query = prove(chains, answer, value, LABELS)
    return connection.read(query.text, query.parameters) == [{"id": value, "name": value}]


def _chain(start, *steps, differ=()):
    return Chain(PERSON if start in _NAMES else MOVIE, start, tuple(steps), differ)


_NAMES = {person["name"] for person in PERSONS}
_ACTED, _DIRECTED, _WROTE = (Step(type_, forward=True) for type_ in ("ACTED_IN", "DIRECTED", "WROTE"))
_CAST, _DIRECTORS, _WRITERS = (Step(type_, forward=False) for type_ in ("ACTED_IN", "DIRECTED", "WROTE"))


def test_chains_reach_what_a_walk_in_python_reaches(movies):
    chosen = random.Random(3)
    answers = 0
    for hops in (1, 1, 2, 2, 2, 3, 3, 3):
        forward = chosen.random() < 0.5
        steps = [Step(chosen.choice(("ACTED_IN", "DIRECTED")), forward=forward != bool(hop % 2)) for hop in range(hops)]
        answer = MOVIE if steps[-1].forward else PERSON
        for start in [person["name"] for person in PERSONS] if forward else [movie["title"] for movie in MOVIES]:
            chain = _chain(start, *steps)
            assert _ask(movies, [chain], answer) == _walk(chain), chain
            answers += len(_walk(chain))
    assert answers > 50


def test_a_walk_may_use_a_relationship_twice_unless_its_ends_must_differ(movies):
    chain = _chain("Jodie Foster", _ACTED, _CAST)
    others = _chain("Jodie Foster", _ACTED, _CAST, differ=((0, 2),))

    assert _ask(movies, [chain], PERSON) == _walk(chain) == {"Jodie Foster", PERSONS[-1]["name"]}
    assert _ask(movies, [others], PERSON) == _walk(others) == {PERSONS[-1]["name"]}
    there_and_back = _chain("Tom Hanks", _ACTED, _CAST, _ACTED, _CAST, differ=((0, 2), (2, 4), (1, 3)))
    assert _ask(movies, [there_and_back], PERSON) == _walk(there_and_back) == set()


def test_what_the_first_steps_lead_to_is_left_out_whatever_way_a_walk_took(movies):
    for start in sorted(_NAMES):
        own, colleagues = _chain(start, _ACTED), _chain(start, _ACTED, _CAST, _ACTED, differ=((0, 2), (1, 3)))
        found = _ask(movies, [colleagues], MOVIE)
        assert found == _walk(colleagues)
        assert not found & _walk(own)
        count = count_again([colleagues], [MOVIE], LABELS)
        assert movies.read(count.text, count.parameters) == [{"value": len(found)}]
        longer = _chain(start, _ACTED, _CAST, _ACTED, _CAST, differ=((0, 2), (1, 3), (2, 4)))
        assert _ask(movies, [longer], PERSON) == _walk(longer)


def test_two_chains_reach_what_both_reach(movies):
    chains = [_chain("Tom Hanks", _ACTED), _chain("Robert Zemeckis", _DIRECTED)]
    longer = [_chain("Tom Hanks", _ACTED, _DIRECTORS), _chain("You've Got Mail", _WRITERS)]

    assert _ask(movies, chains, MOVIE) == _walk(chains[0]) & _walk(chains[1]) == {"Forrest Gump", "Cast Away"}
    assert _ask(movies, longer, PERSON) == _walk(longer[0]) & _walk(longer[1]) == {"Nora Ephron"}
    assert len(_ask(movies, chains, MOVIE, limit=1)) == 1
    for movie in (movie["title"] for movie in MOVIES):
        assert _proves(movies, chains, MOVIE, movie) == (movie in {"Forrest Gump", "Cast Away"})


def test_answers_that_must_have_a_relation_are_those_that_have_it(movies):
    written = {movie for _, type_, movie in CREDITS if type_ == "WROTE"}
    kept, lost = set(), set()
    for person in sorted(_NAMES):
        chains = [_chain(person, _ACTED)]
        reached = _walk(chains[0])
        query = ask_again(chains, [MOVIE], LABELS, 1000, having=_WRITERS)
        assert {row["id"] for row in movies.read(query.text, query.parameters)} == reached & written
        count = count_again(chains, [MOVIE], LABELS, having=_WRITERS)
        assert movies.read(count.text, count.parameters) == [{"value": len(reached & written)}]
        for movie in reached:
            proof = prove(chains, MOVIE, movie, LABELS, having=_WRITERS)
            assert bool(movies.read(proof.text, proof.parameters)) == (movie in written)
        kept |= reached & written
        lost |= reached - written
    assert kept
    assert lost


def test_a_proof_is_there_for_answers_and_for_nothing_else(movies):
    for chain in (_chain("Tom Hanks", _ACTED, _CAST, differ=((0, 2),)), _chain("Contact", _WRITERS)):
        for name in _NAMES:
            assert _proves(movies, [chain], PERSON, name) == (name in _walk(chain)), (chain, name)


def test_a_count_is_the_number_of_nodes_that_are_reached(movies):
    for chains in ([_chain("Tom Hanks", _ACTED, _CAST)], [_chain("Tom Hanks", _ACTED), _chain("Robert Zemeckis", _DIRECTED)]):
        answer = MOVIE if len(chains) == 2 else PERSON
        query = count_again(chains, [answer], LABELS)
        wanted = len(set.intersection(*map(_walk, chains)))
        assert wanted > 1
        assert movies.read(query.text, query.parameters) == [{"value": wanted}]


def test_an_extreme_is_every_node_with_the_best_value_of_those_that_are_reached(movies):
    released = {movie["title"]: movie.get("released") for movie in MOVIES}
    for person in _NAMES:
        chain = _chain(person, _ACTED)
        known = {title: released[title] for title in _walk(chain) if released[title] is not None}
        for largest in (True, False):
            extreme = Extreme("released", largest)
            query = ask_again([chain], [MOVIE], LABELS, 100, extreme)
            rows = movies.read(query.text, query.parameters)
            best = (max if largest else min)(known.values(), default=None)
            wanted = {title for title, year in known.items() if year == best}
            assert {row["id"] for row in rows} == wanted
            assert {row["value"] for row in rows} == ({best} if known else set())
            for title in released:
                proof = prove([chain], MOVIE, title, LABELS, extreme)
                assert len(movies.read(proof.text, proof.parameters)) == (title in wanted)


def test_a_value_is_that_of_every_node_that_is_reached_and_has_it(movies):
    released = {movie["title"]: movie["released"] for movie in MOVIES if movie.get("released") is not None}
    for chain in (_chain("Tom Hanks", _ACTED), _chain("Jodie Foster", _ACTED)):
        query = value_again([chain], MOVIE, LABELS, "released", 100)
        wanted = {title: released[title] for title in _walk(chain) if title in released}
        assert wanted
        assert {row["id"]: row["value"] for row in movies.read(query.text, query.parameters)} == wanted
    own = value_again([Chain(MOVIE, "Cast Away", ())], MOVIE, LABELS, "released", 100)
    assert [row["value"] for row in movies.read(own.text, own.parameters)] == [released["Cast Away"]]


def test_answers_of_several_kinds_are_asked_for_counted_and_proved_together(movies):
    run(movies, "MATCH (n:Movie) WHERE n.title IN ['Contact', 'Cast Away'] SET n.likes = size(n.title)")
    run(movies, "MATCH (n:Person {name: 'Jodie Foster'}) SET n.likes = 0")
    run(movies, "MATCH (n {name: 'Tom Hanks'}) MATCH (o) WHERE o.likes IS NOT NULL CREATE (n)-[:LIKES]->(o)")
    run(movies, "MATCH (n {name: 'Tom Hanks'}) CREATE (n)-[:LIKES]->(:Movie {length: 1})")
    run(movies, "MATCH (n {name: 'Tom Hanks'}) CREATE (n)-[:LIKES]->(:Movie {title: ''})")  # neither has a name
    chain = _chain("Tom Hanks", Step("LIKES", forward=True))
    named = ask_again([chain], [PERSON, MOVIE], LABELS, 10, named=True)
    assert {row["id"] for row in movies.read(named.text, named.parameters)} == {"Jodie Foster", "Contact", "Cast Away"}
    count = count_again([chain], [PERSON, MOVIE], LABELS)
    assert movies.read(count.text, count.parameters) == [{"value": 3}]
    best = Extreme("likes", largest=True)
    for kind, value in ((PERSON, "Jodie Foster"), (MOVIE, "Contact"), (MOVIE, "Cast Away")):
        proof = prove([chain], kind, value, LABELS, best, answers=[PERSON, MOVIE])
        assert bool(movies.read(proof.text, proof.parameters)) == (value == "Cast Away")
        one = value_again([chain], kind, LABELS, "likes", 1, answer_id=value)
        (row,) = movies.read(one.text, one.parameters)
        assert (row["id"], row["value"]) == (value, len(value) * (kind is MOVIE))


def test_names_with_backticks_and_escapes_reach_the_server_as_they_are(bare):
    label, other = "La`bel\\u0060", 'x`) DETACH DELETE n // "\\u0027'
    type_, key, name = "TY`PE \\u0060-[]->", "k`ey\\\\u0060", "na\\u006De {1: 2}"
    start = "value ` \\u0060 $start '"
    run(
        bare,
        "CREATE (a:$($label)) SET a = $left CREATE (b:$($other)) SET b = $right CREATE (a)-[:$($type)]->(b)",
        label=label,
        other=other,
        type=type_,
        left={key: start, name: "A"},
        right={key: 7, name: "B"},
    )
    left, right = NodeShape(label, key, name), NodeShape(other, key, name)

    forward = ask_again([Chain(left, start, (Step(type_, forward=True),))], [right], [label, other], 10)
    back_and_forth = prove([Chain(right, 7, (Step(type_, forward=False), Step(type_, forward=True)))], right, 7, [label, other])

    assert bare.read(forward.text, forward.parameters) == [{"id": 7, "name": "B"}]
    assert bare.read(back_and_forth.text, back_and_forth.parameters) == [{"id": 7, "name": "B"}]


PIECES = (
    "`", "``", "\\", "\\u0060", "\\u005cu0060", "'", '"', "\n", "\r\n", "\t", " ", "//", "/*", "*/", ";", "$answer", "{", "})",
    "]->(", "*1..", "MATCH", "DETACH DELETE", "RETURN", "null", "é", "שלום", "😀", "\u200b", "İ", "a", "9", "\u2028",
)  # fmt: skip


def _drawn_name(chosen):
    """Return a name that is no plain word, so that it stands in backticks."""
    return " " + "".join(chosen.choices(PIECES, k=chosen.randrange(1, 7)))


def _queries(names, chosen):
    """Render every form of query over chains of one to three hops, with the names in turn."""
    turn = itertools.cycle(names)
    shapes = [NodeShape(next(turn), next(turn), next(turn)) for _ in range(2)]
    chains = []
    for _ in range(chosen.randrange(1, 4)):
        hops = chosen.randrange(1, 5)
        steps = tuple(Step(next(turn), forward=chosen.random() < 0.5) for _ in range(hops))
        differ = tuple((low, hops) for low in range(hops) if chosen.random() < 0.5)
        chains.append(Chain(chosen.choice(shapes), "start", steps, differ))
    labels = [shape.label for shape in shapes]
    extreme = Extreme(next(turn), largest=chosen.random() < 0.5)
    having = Step(next(turn), forward=True)
    answer = shapes[0]
    return [
        ask_again(chains, [answer], labels, 10),
        ask_again(chains, [answer], labels, 10, extreme),
        ask_again(chains, [answer], labels, 10, having=having),
        prove(chains, answer, "id", labels),
        prove(chains, answer, "id", labels, extreme),
        count_again(chains, [answer], labels),
        value_again(chains, answer, labels, next(turn), 10, having),
        value_again([Chain(answer, "start", ())], answer, labels, next(turn), 10, answer_id="id"),
        ask_again(chains, shapes, labels, 10, named=True),
        prove(chains, answer, "id", labels, extreme, answers=shapes),
    ]


def test_whatever_things_are_called_a_query_is_one_statement_that_reads_and_holds_nothing_but_their_names(bare):
    quoted = re.compile("`(?:[^`]|``)*`")
    for seed in range(60):
        chosen = random.Random(seed)
        names = [_drawn_name(chosen) for _ in range(12)]
        drawn = _queries(names, random.Random(seed))
        plain = _queries([f"name {place}" for place in range(12)], random.Random(seed))
        for query, other in zip(drawn, plain, strict=True):
            assert quoted.sub("·", query.text) == quoted.sub("·", other.text)
            assert set(quoted.findall(query.text)) <= {identifier(name) for name in names}
            assert not re.search(r"\[[^\]]*\*|;", quoted.sub("", query.text))  # no pattern of any length, no second statement
            with bare.reading() as session:
                summary = session.run(f"EXPLAIN {query.text}", query.parameters).consume()
            assert summary.query_type == "r"


def test_every_identifier_is_read_back_as_its_name(graph):
    chosen = random.Random(4)
    pieces = [
        "`",
        "\\",
        "u",
        "U",
        "0060",
        "\\u0060",
        "\\u005cu0060",
        "005c",
        "a",
        " ",
        "\n",
        "'",
        '"',
        "é",
        "😀",
        "\\uu0060",
        "\\uD83D",
    ]
    names = {"".join(chosen.choices(pieces, k=chosen.randrange(1, 7))) for _ in range(400)}
    names |= {"MATCH", "null", "NOT", "true", "count", "_", "a1", "1a"}
    names = sorted(names)

    for start in range(0, len(names), 100):
        part = names[start : start + 100]
        text = "RETURN " + ", ".join(f"{place} AS {identifier(name)}" for place, name in enumerate(part))
        assert graph.read(text) == [{name: place for place, name in enumerate(part)}]
