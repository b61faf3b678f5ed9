"""`kgqa synthesize`: make questions with their answers from the graph itself."""

from pathlib import Path
from typing import Annotated

import typer

from kgqa.cli.common import AsJson, Bars, output, print_json


def synthesize(
    snapshot: Annotated[Path, typer.Argument(help="The snapshot of the graph.")],
    out: Annotated[Path, typer.Argument(help="The folder to write: train.jsonl and dev.jsonl.")],
    questions: Annotated[int, typer.Option("--questions", min=1, help="About how many questions.")] = 5000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed draws other questions.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Make question-answer pairs from the graph itself, to train with before anybody has asked anything."""
    from dataclasses import asdict

    from kgqa.kb import KnowledgeBase
    from kgqa.synthesis.folder import DEV, TRAIN
    from kgqa.synthesis.folder import synthesize as write

    kb = KnowledgeBase.load(snapshot)
    with Bars() as bars:
        report = write(kb, out, questions=questions, seed=seed, progress=bars)
    if as_json:
        print_json(asdict(report))
        return
    output.print(f"{report.path / TRAIN}: {report.train:,} questions; {report.path / DEV}: {report.dev:,}")
    for kind, number in report.kinds.items():
        output.print(f"  {number:,} {kind}")
    output.print("Names and facts are the graph's, the wordings are kgqa's: questions that people asked teach a model more.")
