"""Choose what to do with the set that the branches leave together: give it, count it, take an extreme or a value, or nothing."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kgqa import ops
from kgqa.model.attention import WordAttention
from kgqa.model.branches import Batch
from kgqa.model.encoder import Encoding
from kgqa.model.linear import zero_linear
from kgqa.model.names import Names
from kgqa.ops import EntitySet
from kgqa.ops.segments import maximum
from kgqa.ops.value import NOWHERE

T = TypeVar("T", Tensor, NDArray[Any])

_LACKING: Final = 3.0
"""How much it counts at the start of training, as a logit, that what is asked for does not exist."""

NEGLIGIBLE: Final = 1e-3
"""Smallest share for which an extreme is taken."""


class Operator(IntEnum):
    """What a question asks of a set of entities."""

    SET = 0
    COUNT = 1
    LARGEST = 2
    SMALLEST = 3
    NOTHING = 4
    OWN_VALUE = 5
    """The value of an attribute of what is mentioned."""
    VALUE = 6
    """The value of an attribute of what the branches lead to."""


OF_ATTRIBUTES: Final = (Operator.LARGEST, Operator.SMALLEST, Operator.OWN_VALUE, Operator.VALUE)
"""What asks for an attribute."""

EXTREMES: Final = ((Operator.LARGEST, True), (Operator.SMALLEST, False))
"""The operators that take an extreme, and whether it is the largest."""

GIVE_ENTITIES: Final = (Operator.SET, *(operator for operator, _ in EXTREMES))
"""What gives entities."""


@dataclass(frozen=True, eq=False)
class Choice:
    """What each question asks.

    Attributes:
        operators: shape (B, 7), the probability of each operator.
        attributes: shape (B, A), the attribute whose extreme or value is taken; A may be 0.
    """

    operators: Tensor
    attributes: Tensor


class OperatorChooser(nn.Module):
    """Attend to the words of the question, as its likely mentions see it, for the operator and for the attribute.

    For "no answer" it also speaks how far what is asked for does not exist.

    Args:
        names: the attributes' names, None without attributes.
        hidden: H.
        values: V, the width of the words as they are.
    """

    nothing: Tensor

    def __init__(self, names: Names | None, *, hidden: int, values: int) -> None:
        super().__init__()
        self.names = names
        self.attention = WordAttention(2, hidden)
        self.operator = nn.Linear(2 * hidden + values, len(Operator))
        with torch.no_grad():
            self.operator.bias.copy_(2.0 * torch.eye(len(Operator))[Operator.SET])
        self.lacking = nn.Parameter(torch.full((1,), _LACKING))
        possible = torch.zeros(len(Operator))
        if names is None:
            possible[list(OF_ATTRIBUTES)] = float("-inf")
        else:
            self.attribute = zero_linear(2 * hidden + values, len(names.residual))
        self.register_buffer("possible", possible, persistent=False)
        self.register_buffer("nothing", torch.eye(len(Operator))[Operator.NOTHING], persistent=False)

    def never_lacks(self) -> None:
        """Let what does not exist say nothing, for good: for training without unanswerable questions.

        Without one to balance it, it taught models to take the wrong namesake with certainty: of 800 questions about films with
        an ambiguous topic 86 % were right instead of 96.
        """
        self.lacking.requires_grad_(False).zero_()

    def forward(self, batch: Batch, encoding: Encoding, spans: Tensor, p_span: Tensor, missing: Tensor) -> Choice:
        """Choose for every question.

        Args:
            batch: B questions as S branches.
            encoding: the readings, encoded.
            spans: shape (S, 2H), what the question says around each span.
            p_span: shape (S,), p(i): how much each branch is listened to.
            missing: shape (S,), how far what each branch asks for does not exist.
        """
        attended = self.attention(encoding)[batch.reading].flatten(1)
        heard = heard_of(torch.cat([attended, spans], dim=1), p_span, batch)
        width = attended.shape[1] // 2
        operator, attribute, around = heard.tensor_split([width, 2 * width], dim=1)
        lacking = self.lacking * heard_of(missing[:, None], p_span, batch) * self.nothing
        operators = (self.operator(torch.cat([operator, around], 1)) + lacking + self.possible).softmax(1)
        if self.names is None:
            return Choice(operators, attribute[:, :0])
        return Choice(operators, (self.names(attribute) + self.attribute(torch.cat([attribute, around], 1))).softmax(1))


def apply(sets: EntitySet, choice: Choice, values: Tensor) -> EntitySet:
    """Return the probability of each entity to be an answer: o_set·ŷ + Σ_a α'_a (o_largest·max_a ŷ + o_smallest·min_a ŷ).

    α' are the attributes among those that the set has (`held`). Extremes whose share is below `NEGLIGIBLE` in every question
    are not taken.

    Args:
        sets: B sets.
        choice: what each question asks.
        values: shape (N_E, A), the attributes; NaN where an entity has none.
    """
    question = sets.sets
    weights = choice.operators[question, Operator.SET] * sets.weights
    attributes = held(sets, choice.attributes, values)
    for operator, largest in EXTREMES:
        shares = choice.operators[:, operator, None] * attributes
        for attribute in torch.nonzero(shares.amax(0) > NEGLIGIBLE)[:, 0].tolist():
            best = ops.extreme(sets, values[:, attribute], largest=largest)
            weights = weights + shares[question, attribute] * best.weights
    return sets.with_weights(weights)


def held(sets: EntitySet, attributes: Tensor, values: Tensor) -> Tensor:
    """Return how probable each attribute is among those that the sets have, shape (B, A): α_a E_a / max(Σ_a α_a E_a, ν).

    E_a is the part of the set that has the attribute, by weight. What no building has is not meant by "the tallest building",
    whatever else it is near; and an extreme that is empty could teach nothing.

    Args:
        sets: B sets.
        attributes: shape (B, A), α.
        values: shape (N_E, A), the attributes; NaN where an entity has none.
    """
    if not attributes.shape[1]:
        return attributes
    weights, question = sets.weights.detach(), sets.sets
    there = (~values[sets.entities].isnan()) * weights[:, None]
    whole = weights.new_zeros(sets.batch).index_add(0, question, weights)
    joint = attributes * weights.new_zeros(attributes.shape).index_add(0, question, there) / whole.clamp(min=NOWHERE)[:, None]
    return joint / joint.sum(1, keepdim=True).clamp(min=NOWHERE)


def likely(weights: T, best: T, *, above: float) -> T:
    """Tell which members are in a set for sure: those above a weight, or, where none is, those half as likely as the best.

    Args:
        weights: of members that have a value; tensors or arrays.
        best: the largest weight of each one's set.
        above: the weight.
    """
    return (weights > above) | ((best <= above) & (weights > 0) & (weights >= 0.5 * best))


def settled(sets: EntitySet, attribute: Tensor, values: Tensor, *, above: float) -> EntitySet:
    """Return the sets whose extreme is asked for with no doubt who is in them: weight 1 or 0.

    In doubt a runner-up would stand in the answer beside the extreme. Sets whose extreme is not asked for, or in which nothing
    has a value, stay as they are.

    Args:
        sets: B sets.
        attribute: shape (B,), whose extreme is asked for; -1 for none.
        values: shape (N_E, A), the attributes; NaN where an entity has none.
        above: as of `likely`, which tells who is in them.
    """
    own = attribute[sets.sets]
    valued = (own >= 0) & ~values[sets.entities, own].isnan()
    best = maximum(sets.weights.masked_fill(~valued, 0.0), sets.sets, sets.batch, empty=0.0)
    inside = valued & likely(sets.weights, best[sets.sets], above=above)
    return sets.with_weights(torch.where((best > 0)[sets.sets], inside.to(sets.weights.dtype), sets.weights))


def heard_of(branches: Tensor, p_span: Tensor, batch: Batch) -> Tensor:
    """Return what is heard of each question: the mean over its branches, weighted by p(i); shape (S, …) to (B, …)."""
    total = p_span.new_zeros(batch.questions).index_add(0, batch.question, p_span)
    sums = branches.new_zeros(batch.questions, branches.shape[1]).index_add(0, batch.question, branches * p_span[:, None])
    return sums / total[:, None]
