"""Follow on sparse sets, from their members alone."""

from typing import Any

import torch
from torch import Tensor

from kgqa.kb.facts import Facts
from kgqa.ops._operators import operator
from kgqa.ops.entity_set import EntitySet


def count(facts: Facts, x: EntitySet, r: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    """Return how many facts would be followed from each set, shape (B,), and the weight that `epsilon` leaves out, shape (B,).

    Without `epsilon` the first is a sum of degrees; with it, facts of one entity and relation are counted at once.
    """
    if epsilon > 0:
        followed, left_out = torch.ops.kgqa.count(facts.pointer, facts.relation, x.keys, x.weights.detach(), r.detach(), epsilon)
        return followed, left_out
    degrees = facts.degrees_of(x.entities)
    return degrees.new_zeros(x.batch).index_add(0, x.sets, degrees), r.new_zeros(x.batch)


def follow(facts: Facts, x: EntitySet, r: Tensor, followed: Tensor, epsilon: float) -> EntitySet:
    """Formula 1 on the members of `x`; `followed` is what `count` says. Other shapes as in `kgqa.ops.follow`."""
    traced = torch.is_grad_enabled() and (x.weights.requires_grad or r.requires_grad)
    graph = facts.pointer, facts.relation, facts.object
    keys, weights, _, _ = torch.ops.kgqa.push(*graph, x.keys, x.weights, r, followed, epsilon, traced)
    return EntitySet(keys, weights, x.batch, x.num_entities)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    pointer, relation, _, keys, weights, r, followed, ctx.epsilon, _ = inputs
    out, _, ends, places = output
    ctx.mark_non_differentiable(out, ends, places)
    ctx.save_for_backward(pointer, relation, keys, weights, r, followed, ends, places)


def _derive(ctx: Any, for_keys: None, gradient: Tensor, for_ends: None, for_places: None) -> tuple[Tensor | None, ...]:
    pointer, relation, keys, weights, r, followed, ends, places = ctx.saved_tensors
    for_weights, for_r = torch.ops.kgqa.push_backward(
        pointer, relation, keys, weights, r, followed, ctx.epsilon, ends, places, gradient
    )
    return None, None, None, None, for_weights, for_r, None, None, None


def _fake_push(
    pointer: Tensor,
    relation: Tensor,
    object_: Tensor,
    keys: Tensor,
    weights: Tensor,
    r: Tensor,
    followed: Tensor,
    epsilon: float,
    traced: bool,
) -> tuple[Tensor, ...]:
    members, facts = (torch.library.get_ctx().new_dynamic_size() for _ in range(2))
    return (
        keys.new_empty(members),
        weights.new_empty(members),
        keys.new_empty(r.shape[0] + 1),
        object_.new_empty(facts if traced else 0),
    )


_MEMBERS = "Tensor keys, Tensor weights, Tensor r"

operator(
    f"count(Tensor pointer, Tensor relation, {_MEMBERS}, float epsilon) -> (Tensor, Tensor)",
    module="_frontier_cpu",
    cuda="_frontier_torch",
    fake=lambda pointer, relation, keys, weights, r, epsilon: (keys.new_empty(r.shape[0]), r.new_empty(r.shape[0])),
)
operator(
    f"push(Tensor pointer, Tensor relation, Tensor object, {_MEMBERS}, Tensor followed, float epsilon, bool traced)"
    " -> (Tensor, Tensor, Tensor, Tensor)",
    module="_frontier_cpu",
    cuda="_frontier_torch",
    fake=_fake_push,
    derivation=(_keep, _derive),
)
operator(
    f"push_backward(Tensor pointer, Tensor relation, {_MEMBERS}, Tensor followed, float epsilon, Tensor ends, Tensor places,"
    " Tensor gradient) -> (Tensor, Tensor)",
    module="_frontier_cpu",
    cuda="_frontier_torch",
    fake=lambda pointer, relation, keys, weights, r, *others: (weights.new_empty(weights.shape), r.new_empty(r.shape)),
)
