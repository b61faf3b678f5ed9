"""The loss: how improbable the model finds the entities, the number, or the "no answer" that a question was given with."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from kgqa import ops
from kgqa.model.operators import GIVE_ENTITIES, Operator
from kgqa.model.reasoner import Reasoning
from kgqa.ops import EntitySet

_UNREACHED = 1e-9
_CERTAIN = 1e-3
"""Added inside the logarithms: a certain wrong entity must not weigh more than a few missed answers."""
_FAR = 10.0
"""Standard deviations from which a wrong count costs by how far it is, not by its square: one could outweigh its whole batch."""
_FARTHER = 1000.0
"""The cost from which it grows with the logarithm: a number in the millions that is no count must not drown all else."""
_FARTHEST = 1e30
"""Numbers beyond are too far to count in 32 bits."""


@dataclass(frozen=True, eq=False)
class Gold:
    """What is right for B questions.

    Attributes:
        entities: shape (n,), int64, ascending, each once: question * N_E + entity of every right answer.
        values: shape (B,), float64, the right number; NaN where entities, or nothing, are right.
        nothing: shape (B,), bool: the graph has no answer.
    """

    entities: Tensor
    values: Tensor
    nothing: Tensor


def loss_of(reasoning: Reasoning, gold: Gold) -> Tensor:
    """Return the mean loss of B questions, a scalar."""
    parts = entities_loss(reasoning, gold.entities)
    counted = ~gold.values.isnan()
    if bool(counted.any()):
        parts = parts + value_loss(reasoning, gold.values).masked_fill(~counted, 0.0).sum() / len(counted)
    if bool(gold.nothing.any()):
        parts = parts + nothing_loss(reasoning).masked_fill(~gold.nothing, 0.0).sum() / len(counted)
    return parts


def entities_loss(reasoning: Reasoning, gold: Tensor) -> Tensor:
    """Return the mean over questions of −log o_E, that entities are asked for, and the loss of which ones, given that they are.

    o_E = o_set + o_largest + o_smallest. With P(e) = o_E · P(e | E) in one cross-entropy, a wrong set was escaped at the least
    cost by counting it, for then no entity is wrong. Questions without right entities count as 0.

    Args:
        reasoning: of B questions.
        gold: as of `answer_loss`.

    Returns:
        A scalar.
    """
    answers = reasoning.answers
    given = reasoning.choice.operators[:, list(GIVE_ENTITIES)].sum(1).clamp(min=_UNREACHED)
    asked = torch.zeros_like(given).index_fill(0, _questions_of(gold, answers), 1.0)
    which = answers.with_weights(answers.weights / given[answers.sets])
    return answer_loss(which, gold) - (asked * given.log()).mean()


def answer_loss(answers: EntitySet, gold: Tensor) -> Tensor:
    """Return the mean over questions of the cross-entropy over reached and right entities, divided by the number of right ones.

    All other entities are exact zeros and right to be. Questions without right entities count as 0.

    Args:
        answers: B sets, probabilities.
        gold: shape (n,), int64, ascending, each once: question * N_E + entity of every right answer.

    Returns:
        A scalar.
    """
    question = _questions_of(gold, answers)
    weight = 1.0 / torch.bincount(question, minlength=answers.batch)
    weight = weight.masked_fill(weight.isinf(), 0.0)
    # The least values: numbers of 32 bits may be a little below 0 or above 1.
    hit = torch.log((answers.weights_at(gold) + _UNREACHED).clamp(min=0.5 * _UNREACHED)) * weight[question]
    places, reached = answers.find(gold)
    wrong = answers.weights.index_fill(0, places[reached], 0.0)
    # Scaled to be exactly 0 for an entity of weight 0: else every entity that is reached for nothing would be a gain.
    miss = torch.log((1.0 - wrong + _CERTAIN).clamp(min=0.5 * _CERTAIN) / (1.0 + _CERTAIN)) * weight[answers.sets]
    return -(hit.sum() + miss.sum()) / answers.batch


def value_loss(reasoning: Reasoning, values: Tensor) -> Tensor:
    """Return −log of the probability that the question counts, and counts `values`, or asks for a value that is this; shape (B,).

    Formulas 12 and 14. Which of them a number comes from is not told: a value that no entity in question has can only be a count.
    """
    mean, variance = ops.count(reasoning.sets)
    wanted = torch.nan_to_num(values)
    density = -_distance(mean, variance.sqrt(), wanted) - 0.5 * torch.log(2.0 * torch.pi * variance)
    operators, attributes = reasoning.choice.operators, reasoning.choice.attributes
    counted = torch.log(operators[:, Operator.COUNT] + _UNREACHED) + density
    if not attributes.shape[1]:
        return -counted
    own, found = (ops.has_value(sets, attributes, reasoning.values, wanted) for sets in (reasoning.mentioned, reasoning.sets))
    looked_up = operators[:, Operator.OWN_VALUE] * own + operators[:, Operator.VALUE] * found
    possible = looked_up > 0
    return -torch.logaddexp(counted, torch.where(possible, looked_up, 1.0).log().masked_fill(~possible, float("-inf")))


def _distance(mean: Tensor, spread: Tensor, wanted: Tensor) -> Tensor:
    """Return what counts cost for how far they are from what is wanted; shape (B,)."""
    size = wanted.clamp(-_FARTHEST, _FARTHEST).to(mean.dtype)
    far = nn.functional.huber_loss(mean / spread, size / spread, reduction="none", delta=_FAR)
    # Nothing is gained by being less sure of a size that is so far off: the spread has no gradient.
    still = spread.detach()
    beyond = nn.functional.huber_loss(mean / still, size / still, reduction="none", delta=_FAR).clamp(min=_FARTHER)
    return torch.where(far < _FARTHER, far, _FARTHER * (1.0 + (beyond / _FARTHER).log()))


def nothing_loss(reasoning: Reasoning) -> Tensor:
    """Return −log of the probability that "no answer" is chosen, shape (B,).

    That the paths lead nowhere must not count as well: models then learned paths that happened to be empty for the wordings that
    they knew, and answered every other one.
    """
    return -torch.log(reasoning.choice.operators[:, Operator.NOTHING] + _UNREACHED)


def _questions_of(gold: Tensor, answers: EntitySet) -> Tensor:
    """Return the question of every right answer, shape (n,)."""
    return torch.div(gold, answers.num_entities, rounding_mode="floor")
