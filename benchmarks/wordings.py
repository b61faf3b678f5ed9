"""MetaQA in other words, and with topics that several entities share: what is known beyond the wordings that were trained on."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.data import prepare, settings
from kgqa.data import Question
from kgqa.data.questions import read_questions
from kgqa.evaluation.report import Topics, evaluate
from kgqa.evaluation.scorer import Score
from kgqa.kb import KnowledgeBase
from kgqa.sdk import trainer
from kgqa.text import normalise
from kgqa.training.checkpoint import load_model

SETTINGS: Final = {"recurrent": "metaqa", "MiniLM": "metaqa-minilm"}
TOPICS: Final[tuple[Topics, ...]] = ("given", "resolved")


def run(data: Path) -> dict[str, Any]:
    """Train one model for all hop counts with each encoder, from the text alone; evaluate by wording and by ambiguity."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="kgqa-bench-") as scratch:
        folder = Path(scratch)
        prepared = prepare("metaqa", data, folder)
        kb = prepared.load()
        asked = _asked(kb, {file.stem: read_questions(file) for file in prepared.asked})
        for encoder, setting in SETTINGS.items():
            report = trainer(kb, prepared.train, dev=prepared.dev, out=folder / encoder, config=settings(setting)).run()
            model = load_model(folder / encoder, kb)
            for title, questions in asked.items():
                answered = {topics: evaluate(model, questions, topics=topics) for topics in TOPICS}
                hits = {topics: evaluation.summary()["hits@1"] for topics, evaluation in answered.items()}
                sets = _sets(answered["given"].scores)
                rows.append({"encoder": encoder, "asked": title, "questions": len(questions), "hits": hits, "sets": sets})
                print(rows[-1], flush=True)
            rows[-1]["seconds"] = report.seconds
    seconds = {row["encoder"]: row["seconds"] for row in rows if "seconds" in row}
    lines = []
    for title, questions in asked.items():
        cells = [f"{100 * row['hits'][topics]:.2f}" for row in rows if row["asked"] == title for topics in row["hits"]]
        lines.append(f"| {title} | {len(questions):,} | {' | '.join(cells)} |")
    titles = " | ".join(f"{encoder}, topics {topics}" for encoder in SETTINGS for topics in TOPICS)
    times = ", ".join(f"{encoder} {spent:.0f} s" for encoder, spent in seconds.items())
    text = (
        "One model for all hop counts, trained from the text alone on the original wordings (`metaqa.toml`, "
        f"`metaqa-minilm.toml`; training: {times}). *Paraphrases*: the 1-hop dev questions translated back and forth by a "
        "machine (`ntm`); none was trained on, and none chose anything (decision 0030). *Ambiguous topic*: several entities have "
        "the topic's name once it is in lower case. Hits@1 in percent.\n\n"
        f"| dev questions | number | {titles} |\n"
        f"|{'---|' * (2 + 2 * len(SETTINGS))}\n" + "\n".join(lines) + "\n\n"
        "Where films share a title, what the data calls right are the answers of one of them. A set that has others too is right "
        "or wrong by its order alone. Topics given:\n\n"
        "| dev questions | encoder | a right answer is in the set, % | sets with others too | Hits@1 to expect "
        "of sets in any order |\n|---|---|---|---|---|\n" + "\n".join(_line(row) for row in rows if row["asked"] == "1-hop")
    )
    return {"place": 1.5, "title": "MetaQA in other words, and with ambiguous topics", "text": text, "seed": 0, "rows": rows}


def _asked(kb: KnowledgeBase, files: Mapping[str, list[Question]]) -> Mapping[str, list[Question]]:
    """Return the dev questions by hop, those with an ambiguous topic again by themselves, and the paraphrases."""
    dev = files["dev"]
    kinds = sorted({question.kind for question in dev if question.kind is not None})
    asked = {kind: [question for question in dev if question.kind == kind] for kind in kinds}
    asked |= {f"{kind}, ambiguous topic": [question for question in asked[kind] if _is_ambiguous(kb, question)] for kind in kinds}
    return asked | {"1-hop, paraphrases": files["dev-ntm"]}


def _sets(scores: Sequence[Score]) -> dict[str, float]:
    """Return in what share of the sets a right answer is, how many have others too, and the chance that a drawn one is right."""
    right = [len(one.given.returned & set(one.question.answers or ())) / max(len(one.given.returned), 1) for one in scores]
    return {
        "found": sum(share > 0.0 for share in right) / len(right),
        "larger": sum(0.0 < share < 1.0 for share in right),
        "drawn": sum(right) / len(right),
    }


def _line(row: Mapping[str, Any]) -> str:
    sets = row["sets"]
    return (
        f"| {row['asked']} | {row['encoder']} | {100 * sets['found']:.2f} | {sets['larger']:,} of {row['questions']:,} "
        f"| {100 * sets['drawn']:.2f} |"
    )


def _is_ambiguous(kb: KnowledgeBase, question: Question) -> bool:
    topic = question.topics[0]
    return len(kb.aliases.candidates(normalise(question.text[topic.start : topic.end]))) > 1
