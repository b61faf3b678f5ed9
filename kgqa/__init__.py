"""Answer questions from a knowledge graph in Neo4j, and prove each answer with Cypher.

>>> import kgqa
>>> qa = kgqa.QA.load("models/films")  # doctest: +SKIP
>>> qa.ask("Who wrote films starring Tom Hanks?").entities[0].name  # doctest: +SKIP
'Frank Darabont'
"""

import os
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from kgqa.errors import KgqaError

if TYPE_CHECKING:
    from kgqa import ops
    from kgqa.config import Config
    from kgqa.data import Topic
    from kgqa.explain.answer import Answer
    from kgqa.graph.mapping import Mapping
    from kgqa.kb import KnowledgeBase
    from kgqa.qa import QA
    from kgqa.sdk import Graph, train
    from kgqa.selection.select import select
    from kgqa.synthesis.folder import synthesize

# Threads of torch that wait for each other soon sleep: on cores that other programs use as well, those that spin hold each other
# up for a tenth of a second now and then. OpenMP reads this when torch is imported (docs/decisions/0011).
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")

__version__ = version("kgqa")

__all__ = [
    "QA",
    "Answer",
    "Config",
    "Graph",
    "KgqaError",
    "KnowledgeBase",
    "Mapping",
    "Topic",
    "__version__",
    "ops",
    "select",
    "synthesize",
    "train",
]

_HOMES = {
    "Answer": "kgqa.explain.answer",
    "Config": "kgqa.config",
    "Graph": "kgqa.sdk",
    "KnowledgeBase": "kgqa.kb",
    "Mapping": "kgqa.graph.mapping",
    "QA": "kgqa.qa",
    "Topic": "kgqa.data",
    "select": "kgqa.selection.select",
    "synthesize": "kgqa.synthesis.folder",
    "train": "kgqa.sdk",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: torch takes seconds, and most commands do without it."""
    if name == "ops":
        return import_module("kgqa.ops")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'kgqa' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
