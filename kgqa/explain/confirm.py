"""Run an answer's Cypher in the live graph, read-only, and say whether it returns the answer."""

from dataclasses import replace

from kgqa.errors import GraphError
from kgqa.explain.answer import Answer
from kgqa.graph.connection import Connection
from kgqa.kb import KnowledgeBase


def confirm(answer: Answer, kb: KnowledgeBase, connection: Connection, *, timeout: float) -> Answer:
    """Return the answer with the rows that Neo4j returned, and whether its first entity is confirmed.

    The query has a LIMIT; if the first entity is not among the rows, a second query asks for it alone.

    Args:
        answer: an answer of `trace`.
        kb: the knowledge base that it was answered from.
        connection: the live graph.
        timeout: seconds that each query may take.
    """
    if answer.cypher is None or answer.proof is None:
        return answer
    _, identifier = kb.mapping.locate(answer.entities[0].id)
    try:
        rows = connection.read(answer.cypher.text, answer.cypher.parameters, timeout=timeout)
        there = any(row["id"] == identifier for row in rows)
        if not there and len(rows) >= answer.cypher.parameters["limit"]:
            there = bool(connection.read(answer.proof.text, answer.proof.parameters, timeout=timeout))
    except GraphError as error:
        return replace(answer, note=f"Not checked: {error}")
    note = None if there else "The live graph does not return this answer: it changed since the snapshot, or is another graph."
    return replace(answer, rows=tuple(rows), confirmation="confirmed" if there else "not confirmed", note=note)
