"""Which relations an entity takes part in, and its facts along some of them."""

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


def facts_along(facts: Facts, entities: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Return the facts of each entity whose relation is chosen; those of other relations are stepped over, not read.

    >>> facts = Facts.of([(0, 0, 1), (0, 1, 2), (0, 1, 1)], num_entities=3, num_relations=2)
    >>> facts_along(facts, torch.tensor([0]), torch.tensor([False, True, False, False]))
    (tensor([0, 0]), tensor([1, 2]))

    Args:
        facts: the knowledge base.
        entities: shape (n,), 0 to N_E - 1.
        chosen: shape (N_R,), bool.

    Returns:
        Two of shape (m,), int64: the place in `entities`, ascending, and the place of the fact, ascending for each.
    """
    if entities.device.type == "cpu":
        from kgqa.ops import _runs

        return _runs.facts_along(facts.pointer, facts.relation, entities, chosen)
    member, fact = unfold(facts.pointer, entities)
    kept = chosen[facts.relation[fact].long()]
    return member[kept], fact[kept]


def relations_together(facts: Facts) -> Tensor:
    """Return which two relations some entity has both of, inverses included: shape (N_R, N_R), bool, symmetric.

    >>> facts = Facts.of([(0, 0, 1)], num_entities=2, num_relations=1)
    >>> relations_together(facts)
    tensor([[ True, False],
            [False,  True]])
    """
    if facts.pointer.device.type == "cpu":
        from kgqa.ops import _runs

        return _runs.relations_together(facts.pointer, facts.relation, facts.num_relations)
    member, relation = relations_of(facts, torch.arange(facts.num_entities, device=facts.pointer.device))
    shape = facts.num_relations, facts.num_entities
    ones = torch.ones(len(member), device=member.device)
    has = torch.sparse_coo_tensor(torch.stack([relation, member]), ones, shape, check_invariants=False)
    return (has @ has.T).to_dense() > 0
