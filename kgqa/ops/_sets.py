"""The operators on sparse sets as torch sees them: compiled walks on the CPU, torch's own operators elsewhere."""

from typing import Any

import torch
from torch import Tensor

from kgqa.ops import _sets_torch
from kgqa.ops._operators import operator
from kgqa.ops.entity_set import EntitySet


def mix(sets: list[EntitySet], weights: Tensor) -> EntitySet:
    """Formula 5, as `kgqa.ops.mix`."""
    first = sets[0]
    if not first.keys.is_cpu:
        return _sets_torch.mix(sets, weights)
    sizes = torch.tensor([0, *(len(x) for x in sets)])
    keys, members = torch.cat([x.keys for x in sets]), torch.cat([x.weights for x in sets])
    out, total, _ = torch.ops.kgqa.mix(keys, members, sizes.cumsum(0), weights, first.num_entities)
    return EntitySet(out, total, first.batch, first.num_entities)


def exclude(x: EntitySet, other: EntitySet, gate: Tensor) -> EntitySet:
    """X ⊙ (1 − g·other), as `kgqa.ops.exclude`."""
    if not x.keys.is_cpu:
        return _sets_torch.exclude(x, other, gate)
    return x.with_weights(torch.ops.kgqa.exclude(x.keys, x.weights, other.keys, other.weights, gate, x.num_entities))


def intersect(branches: EntitySet, gates: Tensor, pointer: Tensor) -> EntitySet:
    """Formulas 10 and 11, as `kgqa.ops.intersect`; pointer: shape (B + 1,), where the branches of each question begin."""
    if not branches.keys.is_cpu:
        return _sets_torch.intersect(branches, gates, pointer)
    width = branches.num_entities
    keys, weights = torch.ops.kgqa.intersect(branches.keys, branches.weights, gates, pointer, width)
    return EntitySet(keys, weights, len(pointer) - 1, width)


def _keep_mix(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    keys, weights, pointer, shares, ctx.num_entities = inputs
    out, _, places = output
    ctx.mark_non_differentiable(out, places)
    ctx.save_for_backward(keys, weights, pointer, shares, places)


def _derive_mix(ctx: Any, for_keys: None, gradient: Tensor, for_places: None) -> tuple[Tensor | None, ...]:
    for_weights, for_shares = torch.ops.kgqa.mix_backward(*ctx.saved_tensors, gradient, ctx.num_entities)
    return None, for_weights, None, for_shares, None


def _keep_inputs(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    *tensors, ctx.num_entities = inputs
    ctx.save_for_backward(*tensors)


def _derive_exclude(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    for_weights, for_taken, for_gate = torch.ops.kgqa.exclude_backward(*ctx.saved_tensors, gradient, ctx.num_entities)
    return None, for_weights, None, for_taken, for_gate, None


def _keep_intersect(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    ctx.mark_non_differentiable(output[0])
    _keep_inputs(ctx, inputs, output[1])


def _derive_intersect(ctx: Any, for_keys: None, gradient: Tensor) -> tuple[Tensor | None, ...]:
    for_weights, for_gates = torch.ops.kgqa.intersect_backward(*ctx.saved_tensors, gradient, ctx.num_entities)
    return None, for_weights, for_gates, None, None


def _some(like: Tensor) -> Tensor:
    return like.new_empty(torch.library.get_ctx().new_dynamic_size())


def _fake_mix(keys: Tensor, weights: Tensor, pointer: Tensor, shares: Tensor, num_entities: int) -> tuple[Tensor, ...]:
    out = _some(keys)
    return out, weights.new_empty(out.shape), keys.new_empty(keys.shape)


def _fake_intersect(keys: Tensor, weights: Tensor, gates: Tensor, pointer: Tensor, num_entities: int) -> tuple[Tensor, Tensor]:
    out = _some(keys)
    return out, weights.new_empty(out.shape)


_SETS = "Tensor keys, Tensor weights"
_MIX = f"{_SETS}, Tensor pointer, Tensor shares"
_EXCLUDE = f"{_SETS}, Tensor other, Tensor taken, Tensor gate"
_INTERSECT = f"{_SETS}, Tensor gates, Tensor pointer"

operator(
    f"mix({_MIX}, int num_entities) -> (Tensor, Tensor, Tensor)",
    module="_sets_cpu",
    fake=_fake_mix,
    derivation=(_keep_mix, _derive_mix),
)
operator(
    f"mix_backward({_MIX}, Tensor places, Tensor gradient, int num_entities) -> (Tensor, Tensor)",
    module="_sets_cpu",
    fake=lambda keys, weights, pointer, shares, *others: (weights.new_empty(weights.shape), shares.new_empty(shares.shape)),
)
operator(
    f"exclude({_EXCLUDE}, int num_entities) -> Tensor",
    module="_sets_cpu",
    fake=lambda keys, weights, *others: weights.new_empty(weights.shape),
    derivation=(_keep_inputs, _derive_exclude),
)
operator(
    f"exclude_backward({_EXCLUDE}, Tensor gradient, int num_entities) -> (Tensor, Tensor, Tensor)",
    module="_sets_cpu",
    fake=lambda keys, weights, other, taken, gate, *others: tuple(x.new_empty(x.shape) for x in (weights, taken, gate)),
)
operator(
    f"intersect({_INTERSECT}, int num_entities) -> (Tensor, Tensor)",
    module="_sets_cpu",
    fake=_fake_intersect,
    derivation=(_keep_intersect, _derive_intersect),
)
operator(
    f"intersect_backward({_INTERSECT}, Tensor gradient, int num_entities) -> (Tensor, Tensor)",
    module="_sets_cpu",
    fake=lambda keys, weights, gates, *others: (weights.new_empty(weights.shape), gates.new_empty(gates.shape)),
)
