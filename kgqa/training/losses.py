"""The loss: cross-entropy between the probabilities of entities and the set of answers."""

import torch
from torch import Tensor

from kgqa.ops import EntitySet

_UNREACHED = 1e-9
_CERTAIN = 1e-3
"""Added inside the logarithms: a certain wrong entity must not weigh more than a few missed answers."""


def answer_loss(answers: EntitySet, gold: Tensor) -> Tensor:
    """Return the mean over questions of the cross-entropy over reached and right entities, divided by the number of right ones.

    All other entities are exact zeros and right to be.

    Args:
        answers: B sets, probabilities.
        gold: shape (n,), int64, ascending, each once: question * N_E + entity of every right answer; each question has one.

    Returns:
        A scalar.
    """
    question = torch.div(gold, answers.num_entities, rounding_mode="floor")
    weight = 1.0 / torch.bincount(question, minlength=answers.batch)
    hit = torch.log(answers.weights_at(gold) + _UNREACHED) * weight[question]
    places, reached = answers.find(gold)
    wrong = answers.weights.index_fill(0, places[reached], 0.0)
    # Scaled to be exactly 0 for an entity of weight 0: else every entity that is reached for nothing would be a gain.
    miss = torch.log((1.0 - wrong + _CERTAIN) / (1.0 + _CERTAIN)) * weight[answers.sets]
    return -(hit.sum() + miss.sum()) / answers.batch
