"""Run an answer's Cypher in the live graph, read-only, and say whether it returns the answer."""

import math
from dataclasses import replace
from typing import Any, Final

from kgqa.errors import GraphError
from kgqa.explain.answer import Answer
from kgqa.explain.ranking import Ranking
from kgqa.graph.connection import Connection
from kgqa.kb import KnowledgeBase

_NOT_THERE: Final = (
    "The live graph does not return this answer: it changed since the snapshot or is another graph; or the model was not sure of "
    "the entities or relations, of which the query follows the likeliest alone."
)


def confirm(answer: Answer, kb: KnowledgeBase, connection: Connection, *, timeout: float) -> Answer:
    """Return the answer with the rows that Neo4j returned, and whether its first entity, or its value, is confirmed.

    The query has a LIMIT; if the first entity is not among the rows, a second query asks for it alone.

    Args:
        answer: an answer of `trace`.
        kb: the knowledge base that it was answered from.
        connection: the live graph.
        timeout: seconds that each query may take.
    """
    if answer.cypher is None:
        return answer
    try:
        rows = connection.read(answer.cypher.text, answer.cypher.parameters, timeout=timeout)
        there = _is_there(answer, rows, kb, connection, timeout)
    except GraphError as error:
        return replace(answer, note=f"Not checked: {error}")
    rows = [{key: _plain(value) for key, value in row.items()} for row in rows]
    note = None if there else _NOT_THERE
    return replace(answer, rows=tuple(rows), confirmation="confirmed" if there else "not confirmed", note=note)


def _is_there(answer: Answer, rows: list[dict[str, Any]], kb: KnowledgeBase, connection: Connection, timeout: float) -> bool:
    assert answer.cypher is not None
    if answer.operator == "count":
        return any(row["value"] == answer.value for row in rows)
    _, identifier = kb.mapping.locate(answer.compared[0].id if answer.operator == "value" else answer.entities[0].id)
    # Rows do not tell of what label an id is: where answers have several, another node may have the same.
    alike = not isinstance(answer.entities, Ranking) or answer.entities.kinds <= 1
    if alike and any(_is_it(row, identifier, answer) for row in rows):
        return True
    if answer.proof is None or (alike and len(rows) < answer.cypher.parameters["limit"]):
        return False
    proved = connection.read(answer.proof.text, answer.proof.parameters, timeout=timeout)
    return any(_is_it(row, identifier, answer) for row in proved)


def _plain(value: Any) -> Any:
    """Return a value that any program can read: dates and the like, which a mapped graph may have for names, and NaN as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _is_it(row: dict[str, Any], identifier: str | int, answer: Answer) -> bool:
    """Tell whether a row holds what was answered: the entity with this id, and the value if one was asked for."""
    if row["id"] != identifier or answer.value is None:
        return bool(row["id"] == identifier)
    value = row["value"]
    return isinstance(value, int | float) and float(value) == answer.value  # as a snapshot keeps it
