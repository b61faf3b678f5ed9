"""Ask questions: the QA object."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from kgqa.data import Topic
from kgqa.data.questions import check_text
from kgqa.errors import QuestionError
from kgqa.explain.answer import Answer
from kgqa.explain.confirm import confirm
from kgqa.explain.trace import trace
from kgqa.graph.connection import Connection
from kgqa.kb import KnowledgeBase
from kgqa.model.prediction import Model
from kgqa.progress import Progress, silent
from kgqa.training.checkpoint import load_model

LIMIT = 100
"""Rows that an answer's query returns at most."""

TIMEOUT = 5.0
"""Seconds that an answer's query may take."""


class QA:
    """A trained model that answers questions, and proves its answers in the live graph if one is connected.

    >>> qa = QA.load("models/films", graph=graph)  # doctest: +SKIP
    >>> qa.ask("Who wrote films starring Tom Hanks?").entities[0].name  # doctest: +SKIP
    'Frank Darabont'
    """

    def __init__(
        self,
        model: Model,
        *,
        graph: Connection | None = None,
        limit: int = LIMIT,
        timeout: float = TIMEOUT,
        path: Path | None = None,
    ) -> None:
        self.model = model
        self.path = path
        self.graph = graph
        self.limit = limit
        self.timeout = timeout

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        kb: KnowledgeBase | None = None,
        graph: Connection | None = None,
        limit: int = LIMIT,
        timeout: float = TIMEOUT,
        progress: Progress = silent,
    ) -> Self:
        """Load a model, ready to answer.

        Args:
            path: the model's folder.
            kb: its knowledge base; the snapshot that it was trained on, where it was then, if not given.
            graph: where answers are proved; without it no query is run.
            limit: rows that an answer's query returns at most.
            timeout: seconds that an answer's query may take.
            progress: told how far the operators are; the first time on a machine they are compiled.

        Raises:
            CheckpointError: the model is missing or damaged.
            SnapshotError: the snapshot is missing or damaged.
            FingerprintMismatch: `kb` is not the one that the model was trained on.
        """
        return cls(load_model(Path(path), kb, progress=progress), graph=graph, limit=limit, timeout=timeout, path=Path(path))

    def ask(self, question: str, *, topics: Sequence[Topic] | None = None) -> Answer:
        """Answer a question; with `topics` these are its entities, else they are found in its text.

        Raises:
            QuestionError: the question is empty, too long or not text, or a topic is no entity of the graph.
        """
        for topic in topics or ():
            if self.model.kb.row(topic.entity) is None:
                raise QuestionError(f"topics: expected ids of entities, found {topic.entity!r}, which the graph does not have.")
        layout = self.model.lay_out(check_text(question), topics)
        (prediction,) = self.model.predict([layout])
        return self._confirmed(trace(self.model, prediction, limit=self.limit))

    def ask_many(self, questions: Sequence[str]) -> list[Answer]:
        """Answer questions in batches, in their order.

        Raises:
            QuestionError: a question is empty, too long or not text; none is answered then.
        """
        return list(self.stream(questions))

    def stream(self, questions: Sequence[str]) -> Iterator[Answer]:
        """Answer questions in batches, yielding each answer as soon as it is there."""
        texts = [check_text(question) for question in questions]
        for prediction in self.model.predict(map(self.model.lay_out, texts)):
            yield self._confirmed(trace(self.model, prediction, limit=self.limit))

    def _confirmed(self, answer: Answer) -> Answer:
        return answer if self.graph is None else confirm(answer, self.model.kb, self.graph, timeout=self.timeout)
