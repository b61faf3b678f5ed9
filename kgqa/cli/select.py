"""`kgqa select`: which questions to answer by hand first."""

from pathlib import Path
from typing import Annotated

import typer

from kgqa.cli.common import AsJson, Bars, output, print_json


def select(
    snapshot: Annotated[Path, typer.Argument(help="The snapshot of the graph.")],
    asked: Annotated[Path, typer.Argument(help='What was asked: a .txt file, a question a line; or JSON lines with "question".')],
    out: Annotated[Path, typer.Argument(help="The file to write, for answers to be written into.")],
    number: Annotated[int, typer.Option("--number", min=1, help="How many questions.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Select the questions whose answers teach a model most: their wordings stand for those of all. No answers are needed."""
    from dataclasses import asdict

    from kgqa.kb import KnowledgeBase
    from kgqa.selection.files import select_file

    with Bars() as bars:
        report = select_file(KnowledgeBase.load(snapshot), asked, out, number=number, progress=bars)
    if as_json:
        print_json(asdict(report))
        return
    output.print(f"{out}: {report.questions:,} of {report.asked:,} questions, those that teach most first")
    output.print(
        f"  {report.wordings:,} wordings, names of entities aside; {report.covered:,} questions are worded as one of these"
    )
    if report.compared < report.wordings:
        output.print(f"  {report.compared:,} of the wordings were compared, the most frequent ones")
    output.print(
        'Write "answers" (ids of entities) or "value" (a number) into each line, then: kgqa train … --questions ' + str(out)
    )
