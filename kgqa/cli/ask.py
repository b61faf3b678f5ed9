"""`kgqa ask`: answer a question, with its paths and its Cypher."""

from pathlib import Path
from typing import Annotated

import typer

from kgqa.cli.common import AsJson, Bars, GraphName, connect, output, print_json

SnapshotOption = Annotated[
    Path | None, typer.Option("--snapshot", help="The model's snapshot, if it is not where it was when the model was trained.")
]


def ask(
    model: Annotated[Path, typer.Argument(help="The model's folder.")],
    question: Annotated[str, typer.Argument(help="The question, in quotes.")],
    snapshot: SnapshotOption = None,
    graph: GraphName = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not run the Cypher.")] = False,
    as_json: AsJson = False,
) -> None:
    """Answer a question: entities, how they were found, and the Cypher that proves the first of them, run in the live graph."""
    from contextlib import ExitStack
    from dataclasses import replace

    from kgqa.cli.show import show_answer
    from kgqa.data.questions import check_text
    from kgqa.errors import GraphUnavailable
    from kgqa.kb import KnowledgeBase
    from kgqa.qa import QA

    check_text(question)
    with ExitStack() as stack:
        connection, problem = None, None
        if not offline:
            try:
                connection = stack.enter_context(connect(graph))
            except GraphUnavailable as error:
                problem = str(error)
        kb = None if snapshot is None else KnowledgeBase.load(snapshot)
        with Bars() as bars:
            answer = QA.load(model, kb=kb, graph=connection, progress=bars).ask(question)
    if problem is not None and not answer.abstains:
        answer = replace(answer, note=f"Not checked in Neo4j: {problem} Use --offline to do without.")
    if as_json:
        print_json(answer.json())
        return
    show_answer(answer, output)
