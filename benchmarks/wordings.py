"""MetaQA in other words, and with topics that several entities share: what is known beyond the wordings that were trained on."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.data import prepare, settings
from kgqa.data import Question
from kgqa.data.questions import read_questions
from kgqa.evaluation.report import evaluate
from kgqa.kb import KnowledgeBase
from kgqa.sdk import trainer
from kgqa.text import normalise
from kgqa.training.checkpoint import load_model

SETTINGS: Final = {"recurrent": "metaqa", "MiniLM": "metaqa-minilm"}


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
                hits = {
                    topics: evaluate(model, questions, topics=topics).summary()["hits@1"]  # type: ignore[arg-type]
                    for topics in ("given", "resolved")
                }
                rows.append({"encoder": encoder, "asked": title, "questions": len(questions), "hits": hits})
                print(rows[-1], flush=True)
            rows[-1]["seconds"] = report.seconds
    seconds = {row["encoder"]: row["seconds"] for row in rows if "seconds" in row}
    lines = []
    for title, questions in asked.items():
        cells = [f"{100 * row['hits'][topics]:.2f}" for row in rows if row["asked"] == title for topics in row["hits"]]
        lines.append(f"| {title} | {len(questions):,} | {' | '.join(cells)} |")
    titles = " | ".join(f"{encoder}, topics {topics}" for encoder in SETTINGS for topics in ("given", "resolved"))
    times = ", ".join(f"{encoder} {spent:.0f} s" for encoder, spent in seconds.items())
    text = (
        "One model for all hop counts, trained from the text alone on the original wordings (`metaqa.toml`, "
        f"`metaqa-minilm.toml`; training: {times}). *Paraphrases*: the 1-hop dev questions translated back and forth by a "
        "machine (`ntm`); none was trained on, chosen by or looked at. *Ambiguous topic*: several entities have the topic's "
        "name once it is in lower case. Hits@1 in percent.\n\n"
        f"| dev questions | number | {titles} |\n"
        f"|{'---|' * (2 + 2 * len(SETTINGS))}\n" + "\n".join(lines)
    )
    return {"place": 1.5, "title": "MetaQA in other words, and with ambiguous topics", "text": text, "seed": 0, "rows": rows}


def _asked(kb: KnowledgeBase, files: Mapping[str, list[Question]]) -> Mapping[str, list[Question]]:
    """Return the dev questions by hop, those with an ambiguous topic again by themselves, and the paraphrases."""
    dev = files["dev"]
    kinds = sorted({question.kind for question in dev if question.kind is not None})
    asked = {kind: [question for question in dev if question.kind == kind] for kind in kinds}
    asked |= {f"{kind}, ambiguous topic": [question for question in asked[kind] if _is_ambiguous(kb, question)] for kind in kinds}
    return asked | {"1-hop, paraphrases": files["dev-ntm"]}


def _is_ambiguous(kb: KnowledgeBase, question: Question) -> bool:
    topic = question.topics[0]
    return len(kb.aliases.candidates(normalise(question.text[topic.start : topic.end]))) > 1
