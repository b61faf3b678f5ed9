"""Choose what can be learned from, and say what was left out and why."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NamedTuple

import torch

from kgqa.data import Question, Topic
from kgqa.errors import DataError, TrainingError
from kgqa.kb import KnowledgeBase
from kgqa.model.branches import Layout
from kgqa.model.prediction import Model
from kgqa.training.losses import Gold
from kgqa.training.nothing import reworded
from kgqa.training.numbers import Numbers
from kgqa.training.reach import Reach


@dataclass(frozen=True, eq=False)
class Example:
    """A question ready to be learned from: its branches, and the rows of its answers, ascending; or the number it asks for.

    Without answers and without a number, it is a question that the graph cannot answer. `topics` is None if they are not given.
    """

    layout: Layout
    answers: tuple[int, ...] = ()
    value: float | None = None
    topics: tuple[Topic, ...] | None = None

    @property
    def unanswerable(self) -> bool:
        """Tell whether the graph cannot answer it."""
        return not self.answers and self.value is None

    def without(self, place: int, model: Model) -> "Example":
        """Return the question as it is read without the token at a place."""
        return replace(self, layout=model.lay_out(self.layout.text, self.topics, without=place))


@dataclass(frozen=True, eq=False)
class Examples:
    """The questions to learn from, those that are shown in other words too, and how many were left out, by reason."""

    examples: list[Example] = field(default_factory=list)
    reworded: list[Example] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.examples) + len(self.reworded)

    def __getitem__(self, place: int) -> Example:
        known = len(self.examples)
        return self.examples[place] if place < known else self.reworded[place - known]


def check_answers(questions: Sequence[Question], kb: KnowledgeBase, path: Path) -> None:
    """Check that every answer is an entity of the knowledge base.

    Raises:
        DataError: one is not; names the question.
    """
    known: set[str] = set()
    for question in questions:
        for answer in question.answers or ():
            if answer not in known and kb.row(answer) is None:
                raise DataError(
                    path,
                    None,
                    expected="answers that are ids of entities of the snapshot",
                    found=f"{answer!r} in question {question.id!r}",
                    then="Write the entity's id, or remove the question.",
                )
            known.add(answer)


def draw(questions: Sequence[Question], number: int | None, seed: int) -> list[Question]:
    """Draw `number` questions with `seed`, in their order; all if None or more than there are."""
    if number is None or number >= len(questions):
        return list(questions)
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(questions), generator=generator)[:number].sort().values
    return [questions[place] for place in chosen.tolist()]


def prepare(model: Model, questions: Sequence[Question], *, topics: Literal["given", "resolved"]) -> Examples:
    """Lay out the questions that can be learned from; those without an answer once more in other words (`reworded`).

    Raises:
        TrainingError: there is none; says how many were left out and why.
    """
    examples = Examples()
    possible = _Possible(Reach(model.kb.facts, model.config.model.hops), Numbers(model.kb))
    for question in questions:
        found = _example(model, question, topics, possible)
        if isinstance(found, Example):
            examples.examples.append(found)
        else:
            examples.left_out[found] += 1
    if not examples.examples:
        reasons = "; ".join(f"{number:,} × {reason}" for reason, number in examples.left_out.items())
        raise TrainingError(
            f"expected questions to learn from, found none among {len(questions):,}: {reasons}. Check that the questions belong "
            "to this snapshot."
        )
    if topics == "resolved":
        again = reworded(questions, model.kb, seed=model.config.training.seed)
        found_again = (_example(model, question, topics, possible) for question in again)
        examples.reworded.extend(found for found in found_again if isinstance(found, Example))
    return examples


class _Possible(NamedTuple):
    """Which answers there can be."""

    reach: Reach
    numbers: Numbers

    def number(self, number: float, candidates: list[int]) -> bool:
        """Tell whether a set can have this size, or something has this value that is named or reached."""
        if self.numbers.countable(number):
            return True
        having = self.numbers.having(number)
        return not set(candidates).isdisjoint(having) or self.reach.reaches(candidates, having)


def _example(model: Model, question: Question, topics: Literal["given", "resolved"], possible: _Possible) -> Example | str:
    """Return what can be learned from a question, or why nothing can."""
    if topics == "given" and not all(model.kb.row(topic.entity) is not None for topic in question.topics):
        return "has a topic that is no entity of the snapshot"
    given = question.topics if topics == "given" else None
    layout = model.lay_out(question.text, given)
    if not layout.branches:
        return "has no topic" if topics == "given" else "holds no name of an entity"
    rows = sorted(row for answer in question.answers or () if (row := model.kb.row(answer)) is not None)
    named = [row for row in rows if model.kb.named[row]]
    if question.answers and not named:
        return "has only answers without a name" if rows else "has no answer among the entities of the snapshot"
    candidates = [row for branch in layout.branches for row in branch.span.candidates]
    if question.value is not None and not possible.number(question.value, candidates):
        return "asks for a number that no count can be, and that nothing has to which its names lead"
    if named and not possible.reach.reaches(candidates, named):
        return f"no name in it leads to an answer within {model.config.model.hops} hops"
    return Example(layout, tuple(named), question.value, given)


def gold_of(examples: Sequence[Example], num_entities: int) -> Gold:
    """Return what is right for a batch."""
    keys = [question * num_entities + row for question, example in enumerate(examples) for row in example.answers]
    return Gold(
        entities=torch.tensor(keys, dtype=torch.int64),
        values=torch.tensor([math.nan if example.value is None else example.value for example in examples], dtype=torch.float64),
        nothing=torch.tensor([example.unanswerable for example in examples]),
    )
