"""Answer a file of questions with a model and report how well: the object that `kgqa evaluate --json` prints."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from kgqa.data import Question
from kgqa.evaluation.measures import MEASURES, percent
from kgqa.evaluation.scorer import RANKED, Given, Score, score, summarise_by_kind
from kgqa.explain.answer import RankedEntity
from kgqa.explain.trace import trace
from kgqa.html import table
from kgqa.model.branches import Layout
from kgqa.model.confidence import Confidence, calibration_error, error_by_chance, fit
from kgqa.model.prediction import BATCH, Model, Prediction
from kgqa.progress import Progress, silent

Topics = Literal["given", "resolved"]


TIMED = 200
"""Questions that are answered one by one to measure how long one takes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """The scores and predictions of questions, in their order."""

    scores: list[Score]
    predictions: list[Prediction]

    def summary(self) -> dict[str, Any]:
        """Return the measures, over all questions and by kind, and how well the confidence of given answers is calibrated."""
        answered = [place for place, prediction in enumerate(self.predictions) if not prediction.abstains]
        confidences = [self.predictions[place].confidence for place in answered]
        return summarise_by_kind(self.scores) | {
            "calibration_error": calibration_error(confidences, [self.scores[place].correct for place in answered]),
            "calibration_error_by_chance": error_by_chance(confidences),
        }

    def _repr_html_(self) -> str:
        """Show the measures in a notebook, by kind."""
        summary = self.summary()
        rows = (
            (
                kind,
                f"{measures['questions']:,}",
                *(percent(measures[name]) for name in MEASURES.values()),
                f"{measures['abstained']:,}",
            )
            for kind, measures in (*summary["by_kind"].items(), ("all", summary))
        )
        return table(("", "questions", *MEASURES, "abstained"), rows)

    def fitted(self, *, precision: float | None) -> Confidence:
        """Return the calibration and the threshold that these questions ask for."""
        answered = [pair for pair in zip(self.scores, self.predictions, strict=True) if pair[1].found]
        return fit(
            [prediction.score for _, prediction in answered],
            [scored.correct for scored, _ in answered],
            [scored.question.answers == () for scored, _ in answered],
            precision=precision,
        )

    def judged(self, model: Model, confidence: Confidence) -> "Evaluation":
        """Return what these questions come to with another calibration."""
        predictions = [prediction.judged(confidence) for prediction in self.predictions]
        pairs = zip(self.scores, predictions, strict=True)
        return Evaluation(
            scores=[score(before.question, given(model, prediction)) for before, prediction in pairs], predictions=predictions
        )


def evaluate(
    model: Model,
    questions: Sequence[Question],
    *,
    topics: Topics = "resolved",
    progress: Progress = silent,
    keep: bool = False,
) -> Evaluation:
    """Answer and score questions.

    Args:
        model: the model.
        questions: the questions.
        topics: `given` to take the entities from the questions' topics, `resolved` to find them.
        progress: told about every batch.
        keep: keep what the model thought of each question, which `per_question` tells; a few MB for 64 questions on a graph with
            thousands of relations.
    """
    scores: list[Score] = []
    predictions: list[Prediction] = []
    for start in range(0, len(questions), BATCH):
        part = questions[start : start + BATCH]
        answered = list(model.predict([_lay_out(model, question, topics) for question in part]))
        predictions += answered if keep else map(_brief, answered)
        scores += [score(question, given(model, prediction)) for question, prediction in zip(part, answered, strict=True)]
        progress("questions", len(scores), len(questions))
    return Evaluation(scores=scores, predictions=predictions)


def _brief(prediction: Prediction) -> Prediction:
    """Return a prediction without what the model thought, and without entities that no measure looks at."""
    most = max(RANKED, len(replace(prediction, unsure=False).answer_set))  # another calibration may be sure of it
    rows, scores = prediction.rows[:most].copy(), prediction.scores[:most].copy()  # not views that keep all of them
    return replace(prediction, rows=rows, scores=scores, reasoning=None, batch=None)


def latencies(model: Model, questions: Sequence[Question], *, topics: Topics = "resolved") -> dict[str, float]:
    """Return the median and the 95th percentile of milliseconds from text to ranked entities, one question at a time."""
    taken = []
    for question in questions[:TIMED]:
        model.forget()
        clock = time.perf_counter()
        list(model.predict([_lay_out(model, question, topics)]))
        taken.append((time.perf_counter() - clock) * 1000)
    return {f"p{share}": round(float(np.percentile(taken, share)), 2) for share in (50, 95)}


def per_question(model: Model, evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    """Yield for each question what was answered and why, as `kgqa evaluate --per-question` writes it.

    Raises:
        ValueError: what the model thought was not kept.
    """
    if any(prediction.found and prediction.reasoning is None for prediction in evaluation.predictions):
        raise ValueError("per_question: expected an evaluation with keep=True, found one without what the model thought.")
    for scored, prediction in zip(evaluation.scores, evaluation.predictions, strict=True):
        question = scored.question
        answer = trace(model, prediction, limit=1)
        yield {
            "id": question.id,
            "question": question.text,
            "kind": question.kind,
            "correct": scored.correct,
            "answers": _ranked(answer.entities),
            "value": answer.value,
            "others": _ranked(answer.others),
            "reason": answer.reason,
            "gold": question.value if question.value is not None else list(question.answers or ()),
            "mentions": [
                {"text": mention.text, "start": mention.start, "entity": mention.entity.id, "score": mention.entity.score}
                for mention in answer.mentions
            ],
            "path": [{"start": path.start.id, "relations": list(path.relations)} for path in answer.paths],
            "confidence": round(prediction.confidence, 6),
        }


def _ranked(entities: Iterable[RankedEntity]) -> list[dict[str, Any]]:
    return [{"id": entity.id, "score": entity.score} for entity in entities]


def _lay_out(model: Model, question: Question, topics: Topics) -> Layout:
    return model.lay_out(question.text, question.topics if topics == "given" else None)


def given(model: Model, prediction: Prediction) -> Given:
    """Return a prediction as the scorer takes it."""
    ids = model.kb.ids
    if prediction.abstains:
        return Given()
    if prediction.value is not None:
        return Given(value=prediction.value)
    return Given(
        ranked=[ids[int(row)] for row in prediction.rows[:RANKED]],
        returned=frozenset(ids[int(row)] for row in prediction.answer_set),
    )
