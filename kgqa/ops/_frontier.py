"""Follow on sparse sets: walk only the facts of the members, so that the cost does not grow with the graph."""

import torch
from torch import Tensor

from kgqa.kb.facts import Facts
from kgqa.ops.entity_set import EntitySet
from kgqa.ops.segments import unfold


def follow(facts: Facts, x: EntitySet, r: Tensor, *, epsilon: float = 0.0) -> EntitySet:
    """Formula 1 on the members of `x`. Shapes as in `kgqa.ops.follow`.

    First the groups of facts that share subject and relation are laid out, then those whose relation is not followed are
    left out, and only the rest is unfolded into facts.
    """
    sets, entities = x.sets, x.entities
    member, group = unfold(facts.subject_pointer, entities)
    relation = facts.group_relation[group].long()
    share = r[sets[member], relation]
    if epsilon > 0.0:
        kept = torch.nonzero(share.detach() >= epsilon).squeeze(1)
        member, group, share = member[kept], group[kept], share[kept]
    weight = x.weights[member] * share
    part, fact = unfold(facts.group_pointer, group)
    return EntitySet.of(sets[member][part], facts.object[fact], weight[part], batch=x.batch, num_entities=x.num_entities)
