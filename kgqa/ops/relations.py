"""Which relations an entity takes part in."""

import torch
from torch import Tensor

from kgqa.kb.facts import Facts
from kgqa.ops.segments import unfold


def relations_of(facts: Facts, entities: Tensor) -> tuple[Tensor, Tensor]:
    """Return each relation of each entity once, inverses included, however many facts it has of it.

    >>> facts = Facts.of([(0, 0, 1), (0, 0, 2)], num_entities=3, num_relations=1)
    >>> relations_of(facts, torch.tensor([2, 0]))
    (tensor([0, 1]), tensor([1, 0]))

    Args:
        facts: the knowledge base.
        entities: shape (n,), 0 to N_E - 1.

    Returns:
        Two of shape (m,), int64: the place in `entities`, ascending, and the relation, ascending for each place.
    """
    if entities.device.type == "cpu":
        from kgqa.ops import _runs

        return _runs.relations_of(facts.pointer, facts.relation, entities)
    member, fact = unfold(facts.pointer, entities)
    pairs = torch.unique_consecutive(torch.stack([member, facts.relation[fact].long()]), dim=1)
    return pairs[0], pairs[1]
