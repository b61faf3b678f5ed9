"""`kgqa evaluate`: answer a file of questions and say how well."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kgqa.cli.ask import SnapshotOption
from kgqa.cli.common import AsJson, Bars, output, print_json
from kgqa.evaluation.measures import MEASURES, percent

if TYPE_CHECKING:
    from kgqa.evaluation.scorer import Score
    from kgqa.registry import Outcome


def evaluate(
    model: Annotated[Path, typer.Argument(help="The model's folder.")],
    questions: Annotated[Path, typer.Option("--questions", help="Questions with their answers.")],
    gold_topics: Annotated[
        bool, typer.Option("--gold-topics", help="Take the entities from the questions' topics instead of finding them.")
    ] = False,
    per_question: Annotated[
        Path | None, typer.Option("--per-question", metavar="OUT", help="Write a line of JSON for each question.")
    ] = None,
    snapshot: SnapshotOption = None,
    as_json: AsJson = False,
) -> None:
    """Answer a file of questions and say how well, with the denominators."""
    from kgqa.data.questions import read_questions
    from kgqa.errors import ConfigError
    from kgqa.evaluation import report
    from kgqa.files import write_text
    from kgqa.kb import KnowledgeBase
    from kgqa.registry import Registry
    from kgqa.training.checkpoint import load_model
    from kgqa.training.questions import check_answers

    with Bars() as bars:
        loaded = load_model(model, None if snapshot is None else KnowledgeBase.load(snapshot), progress=bars)
    asked = read_questions(questions)
    check_answers(asked, loaded.kb, questions)
    if gold_topics and not any(question.topics for question in asked):
        raise ConfigError(f"--gold-topics: expected questions with topics, found none in {questions}. Leave the option out.")
    if per_question is not None and per_question.resolve() == questions.resolve():
        raise ConfigError(f"--per-question: expected another file than the questions, found {questions}. Choose one.")
    topics: report.Topics = "given" if gold_topics else "resolved"
    Registry.open().close()  # one that cannot be used is told of before the work
    with Bars() as bars:
        evaluation = report.evaluate(loaded, asked, topics=topics, progress=bars, keep=per_question is not None)
    summary = evaluation.summary() | {
        "ms_per_question": report.latencies(loaded, asked, topics=topics),
        "model": str(model),
        "snapshot": loaded.kb.fingerprint,
        "topics": topics,
    }
    with Registry.open() as registry:
        registry.record_evaluation(
            model=model,
            snapshot=loaded.kb.fingerprint,
            topics=topics,
            metrics=summary,
            questions=questions,
            outcomes=[_outcome(scored) for scored in evaluation.scores],
        )
    if as_json:
        print_json(summary)
    else:
        _print(summary)
    if per_question is not None:
        lines = (json.dumps(line, ensure_ascii=False) + "\n" for line in report.per_question(loaded, evaluation))
        write_text(per_question, "".join(lines))


def _outcome(scored: "Score") -> "Outcome":
    from kgqa.registry import Outcome

    question, given = scored.question, scored.given
    answer = given.ranked[0] if given.ranked else given.value
    return Outcome(id=question.id, question=question.text, kind=question.kind, correct=scored.correct, answer=answer)


def _print(summary: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True, overflow="ellipsis")  # a line a kind, however narrow the terminal is
    for title in ("questions", *MEASURES, "abstained"):
        table.add_column(title, justify="right", no_wrap=True, min_width=max(len(title), 6))
    for kind, measures in (*summary["by_kind"].items(), ("all", summary)):
        shares = [percent(measures[name]).rstrip("%") for name in MEASURES.values()]  # narrow: the line below says of what
        table.add_row(kind, f"{measures['questions']:,}", *shares, f"{measures['abstained']:,}")
    output.print(table)
    counts, latency = summary["denominators"], summary["ms_per_question"]
    output.print(
        f"Hits, MRR and F1 are in percent of {counts['entities']:,} questions for entities, values of {counts['values']:,}; "
        f"{counts['no_answer']:,} have no answer. Topics were {summary['topics']}."
    )
    output.print(
        f"Confidences are {100 * summary['calibration_error']:.1f} points off on average (calibration error); as many answers "
        f"with perfect ones would be {100 * summary['calibration_error_by_chance']:.1f} off by chance."
    )
    output.print(f"One question takes {latency['p50']:.1f} ms (median), {latency['p95']:.1f} ms (95th percentile).")
