"""Mix, exclude and intersect sparse sets in torch's own operators, which run on any device and know their gradients."""

import torch
from torch import Tensor

from kgqa.ops.entity_set import EntitySet
from kgqa.ops.segments import maximum, unfold


def mix(sets: list[EntitySet], weights: Tensor) -> EntitySet:
    """Formula 5, as `kgqa.ops.mix`."""
    return EntitySet.of(
        torch.cat([x.sets for x in sets]),
        torch.cat([x.entities for x in sets]),
        torch.cat([x.weights * weights[x.sets, t] for t, x in enumerate(sets)]),
        batch=sets[0].batch,
        num_entities=sets[0].num_entities,
    )


def exclude(x: EntitySet, other: EntitySet, gate: Tensor) -> EntitySet:
    """X ⊙ (1 − g·other), as `kgqa.ops.exclude`."""
    return x.with_weights(x.weights * (1.0 - gate[x.sets] * other.weights_at(x.keys)))


def intersect(branches: EntitySet, gates: Tensor, pointer: Tensor) -> EntitySet:
    """Formulas 10 and 11, as `kgqa.ops.intersect`; pointer: shape (B + 1,), where the branches of each question begin."""
    width, num_questions = branches.num_entities, len(pointer) - 1
    question = torch.repeat_interleave(pointer[1:] - pointer[:-1])
    keys = torch.unique(question[branches.sets] * width + branches.entities)
    # Every branch of a question says something of every entity that some branch of that question reaches.
    place, branch = unfold(pointer, torch.div(keys, width, rounding_mode="floor"))
    reached = branches.weights_at(branch * width + (keys % width)[place])
    relaxed = (1.0 - gates[branch]) + gates[branch] * reached
    return EntitySet(keys, -maximum(-relaxed, place, len(keys)), num_questions, width)
