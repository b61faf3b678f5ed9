"""Write the demo world as a canonical data folder, say what the demo asks and how its model is trained."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from kgqa.config import Config
from kgqa.data import FolderWriter
from kgqa.demo.graph import read_graph
from kgqa.demo.questions import make_questions
from kgqa.demo.templates import read_templates

SETTINGS: Final = "model.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoQuestion:
    """A question of the demo with what is right: `answers` (ids; none: the graph cannot tell) or else `value`."""

    text: str
    kind: str
    answers: tuple[str, ...] | None = None
    value: float | None = None


DEMO_QUESTIONS: Final = (
    DemoQuestion(text="What city is the Mona Lisa in?", kind="two-hop", answers=("paris",)),
    DemoQuestion(
        text="Who wrote films starring Tom Hanks?",
        kind="two-hop",
        answers=(
            "akiva-goldsman",
            "delia-ephron",
            "eric-roth",
            "ethan-coen",
            "frank-darabont",
            "jeff-nathanson",
            "joel-coen",
            "matt-charman",
            "nora-ephron",
            "robert-rodat",
            "ron-nyswaner",
            "william-broyles-jr",
        ),
    ),
    DemoQuestion(text="Who did Natalie Portman play in Star Wars?", kind="two-entity", answers=("padme-amidala",)),
    DemoQuestion(text="How many films did Steven Spielberg direct?", kind="count", value=11.0),
    DemoQuestion(text="What is the tallest building in New York?", kind="maximum", answers=("one-world-trade-center",)),
    DemoQuestion(text="How tall is the Eiffel Tower?", kind="value", value=330.0),
    DemoQuestion(text="Who composed the music of Titanic?", kind="no-answer", answers=()),
)
"""What the demo asks. None of these texts stands in the training questions."""


def settings() -> Config:
    """Return the settings of the demo's training."""
    return Config.from_tables(tomllib.loads(_settings()))


def write_world(folder: Path) -> Path:
    """Write the world with its questions.

    The settings of the demo's training are beside them, in `model.toml`.

    Raises:
        StorageError: the folder could not be written.
    """
    graph, templates = read_graph(), read_templates()
    with FolderWriter(folder) as writer:
        for entity in graph.entities.values():
            writer.entity(entity)
        for relation in graph.relations:
            writer.relation(relation)
        for fact in graph.facts:
            writer.fact(*fact)
        for file, question in make_questions(graph, templates):
            writer.question(file, question)
        (writer.draft / SETTINGS).write_text(_settings(), encoding="utf-8")
    return folder


def _settings() -> str:
    return (files("kgqa.demo") / SETTINGS).read_text(encoding="utf-8")
