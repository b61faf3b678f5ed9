"""A library whose questions are learned in a second: eight books, each with an author and a publisher."""

from pathlib import Path

from kgqa.config import Config
from kgqa.data import Question
from kgqa.kb import KnowledgeBase
from kgqa.model.prediction import Model
from kgqa.training.loop import new_model
from tests.model.small import config
from tests.worlds import snapshot_of, write_folder

BOOKS = ("Amber", "Basalt", "Cedar", "Dune", "Ember", "Flint", "Grove", "Heath")
_FACTS = [
    fact
    for place, book in enumerate(BOOKS)
    for fact in ((book, "written_by", f"author_{place}"), (book, "published_by", f"house_{place % 3}"))
]


def library(folder: Path, *, facts: list[tuple[str, str, str]] | None = None) -> KnowledgeBase:
    entities = [
        *({"id": book, "name": book} for book in BOOKS),
        *({"id": f"author_{place}", "name": f"Author {place}"} for place in range(len(BOOKS))),
        *({"id": f"house_{place}", "name": f"House {place}"} for place in range(3)),
    ]
    return snapshot_of(write_folder(folder / "library", entities=entities, facts=facts or _FACTS), folder / "library-kb")


def other_library(folder: Path) -> KnowledgeBase:
    """The same entities with one fact more."""
    return library(folder, facts=[*_FACTS, ("Amber", "written_by", "author_1")])


def library_questions() -> list[Question]:
    return [
        question
        for place, book in enumerate(BOOKS)
        for question in (
            Question(id=f"w{place}", text=f"Who wrote {book}?", answers=(f"author_{place}",), kind="author"),
            Question(id=f"p{place}", text=f"Which house printed {book}?", answers=(f"house_{place % 3}",), kind="house"),
        )
    ]


def untrained(kb: KnowledgeBase, settings: Config | None = None) -> Model:
    return new_model(settings or config(), library_questions(), kb)
