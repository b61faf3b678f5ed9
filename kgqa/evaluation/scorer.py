"""The scorer. Its definitions are pinned by tests; changing one changes what every figure of this project means.

Questions are of three types by what is right: entities, a value (a number), or nothing (the graph cannot answer).
An abstention, or a right answer that was not reached, counts as wrong; no question is left out of a denominator.

    Hits@k   share of the entity questions with a right entity among the first k
    MRR      mean over the entity questions of 1 / rank of the first right entity, 0 if none is among the first 100
    F1       mean over the entity questions of the F1 of the returned set against the right set, 0 for an empty set
    exact    share of the value questions whose value is right
    correct  share of all questions whose first entity, value or abstention is right
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from kgqa.data import Question

RANKED: Final = 100
"""So many entities are looked at for a right one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was answered: entity ids, most probable first; the returned set; or a value. All empty: an abstention."""

    ranked: Sequence[str] = ()
    returned: AbstractSet[str] = frozenset()
    value: float | None = None

    @property
    def abstains(self) -> bool:
        """Tell whether nothing was answered."""
        return not self.ranked and self.value is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How one question was answered; `rank` counts from 1, None if no right entity was given."""

    question: Question
    given: Given
    rank: int | None
    f1: float
    correct: bool


def score(question: Question, given: Given) -> Score:
    """Score one answer."""
    if question.value is not None:
        return Score(question=question, given=given, rank=None, f1=0.0, correct=given.value == question.value)
    gold = frozenset(question.answers or ())
    if not gold:
        return Score(question=question, given=given, rank=None, f1=0.0, correct=given.abstains)
    rank = next((place for place, entity in enumerate(given.ranked, start=1) if entity in gold), None)
    shared = len(gold & given.returned)
    f1 = 2 * shared / (len(gold) + len(given.returned))
    return Score(question=question, given=given, rank=rank, f1=f1, correct=rank == 1)


def summarise(scores: Iterable[Score]) -> dict[str, Any]:
    """Return the measures over questions, with their denominators; a measure without questions is None."""
    scores = list(scores)
    entities = [item for item in scores if item.question.answers]
    values = [item for item in scores if item.question.value is not None]
    nothing = [item for item in scores if item.question.answers == ()]
    return {
        "questions": len(scores),
        "correct": _mean([item.correct for item in scores]),
        "hits@1": _mean([item.rank == 1 for item in entities]),
        "hits@10": _mean([item.rank is not None and item.rank <= 10 for item in entities]),
        "mrr": _mean([1.0 / item.rank if item.rank else 0.0 for item in entities]),
        "f1": _mean([item.f1 for item in entities]),
        "exact_values": _mean([item.correct for item in values]),
        "abstained": sum(item.given.abstains for item in scores),
        "abstained_rightly": sum(item.correct for item in nothing),
        "denominators": {"entities": len(entities), "values": len(values), "no_answer": len(nothing)},
    }


def summarise_by_kind(scores: Sequence[Score]) -> dict[str, Any]:
    """Return the measures over all questions, and under `by_kind` over those of each kind."""
    kinds: dict[str, list[Score]] = {}
    for item in scores:
        if item.question.kind is not None:
            kinds.setdefault(item.question.kind, []).append(item)
    return summarise(scores) | {"by_kind": {kind: summarise(kinds[kind]) for kind in sorted(kinds)}}


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
