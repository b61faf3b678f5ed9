"""How many of 1,000 dev questions of MetaQA have a first answer that is returned by its own Cypher in Neo4j."""

import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.way import CONFIGS
from kgqa.config import Config
from kgqa.data.questions import read_questions
from kgqa.explain.answer import Answer
from kgqa.explain.confirm import confirm
from kgqa.graph import find
from kgqa.qa import QA
from kgqa.sdk import Graph, train
from kgqa.training.questions import draw
from loaders import metaqa

QUESTIONS = 1000
WARM_UP = 200
TIMEOUT = 60.0


def run(data: Path) -> dict[str, Any]:
    """Load, train, ask, and count."""
    with tempfile.TemporaryDirectory(prefix="kgqa-bench-") as scratch, find.passing() as server:
        folder = Path(scratch)
        metaqa.load(data / "metaqa", folder / "data")
        questions = folder / "data" / "questions"
        with Graph.of(server.connect()) as graph:
            graph.load(folder / "data")
            kb = graph.materialize(folder / "snapshot")
            config = Config.read(CONFIGS / "metaqa.toml")
            train(kb, questions / "train.jsonl", dev=questions / "dev.jsonl", out=folder / "model", config=config)
            qa = QA.load(folder / "model", kb=kb)
            asked = draw(read_questions(questions / "dev.jsonl"), QUESTIONS, seed=0)
            known: set[str] = set()
            for question in asked[:WARM_UP]:
                known |= _texts(confirm(qa.ask(question.text), kb, graph, timeout=TIMEOUT))
            counts: Counter[str] = Counter()
            exceptions = []
            milliseconds: list[tuple[float, float]] = []
            new: list[bool] = []
            for question in asked:
                clocks = [time.perf_counter()]
                answer = qa.ask(question.text)
                clocks.append(time.perf_counter())
                answer = confirm(answer, kb, graph, timeout=TIMEOUT)
                clocks.append(time.perf_counter())
                milliseconds.append((1000 * (clocks[2] - clocks[0]), 1000 * (clocks[2] - clocks[1])))
                new.append(not _texts(answer) <= known)
                known |= _texts(answer)
                outcome = "abstained" if answer.abstains else answer.confirmation
                counts[outcome] += 1
                if outcome != "confirmed":
                    exceptions.append(f"{question.text}: {outcome}. {answer.note or ''}")
    answered = QUESTIONS - counts["abstained"]
    (p50, cypher_p50), (p95, cypher_p95) = np.percentile(milliseconds, [50, 95], axis=0)
    alone, unplanned = np.array(milliseconds)[:, 1], np.array(new)
    planned_p50, planned_p95 = np.percentile(alone[~unplanned], [50, 95])
    text = (
        f"Of {QUESTIONS:,} dev questions of MetaQA (all hop counts, drawn with seed 0, question text alone), {answered:,} were "
        f"answered; the first "
        f"answer of **{counts['confirmed']:,} of {answered:,}** is among what its own Cypher returns from Neo4j. "
        f"One question with its Cypher takes {p50:.1f} ms (median), {p95:.1f} ms (95th percentile); running the Cypher alone "
        f"**{cypher_p50:.1f} ms** and **{cypher_p95:.1f} ms** (targets: 5 and 30), after {WARM_UP} questions to warm up the "
        "server. Neo4j plans each new query text, which takes "
        f"{np.median(alone[unplanned]):.0f} ms (median of {sum(new)} questions whose text was new); "
        f"where it was not new the Cypher takes **{planned_p50:.1f} ms** and **{planned_p95:.1f} ms**. All "
        f"answers together have {len(known)} texts."
    )
    if exceptions:
        text += "\n\nExceptions:\n" + "\n".join(f"- {line}" for line in exceptions)
    print(text, flush=True)
    times = {"whole": [p50, p95], "cypher": [cypher_p50, cypher_p95], "planned": [planned_p50, planned_p95]}
    return {
        "place": 5,
        "title": "Answers that their own Cypher returns",
        "text": text,
        "seed": 0,
        "counts": dict(counts),
        "milliseconds": times,
    }


def _texts(answer: Answer) -> set[str]:
    """Return the query texts that were run for an answer: the second one only if the first did not return the answer."""
    if answer.cypher is None or answer.rows is None:
        return set()
    proved = answer.proof is not None and len(answer.rows) >= answer.cypher.parameters["limit"]
    return {answer.cypher.text, answer.proof.text} if proved and answer.proof is not None else {answer.cypher.text}
