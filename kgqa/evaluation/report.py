"""Answer a file of questions with a model and report how well: the object that `kgqa evaluate --json` prints."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kgqa.data import Question
from kgqa.evaluation.scorer import Given, Score, score, summarise_by_kind
from kgqa.model.prediction import Model, Prediction
from kgqa.progress import Progress, silent

Topics = Literal["given", "resolved"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """The scores and predictions of questions, in their order."""

    scores: list[Score]
    predictions: list[Prediction]
    milliseconds: list[float]

    def summary(self) -> dict[str, Any]:
        """Return the measures, with latencies in milliseconds a question."""
        return summarise_by_kind(self.scores) | {
            "ms_per_question": {
                "p50": round(float(np.percentile(self.milliseconds, 50)), 3),
                "p95": round(float(np.percentile(self.milliseconds, 95)), 3),
            }
        }


def evaluate(
    model: Model, questions: Sequence[Question], *, topics: Topics = "resolved", size: int = 64, progress: Progress = silent
) -> Evaluation:
    """Answer and score questions.

    Args:
        model: the model.
        questions: the questions.
        topics: `given` to take the entities from the questions' topics, `resolved` to find them.
        size: questions in a batch; 1 makes the latencies those of single questions.
        progress: told about every batch.
    """
    scores: list[Score] = []
    predictions: list[Prediction] = []
    milliseconds: list[float] = []
    for start in range(0, len(questions), size):
        part = questions[start : start + size]
        clock = time.perf_counter()
        layouts = [model.lay_out(question.text, question.topics if topics == "given" else None) for question in part]
        answered = list(model.predict(layouts, size=size))
        milliseconds += [(time.perf_counter() - clock) * 1000 / len(part)] * len(part)
        predictions += answered
        scores += [score(question, given(model, prediction)) for question, prediction in zip(part, answered, strict=True)]
        progress("questions", len(scores), len(questions))
    return Evaluation(scores=scores, predictions=predictions, milliseconds=milliseconds)


def given(model: Model, prediction: Prediction) -> Given:
    """Return a prediction as the scorer takes it."""
    ids = model.kb.ids
    return Given(
        ranked=[ids[int(row)] for row in prediction.rows[:100]],
        returned=frozenset(ids[int(row)] for row in prediction.answer_set),
    )
