"""Three persons of one name, told apart by what is asked, after a handful of questions that name none of them."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kgqa.config import Config
from kgqa.demo import write_world
from kgqa.demo.graph import Graph, read_graph
from kgqa.kb import KnowledgeBase
from kgqa.kb.materialise import materialise_files
from kgqa.qa import QA
from kgqa.sdk import train

SEEDS: Final = range(5)

NAME: Final = "Tom Hanks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A wording, the path that answers it, the entities that pairs are made of, and which namesake it means, if any."""

    wording: str
    path: tuple[str, ...]
    topics: tuple[str, ...]
    meant: str | None


KINDS: Final = (
    Kind(
        wording="Who wrote films starring {}?",
        path=("~starring", "written_by"),
        topics=("leonardo-dicaprio", "harrison-ford", "natalie-portman", "robert-de-niro"),
        meant="tom-hanks-actor",
    ),
    Kind(
        wording="What films did {} star in?",
        path=("~starring",),
        topics=("leonardo-dicaprio", "harrison-ford", "natalie-portman", "robert-de-niro"),
        meant="tom-hanks-actor",
    ),
    Kind(
        wording="Which book did {} write?",
        path=("~author",),
        topics=("karl-barth", "donna-tartt", "mario-puzo", "stephen-king"),
        meant="tom-hanks-theologian",
    ),
    Kind(
        wording="What did {} develop?",
        path=("~developed_by",),
        topics=("charles-francis-richter", "albert-einstein", "richard-feynman", "hiroo-kanamori"),
        meant="tom-hanks-seismologist",
    ),
    Kind(
        wording="Where did {} work?",
        path=("worked_at",),
        topics=("charles-francis-richter", "albert-einstein", "richard-feynman", "karl-barth"),
        meant="tom-hanks-seismologist",
    ),
    Kind(
        wording="Who directed {}?",
        path=("directed_by",),
        topics=("jurassic-park-film", "pulp-fiction", "inception", "cast-away"),
        meant=None,
    ),
)

SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "recurrent": {},
    "MiniLM": {"encoder": "pretrained"},
}


def run(_: Path) -> dict[str, Any]:
    """Train on the pairs with each encoder and seed, ask about the namesakes."""
    graph = read_graph()
    pairs = [_pair(graph, kind, topic) for kind in KINDS for topic in kind.topics]
    asked = {kind.wording.format(NAME): graph.walk(kind.meant, kind.path) for kind in KINDS if kind.meant is not None}
    lines = ["| encoder | " + " | ".join(asked) + " | all |", "|---" * (len(asked) + 2) + "|"]
    measured: dict[str, list[dict[str, bool]]] = {}
    with tempfile.TemporaryDirectory(prefix="kgqa-bench-") as scratch:
        folder = Path(scratch)
        write_world(folder / "world")
        materialise_files(folder / "world", folder / "snapshot")
        kb = KnowledgeBase.load(folder / "snapshot")
        questions = folder / "pairs.jsonl"
        questions.write_text("".join(json.dumps(pair) + "\n" for pair in pairs), encoding="utf-8")
        for encoder, model in SETTINGS.items():
            measured[encoder] = []
            for seed in SEEDS:
                training = {"epochs": 40, "patience": 40, "batch": 4, "seed": seed}
                config = Config.from_tables({"model": {"min_word_count": 1} | model, "training": training})
                train(kb, questions, dev=questions, out=folder / f"{encoder}-{seed}", config=config)
                answerer = QA.load(folder / f"{encoder}-{seed}", kb=kb)
                measured[encoder].append(
                    {text: {e.id for e in answerer.ask(text).entities} == gold for text, gold in asked.items()}
                )
            right = [sum(one[text] for one in measured[encoder]) for text in asked]
            lines.append(f"| {encoder} | " + " | ".join(map(str, right)) + f" | {sum(right)} of {len(SEEDS) * len(asked)} |")
            print(lines[-1], flush=True)
    text = (
        f"The demo's world has three persons called {NAME}. Training: {len(pairs)} pairs of {len(KINDS)} kinds, none of which "
        f"names one of them, {len(SEEDS)} seeds; the epoch is kept that is best on the pairs themselves. Counted: models that "
        "give all answers and no other. Not reached yet: all of them.\n\n" + "\n".join(lines)
    )
    return {"place": 4.5, "title": "Three persons of one name", "text": text, "seed": "0 to 4", "measured": measured}


def _pair(graph: Graph, kind: Kind, topic: str) -> dict[str, Any]:
    name = graph.entities[topic].name
    return {
        "id": f"{kind.wording} {topic}",
        "question": kind.wording.format(name),
        "answers": sorted(graph.walk(topic, kind.path)),
    }
