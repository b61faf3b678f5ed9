"""Weigh entities by the relations that they take part in."""

from typing import Any

import torch
from torch import Tensor

from kgqa.kb.facts import Facts
from kgqa.ops._operators import operator
from kgqa.ops.entity_set import EntitySet
from kgqa.ops.relations import relations_of


def having(facts: Facts, sets: EntitySet, wanted: Tensor) -> Tensor:
    """Return Σ_p w[b, p] [e has p] for each member e of each set b: differentiable in w.

    >>> facts = Facts.of([(0, 0, 1), (0, 0, 2)], num_entities=3, num_relations=1)
    >>> members = EntitySet.of_dense(torch.tensor([[1.0, 0.0, 1.0]]))
    >>> having(facts, members, torch.tensor([[0.75, 0.25]]))
    tensor([0.7500, 0.2500])

    Args:
        facts: the knowledge base.
        sets: B sets with n members together; their weights do not matter.
        wanted: shape (B, N_R), w.

    Returns:
        Shape (n,), in the order of the members.
    """
    if sets.keys.is_cpu:
        result: Tensor = torch.ops.kgqa.having(facts.pointer, facts.relation, sets.keys, wanted)
        return result
    member, relation = relations_of(facts, sets.entities)
    return wanted.new_zeros(len(sets)).index_add(0, member, wanted[sets.sets[member], relation])


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    pointer, relation, keys, wanted = inputs
    ctx.save_for_backward(pointer, relation, keys)
    ctx.shape = wanted.shape


def _derive(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    return None, None, None, torch.ops.kgqa.having_backward(*ctx.saved_tensors, gradient, *ctx.shape)


_FACTS = "Tensor pointer, Tensor relation, Tensor keys"

operator(
    f"having({_FACTS}, Tensor wanted) -> Tensor",
    module="_runs",
    fake=lambda pointer, relation, keys, wanted: wanted.new_empty(keys.shape),
    derivation=(_keep, _derive),
)
operator(
    f"having_backward({_FACTS}, Tensor gradient, int batch, int num_relations) -> Tensor",
    module="_runs",
    fake=lambda pointer, relation, keys, gradient, batch, num_relations: gradient.new_empty(batch, num_relations),
)
