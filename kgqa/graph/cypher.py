"""The only place that renders Cypher.

What is formatted into a text here are labels, relationship types and property names that were looked up in a catalogue or
a mapping; values always travel as parameters. Every rendered query is one read statement with one `MATCH` per hop, because a
single `MATCH` finds no walk that uses a relationship twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, LiteralString, cast

Parameters = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CypherQuery:
    """A query and its parameters: it runs as it is in Neo4j Browser, after `:params`."""

    text: LiteralString
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class NodeShape:
    """How nodes of one kind are found in the graph: their label, the property of their id and that of their name."""

    label: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """One hop: a relationship type, walked from its start to its end if `forward`."""

    type: str
    forward: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """A walk from one node.

    `differ` holds pairs of positions (low, high): a node at `high` must be none of those that the first `low` steps lead to from
    the start, whatever way this walk took; with low 0 that is the start itself.
    """

    start: NodeShape
    start_id: str | int
    steps: tuple[Step, ...]
    differ: tuple[tuple[int, int], ...] = ()


@lru_cache(maxsize=4096)
def identifier(name: str) -> LiteralString:
    r"""Return a label, type or property name as it may stand in Cypher.

    Neo4j replaces `\uXXXX` before it looks for backticks, but not after a backslash, so every backslash is written as one.

    >>> identifier("ACTED_IN"), identifier("a`b"), identifier("a\\u0060b")
    ('ACTED_IN', '`a``b`', '`a\\u005cu0060b`')
    """
    if name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit():
        return cast(LiteralString, name)
    return cast(LiteralString, "`" + name.replace("\\", "\\u005c").replace("`", "``") + "`")


@dataclass(frozen=True, slots=True)
class Extreme:
    """The property of which the largest value is asked for, or the smallest."""

    property: str
    largest: bool


def ask_again(
    chains: Sequence[Chain],
    answers: Sequence[NodeShape],
    labels: Sequence[str],
    limit: int,
    extreme: Extreme | None = None,
    having: Step | None = None,
    *,
    named: bool = False,
) -> CypherQuery:
    """Render the query for everything that the chains reach together, at most `limit` rows.

    Args:
        chains: the walks; all must end in an answer.
        answers: the kinds of nodes that answers are.
        labels: all labels that entities have in this graph; no other node is walked through.
        limit: the largest number of rows.
        extreme: keep only the nodes with the extreme value, several where they are equal; it is returned as `value`.
        having: keep only the nodes from which this step can be taken.
        named: keep only nodes with a name; extremes do in any case.
    """
    lines, parameters = _match(chains, answers, labels)
    lines += _returned(answers, labels, extreme, having, named=named)
    lines.append("LIMIT $limit")
    return CypherQuery(cast(LiteralString, "\n".join(lines)), parameters | {"limit": limit})


def prove(
    chains: Sequence[Chain],
    answer: NodeShape,
    answer_id: str | int,
    labels: Sequence[str],
    extreme: Extreme | None = None,
    having: Step | None = None,
    *,
    answers: Sequence[NodeShape] = (),
) -> CypherQuery:
    """Render the query that returns one answer if the chains reach it, and nothing otherwise; arguments as in `ask_again`.

    The others with which it is compared for an extreme are of the kinds `answers`, of its own if none are given.
    """
    kinds = (answer,) if extreme is None else answers or (answer,)
    lines, parameters = _match(chains, kinds, labels, pinned=extreme is None)
    lines += _returned(kinds, labels, extreme, having, pinned=answer)
    lines.append("LIMIT 1")
    return CypherQuery(cast(LiteralString, "\n".join(lines)), parameters | {"answer": answer_id})


def count_again(
    chains: Sequence[Chain], answers: Sequence[NodeShape], labels: Sequence[str], having: Step | None = None
) -> CypherQuery:
    """Render the query that counts what the chains reach together, as `value`; nodes without a name are not counted."""
    lines, parameters = _match(chains, answers, labels)
    lines += [*_members([_named(answers), *_taking_part(having, labels)]), "RETURN count(answer) AS value"]
    return CypherQuery(cast(LiteralString, "\n".join(lines)), parameters)


def value_again(
    chains: Sequence[Chain],
    answer: NodeShape,
    labels: Sequence[str],
    property_: str,
    limit: int,
    having: Step | None = None,
    *,
    answer_id: str | int | None = None,
) -> CypherQuery:
    """Render the query for a property of what the chains reach together, as `value`; a chain without steps reaches its start.

    Arguments as in `ask_again`; `property_` is the property. With `answer_id` only the node with this id is looked at.
    """
    lines, parameters = _match(chains, (answer,), labels, pinned=answer_id is not None)
    id_, name, value = (f"answer.{identifier(key)}" for key in (answer.id, answer.name, property_))
    lines += _members([_has(property_), _named((answer,)), *_taking_part(having, labels)])
    lines += [f"RETURN {id_} AS id, {name} AS name, {value} AS value", "LIMIT $limit"]
    parameters |= {"limit": limit} | ({} if answer_id is None else {"answer": answer_id})
    return CypherQuery(cast(LiteralString, "\n".join(lines)), parameters)


def _match(
    chains: Sequence[Chain], answers: Sequence[NodeShape], labels: Sequence[str], *, pinned: bool = False
) -> tuple[list[str], Parameters]:
    any_entity, any_answer = _any_of(labels), _any_of([shape.label for shape in answers])
    lines: list[str] = []
    parameters: Parameters = {}
    if pinned:
        lines.append(f"MATCH (answer:{any_answer} {{{identifier(answers[0].id)}: $answer}})")
    for number, chain in enumerate(chains):
        letter = "abcdefghijklmnopqrstuvwxyz"[number % 26] * (number // 26 + 1)
        start = "start" if len(chains) == 1 else f"start_{letter}"
        names = [f"{letter}{position}" for position in range(len(chain.steps))] + ["answer"]
        parameters[start] = chain.start_id
        lines.append(f"MATCH ({names[0]}:{identifier(chain.start.label)} {{{identifier(chain.start.id)}: ${start}}})")
        lines += _walked(chain, names, any_entity, f":{any_answer}")
    return lines, parameters


def _walked(chain: Chain, names: Sequence[str], any_entity: str, last: str) -> list[str]:
    """Return the lines of the first steps of a chain, one for each name after the first; `last` are the labels of the end."""
    lines = []
    for position, step in enumerate(chain.steps[: len(names) - 1], start=1):
        labels = last if position == len(names) - 1 else f":{any_entity}"
        lines.append(f"MATCH ({names[position - 1]}){_arrow(step)}({names[position]}{labels})")
        conditions = [_differs(chain, names, low, high, any_entity) for low, high in chain.differ if high == position]
        if conditions:
            lines.append(f"WHERE {' AND '.join(conditions)}")
    return lines


def _differs(chain: Chain, names: Sequence[str], low: int, high: int, any_entity: str) -> str:
    """Return the condition that the node at `high` is none of those that the first `low` steps lead to."""
    if low == 0:
        return f"{names[high]} <> {names[0]}"
    others = [names[0], *(f"{names[0]}_{high}_{position}" for position in range(1, low)), names[high]]
    return f"NOT EXISTS {{ {' '.join(_walked(chain, others, any_entity, ''))} }}"


def _any_of(labels: Sequence[str]) -> str:
    return "|".join(map(identifier, labels))


def _arrow(step: Step) -> LiteralString:
    left, right = cast(tuple[LiteralString, LiteralString], ("-", "->") if step.forward else ("<-", "-"))
    return left + "[:" + identifier(step.type) + "]" + right


def _members(conditions: Sequence[str]) -> list[str]:
    """Take every answer once, if all conditions hold of it."""
    return ["WITH DISTINCT answer", f"WHERE {' AND '.join(conditions)}"]


def _has(property_: str) -> str:
    return f"answer.{identifier(property_)} IS NOT NULL"


def _named(answers: Sequence[NodeShape]) -> str:
    return f"{_of_kind(answers, [shape.name for shape in answers])} <> ''"  # null, too, is then left out


def _taking_part(having: Step | None, labels: Sequence[str]) -> list[str]:
    if having is None:
        return []
    return [f"EXISTS {{ (answer){_arrow(having)}(:{_any_of(labels)}) }}"]


def _of_kind(answers: Sequence[NodeShape], properties: Sequence[str]) -> str:
    """Return the property of an answer that its kind has for something: one for all, or by its label."""
    if len(set(properties)) == 1:
        return f"answer.{identifier(properties[0])}"
    cases = " ".join(
        f"WHEN answer:{identifier(shape.label)} THEN answer.{identifier(key)}"
        for shape, key in zip(answers, properties, strict=True)
    )
    return f"CASE {cases} END"


def _returned(
    answers: Sequence[NodeShape],
    labels: Sequence[str],
    extreme: Extreme | None,
    having: Step | None,
    *,
    named: bool = False,
    pinned: NodeShape | None = None,
) -> list[str]:
    """Return the end of a query, without its limit; of an extreme only the node of the kind `pinned` with the id $answer."""
    id_, name = (_of_kind(answers, keys) for keys in ([shape.id for shape in answers], [shape.name for shape in answers]))
    conditions = [_named(answers)] * (named or extreme is not None) + _taking_part(having, labels)
    if extreme is None:
        members = _members(conditions) if conditions else []
        return [*members, f"RETURN {'' if members else 'DISTINCT '}{id_} AS id, {name} AS name"]
    value = f"answer.{identifier(extreme.property)}"
    its = [] if pinned is None else [f"answer.{identifier(pinned.id)} = $answer"]
    its += [f"answer:{identifier(pinned.label)}"] if pinned is not None and len(answers) > 1 else []
    return [
        *_members([_has(extreme.property), *conditions]),
        f"WITH collect(answer) AS answers, {'max' if extreme.largest else 'min'}({value}) AS value",
        "UNWIND answers AS answer",
        "WITH answer, value",
        f"WHERE {' AND '.join([f'{value} = value', *its])}",
        f"RETURN {id_} AS id, {name} AS name, value",
    ]


def check_nodes(node: NodeShape, earlier: Sequence[str]) -> CypherQuery:
    """Render the query that counts the nodes of a label, their ids, and the types of the ids.

    `repeats` counts ids that other nodes of the label have too, also those that are entities of an earlier label: a query that
    looks for the id under the label would find them all.
    """
    key = identifier(node.id)
    text = f"""
MATCH (n:{identifier(node.label)})
WITH count(n.{key}) - count(DISTINCT n.{key}) AS repeats
OPTIONAL MATCH (n:{identifier(node.label)})
{_without(earlier)}
RETURN repeats, count(n) AS nodes, count(n.{key}) AS ids, collect(DISTINCT valueType(n.{key}))[..5] AS types
"""
    return CypherQuery(cast(LiteralString, text), {})


def nodes_of(node: NodeShape, earlier: Sequence[str], properties: Sequence[str]) -> CypherQuery:
    """Render the query for the nodes of a label, with some of their properties.

    Each row has `id`, `name`, `values` (in the order of `properties`) and `degree` (outgoing relationships).
    """
    key = identifier(node.id)
    values = ", ".join(f"n.{identifier(name)}" for name in properties)
    text = f"""
MATCH (n:{identifier(node.label)})
{_without(earlier)}
RETURN n.{key} AS id, n.{identifier(node.name)} AS name, [{values}] AS values, COUNT {{ (n)-->() }} AS degree
"""
    return CypherQuery(cast(LiteralString, text), {})


def facts_page(node: NodeShape, earlier: Sequence[str], nodes: Sequence[NodeShape], ids: Sequence[str | int]) -> CypherQuery:
    """Render the query for the relationships from the nodes of a label that have the given ids.

    Ids are listed because ranges of texts cannot be trusted: Neo4j sorts them by code points, and compares some by UTF-16.
    A row is a relationship type (`type`), the place in `nodes` of the kind of the objects (`kind`), and the lists
    `subjects` and `objects` of ids. The caller adds the parameters `include` (None for all) and `exclude`.
    """
    key = identifier(node.id)
    kinds = " ".join(f"WHEN o:{identifier(other.label)} THEN {place}" for place, other in enumerate(nodes))
    values = " ".join(f"WHEN {place} THEN o.{identifier(other.id)}" for place, other in enumerate(nodes))
    labels = _any_of([other.label for other in nodes])
    condition = f"n.{key} IN $ids AND ($include IS NULL OR type(r) IN $include) AND NOT type(r) IN $exclude"
    text = f"""
MATCH (n:{identifier(node.label)})-[r]->(o:{labels})
{_without(earlier, condition)}
WITH type(r) AS type, CASE {kinds} END AS kind, n, o
RETURN type, kind, collect(n.{key}) AS subjects, collect(CASE kind {values} END) AS objects
"""
    return CypherQuery(cast(LiteralString, text), {"ids": list(ids)})


def sample_properties(label: str) -> CypherQuery:
    """Render the query that counts the nodes of a label and looks at the properties of the first `$size` of them."""
    text = f"""
MATCH (n:{identifier(label)})
WITH n LIMIT $size
UNWIND keys(n) AS property
WITH property, valueType(n[property]) AS type, count(*) AS nodes, count(DISTINCT n[property]) AS values
RETURN property, collect(type) AS types, sum(nodes) AS nodes, sum(values) AS values
ORDER BY property
"""
    return CypherQuery(cast(LiteralString, text), {})


def count_label(label: str) -> CypherQuery:
    """Render the query that counts the nodes of a label."""
    return CypherQuery(cast(LiteralString, f"MATCH (n:{identifier(label)}) RETURN count(n) AS nodes"), {})


def count_type(type_: str) -> CypherQuery:
    """Render the query that counts the relationships of a type."""
    text = f"MATCH ()-[r:{identifier(type_)}]->() RETURN count(r) AS relationships"
    return CypherQuery(cast(LiteralString, text), {})


def _without(earlier: Sequence[str], condition: str = "") -> str:
    """Return the WHERE that keeps a node with several labels to the first of them."""
    parts = [f"NOT n:{_any_of(earlier)}"] if earlier else []
    parts += [condition] if condition else []
    return f"WHERE {' AND '.join(parts)}" if parts else ""
