"""Answer questions with a trained model: batches in, ranked entities out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgqa.config import Config
from kgqa.data import Topic
from kgqa.kb import KnowledgeBase
from kgqa.model.branches import Batch, Layout, collate, lay_out
from kgqa.model.confidence import Confidence
from kgqa.model.lookup import look_up
from kgqa.model.operators import EXTREMES, Choice, Operator, apply, held, likely, settled
from kgqa.model.reasoner import MISSED, OPEN, Reasoner, Reasoning
from kgqa.model.vocabulary import Vocabulary
from kgqa.ops import EntitySet
from kgqa.ops.entity_set import members
from kgqa.threads import one_thread

BATCH = 64

MOST_WORDS = 1 << 16
"""Words in all readings of a batch, padded: some 300 MB. Questions that people ask have a few dozen in three or four readings."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The operator of a question, and the attribute whose extreme or value it takes (0 to A - 1).

    The probability is the operator's; of an extreme, that of the operator and the attribute.
    """

    operator: Operator
    probability: float
    attribute: int | None = None


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the model answers to one question.

    Attributes:
        layout: the question with its spans.
        rows: entities that may be the answer, or whose value it is, most probable first; equal ones in the order of their rows.
        scores: their probabilities.
        asked: the operator that was applied, None without a batch.
        score: how probable operator and answer are together, before calibration.
        confidence: how probable it is that the answer is right; 0 where nothing was found.
        unsure: whether that is too little for an answer to be given; `rows` and `value` are what it would have been.
        value: the number, where the question asks for one.
        reasoning, batch, number: the batch that the question was answered in, and its number there; None if the question
            names nothing that is known, so that there was nothing to start from.
    """

    layout: Layout
    rows: NDArray[np.int64]
    scores: NDArray[np.float64]
    asked: Asked | None = None
    value: float | None = None
    score: float = 0.0
    confidence: float = 0.0
    unsure: bool = False
    reasoning: Reasoning | None = None
    batch: Batch | None = None
    number: int = 0

    @property
    def found(self) -> bool:
        """Tell whether there is anything that could be given, sure or not."""
        return len(self.rows) > 0 or self.value is not None

    @property
    def abstains(self) -> bool:
        """Tell whether there is no answer."""
        return self.unsure or not self.found

    @property
    def answer_set(self) -> NDArray[np.int64]:
        """Return the entities that are the answer together: at least half as probable as the first."""
        return self.rows[self.scores >= 0.5 * self.scores[0]] if len(self.rows) and not self.unsure else self.rows[:0]

    def judged(self, confidence: Confidence) -> "Prediction":
        """Return the same prediction as another calibration sees it."""
        sure = confidence.of(self.score) if self.found else 0.0
        return replace(self, confidence=sure, unsure=self.found and sure < confidence.threshold)

    @property
    def most(self) -> float:
        """Return the largest weight that an answer could have: the least of the likeliest candidates of its open branches."""
        assert self.reasoning is not None
        seeds = self.reasoning.seeds
        return min((float(seeds.weights[members(seeds, branch)[1]].max()) for branch in self.open_branches()), default=0.0)

    def open_branches(self) -> list[int]:
        """Return the branches of this question that take part in the answer, the most trusted first."""
        if self.reasoning is None or self.batch is None:
            return []
        first, last = np.searchsorted(self.batch.question.numpy(), (self.number, self.number + 1)).tolist()
        gates = dict(enumerate(self.reasoning.gates[first:last].tolist(), start=first))
        return sorted((branch for branch, gate in gates.items() if gate > OPEN), key=lambda branch: -gates[branch])


def _cut(layouts: Iterable[Layout], size: int) -> Iterator[list[Layout]]:
    """Cut questions into batches of at most `size`, with at most `MOST_WORDS` in all readings unless one question has more."""
    batch: list[Layout] = []
    readings = longest = 0
    for layout in layouts:
        readings, longest = readings + len(layout.branches), max(longest, len(layout.tokens))
        if batch and readings * longest > MOST_WORDS:
            yield batch
            batch, readings, longest = [], len(layout.branches), len(layout.tokens)
        batch.append(layout)
        if len(batch) == size:
            yield batch
            batch, readings, longest = [], 0, 0
    if batch:
        yield batch


@dataclass(frozen=True, eq=False)
class Model:
    """A trained model with the knowledge base that it answers from."""

    config: Config
    vocabulary: Vocabulary
    reasoner: Reasoner
    kb: KnowledgeBase
    confidence: Confidence = field(default_factory=Confidence)

    @classmethod
    def new(cls, config: Config, vocabulary: Vocabulary, kb: KnowledgeBase) -> "Model":
        """Make an untrained model."""
        return cls(config, vocabulary, Reasoner(config.model, kb, vocabulary), kb)

    @property
    def epsilon(self) -> float:
        """Return the share of the relations that exist below which one is not followed."""
        chosen = self.config.training.epsilon
        return min(0.003, 0.05 / max(self.kb.num_relations, 1)) if chosen is None else chosen

    def lay_out(self, text: str, topics: Sequence[Topic] | None = None, *, without: int | None = None) -> Layout:
        """Find the spans of a question, or take the given topics for them; all but one word is read if it says `without`."""
        keep_texts = self.config.model.encoder == "pretrained"
        return lay_out(text, self.vocabulary, self.kb, topics=topics, keep_texts=keep_texts, without=without)

    def forget(self) -> None:
        """Forget the readings that a pretrained encoder has kept, so that a question takes as long as a new one."""
        if self.reasoner.encoder.pretrained is not None:
            self.reasoner.encoder.pretrained.forget()

    def predict(self, layouts: Iterable[Layout], *, size: int = BATCH) -> Iterator[Prediction]:
        """Answer questions, in their order, so many at a time, fewer where they are long and hold many names."""
        if self.reasoner.training:
            self.reasoner.eval()
        for batch in _cut(layouts, size):
            yield from self._batch(batch)

    @torch.inference_mode()
    def _batch(self, layouts: Sequence[Layout]) -> list[Prediction]:
        nothing = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64)
        predictions = [Prediction(layout, *nothing) for layout in layouts]
        known = [place for place, layout in enumerate(layouts) if layout.branches]
        if not known:
            return predictions
        batch = collate([layouts[place] for place in known])
        with one_thread():
            reasoning = self.reasoner(batch, epsilon=self.epsilon)
        asked = _asked(reasoning.choice, held(reasoning.sets, reasoning.choice.attributes, self.kb.values))
        answers = _applied(reasoning.sets, asked, self.kb.values)
        owners, entities = answers.sets.numpy(), answers.entities.numpy()
        # Equal sets of paths may differ in the last bits, which must not decide their order.
        scores: NDArray[np.float64] = answers.weights.numpy().astype(np.float64).round(6)
        usable = scores > 0
        bounds = np.searchsorted(owners, np.arange(len(known) + 1))
        for number, place in enumerate(known):
            own = slice(bounds[number], bounds[number + 1])
            rows, weights = entities[own][usable[own]], scores[own][usable[own]]
            order = np.lexsort((rows, -weights))
            prediction = Prediction(
                layout=layouts[place],
                rows=rows[order],
                scores=weights[order],
                asked=asked[number],
                reasoning=reasoning,
                batch=batch,
                number=number,
            )
            predictions[place] = _operated(prediction, asked[number], reasoning, self.kb).judged(self.confidence)
        return predictions


def _operated(prediction: Prediction, asked: Asked, reasoning: Reasoning, kb: KnowledgeBase) -> Prediction:
    """Return what the operator of a question makes of its ranked entities: a number, or nothing, and how probable that is."""
    rows, scores, probability = prediction.rows, prediction.scores, asked.probability
    if asked.operator is Operator.NOTHING:
        return replace(prediction, rows=rows[:0], scores=scores[:0])
    if asked.operator is Operator.COUNT:
        best = scores.max(initial=0.0)
        inside = likely(scores, best, above=OPEN) & (best >= MISSED * prediction.most)
        exactly = float(np.where(inside, scores, 1.0 - scores).prod())
        return replace(prediction, value=float(inside.sum()), score=probability * exactly)
    if asked.operator in (Operator.OWN_VALUE, Operator.VALUE):
        sets = reasoning.mentioned if asked.operator is Operator.OWN_VALUE else reasoning.sets
        found = look_up(sets, prediction.number, reasoning.choice.attributes[prediction.number], kb.values)
        if found is None:
            return replace(prediction, rows=rows[:0], scores=scores[:0])
        asked, score = replace(asked, attribute=found.attribute), probability * found.share
        return replace(prediction, rows=found.rows, scores=found.scores, asked=asked, value=found.value, score=score)
    return replace(prediction, score=probability * float(scores.max(initial=0.0)))


def _asked(choice: Choice, held_attributes: Tensor) -> list[Asked]:
    """Return the most probable operator of each question, and the attribute of an extreme; that of a value is looked up later."""
    best = choice.operators.max(1)
    asked = [
        Asked(Operator(number), probability)
        for number, probability in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ]
    if not held_attributes.shape[1]:
        return asked
    extremes = [operator for operator, _ in EXTREMES]
    of = held_attributes.max(1)
    return [
        replace(one, probability=one.probability * probability, attribute=attribute) if one.operator in extremes else one
        for one, probability, attribute in zip(asked, of.values.tolist(), of.indices.tolist(), strict=True)
    ]


def _applied(sets: EntitySet, asked: Sequence[Asked], values: Tensor) -> EntitySet:
    """Apply to each set the operator that its question asks for; counts keep what they count.

    An extreme is that of the likely members that have a value, as a count is theirs: many unlikely ones with better values would
    together outdo it. Its winners keep their weights.
    """
    if all(one.attribute is None for one in asked):
        return sets
    sure = torch.zeros(len(asked), len(Operator))
    of = torch.zeros(len(asked), values.shape[1])
    for number, one in enumerate(asked):
        sure[number, one.operator if one.attribute is not None else Operator.SET] = 1.0
        if one.attribute is not None:
            of[number, one.attribute] = 1.0
    attribute = torch.tensor([-1 if one.attribute is None else one.attribute for one in asked])
    answers = apply(settled(sets, attribute, values, above=OPEN), Choice(sure, of), values)
    return answers.with_weights(torch.minimum(answers.weights, sets.weights))
