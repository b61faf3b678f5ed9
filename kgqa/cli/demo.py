"""`kgqa demo`: the whole way of a question on the world that ships with kgqa, from an empty Neo4j to answers with Cypher."""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.rule import Rule
from rich.text import Text

from kgqa.cli.common import Bars, output

if TYPE_CHECKING:
    from kgqa.demo.world import DemoQuestion
    from kgqa.kb import KnowledgeBase
    from kgqa.sdk import Graph


def demo(
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="DIR", help="Keep the data, the snapshot and the model in this folder.")
    ] = None,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="DIR", help="Only write the world as a data folder, and stop.")
    ] = None,
) -> None:
    """Show the whole way of a question on a small world: load, materialise, train, evaluate, ask."""
    from kgqa.demo.world import DEMO_QUESTIONS, write_world

    if write is not None:
        write_world(write)
        output.print(f"Wrote {write}: entities, facts, relations and questions. Next: kgqa load {write}")
        return
    clock = time.perf_counter()
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kgqa-demo-")))
        output.print(_title())
        graph = stack.enter_context(_neo4j())
        kb = _graph_to_tensors(graph, folder)
        _train(kb, folder)
        _ask(folder / "model", graph, DEMO_QUESTIONS)
    output.print(Rule(style="dim"))
    output.print(f"That was the whole way, in {time.perf_counter() - clock:.0f} seconds. The Neo4j of this demo is gone again.")
    output.print("Your own graph next: see “Your own graph” in README.md.")


def _title() -> Text:
    title = Text("\nkgqa", style="bold")
    title.append(" answers questions from a knowledge graph and proves each answer with Cypher.\n", style="not bold")
    title.append(
        "A small world of films, art, cities and buildings; a real Neo4j; a model trained in front of you.\n", style="dim"
    )
    return title


@contextmanager
def _step(number: int, title: str) -> Iterator[None]:
    output.print(Rule(Text.assemble((str(number), "bold"), f" {title}"), align="left", style="dim"))
    clock = time.perf_counter()
    yield
    output.print(f"{time.perf_counter() - clock:.1f} s\n", style="dim")


@contextmanager
def _neo4j() -> Iterator["Graph"]:
    from kgqa.graph import find

    warm = threading.Thread(target=_make_ready, daemon=True)
    warm.start()
    with ExitStack() as stack:
        with _step(1, "Start Neo4j"), Bars() as bars:
            server = stack.enter_context(find.passing(progress=bars))
            from kgqa.sdk import Graph

            graph = stack.enter_context(Graph.of(server.connect()))
            output.print(f"{graph.version()} answers at {graph.description}; it ends with this demo.")
        warm.join()
        yield graph


def _make_ready() -> None:
    """Import and compile what training needs while Neo4j starts: both take seconds."""
    import torch

    from kgqa.ops.warm_up import warm_up

    torch.optim.AdamW([torch.zeros(1, requires_grad=True)])
    warm_up()


def _graph_to_tensors(graph: "Graph", folder: Path) -> "KnowledgeBase":
    from kgqa.demo.world import write_world

    with _step(2, "Load the world into Neo4j"), Bars() as bars:
        report = graph.load(write_world(folder / "data"), progress=bars)
        output.print(
            f"{report.facts:,} facts of {report.relations} relations between {report.entities:,} entities, "
            f"{report.aliases:,} names. Three of the entities are called Tom Hanks."
        )
    with _step(3, "Materialise the graph as tensors"), Bars() as bars:
        kb = graph.materialize(folder / "snapshot", progress=bars)
        output.print(f"{len(kb.facts):,} facts in both directions; fingerprint {kb.fingerprint[:12]}")
    return kb


def _train(kb: "KnowledgeBase", folder: Path) -> None:
    from kgqa.demo.world import settings
    from kgqa.sdk import train
    from kgqa.training.loop import Epoch

    def show(epoch: Epoch) -> None:
        output.print(f"epoch {epoch.number}: loss {epoch.loss:.3f}, dev questions right {epoch.correct:.1%}")

    questions = folder / "data" / "questions"
    with _step(4, "Train from questions and their answers alone, and evaluate"), Bars() as bars:
        report = train(
            kb,
            questions / "train.jsonl",
            dev=questions / "dev.jsonl",
            out=folder / "model",
            config=settings(),
            progress=bars,
            on_epoch=show,
        )
        output.print(f"{report.questions:,} questions with their answers; no mention, entity or path was annotated.")
        dev = report.best.dev
        output.print(
            f"Evaluated on {dev['questions']:,} dev questions in other wordings about other entities: "
            f"{dev['correct']:.1%} right; of those for entities Hits@1 {dev['hits@1']:.1%}, F1 {dev['f1']:.1%}."
        )


def _ask(model: Path, graph: "Graph", questions: "tuple[DemoQuestion, ...]") -> None:
    from kgqa.cli.show import show_answer
    from kgqa.qa import QA

    with _step(5, "Ask"):
        qa = QA.load(model, graph=graph)
        for question in questions:
            show_answer(qa.ask(question.text), output)
