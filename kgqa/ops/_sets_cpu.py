"""Mix, exclude and intersect sparse sets by walking along their sorted members, compiled for the CPU.

Members are sorted, so what two sets share is found by going through both at once; nothing is sorted or searched for again.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from kgqa.compiled import compiled
from kgqa.ops.entity_set import set_bounds


def mix(keys: Tensor, weights: Tensor, pointer: Tensor, shares: Tensor, num_entities: int) -> tuple[Tensor, Tensor, Tensor]:
    """Add T batches of sets.

    Args:
        keys, weights: the members of all T, one batch after the other.
        pointer: shape (T + 1,), int64, where each batch begins.
        shares: shape (B, T).
        num_entities: N_E.

    Returns:
        keys and weights of the sum, and where in it each member went, shape of `keys`, int64.
    """
    x, w, starts, a = keys.numpy(), weights.contiguous().numpy(), pointer.numpy(), shares.contiguous().numpy()
    out, total, places = np.empty(len(x), dtype=np.int64), np.empty(len(x), dtype=w.dtype), np.empty(len(x), dtype=np.int64)
    size = _mix(x, w, starts, a, num_entities, out, total, places)
    return torch.from_numpy(out[:size]), torch.from_numpy(total[:size]), torch.from_numpy(places)


def mix_backward(
    keys: Tensor, weights: Tensor, pointer: Tensor, shares: Tensor, places: Tensor, gradient: Tensor, num_entities: int
) -> tuple[Tensor, Tensor]:
    """Return the gradients of `mix` in the weights and the shares."""
    x, w, starts, a = keys.numpy(), weights.contiguous().numpy(), pointer.numpy(), shares.contiguous().numpy()
    for_w, for_a = np.empty_like(w), np.zeros_like(a)
    _mix_backward(x, w, starts, a, places.numpy(), gradient.contiguous().numpy(), num_entities, for_w, for_a)
    return torch.from_numpy(for_w), torch.from_numpy(for_a)


def exclude(keys: Tensor, weights: Tensor, other: Tensor, taken: Tensor, gate: Tensor, num_entities: int) -> Tensor:
    """Return the weights of the members `keys` after the members `other` of weights `taken` were taken out."""
    left = weights.contiguous().numpy().copy()
    g = gate.contiguous().numpy()
    _exclude(keys.numpy(), left, other.numpy(), taken.contiguous().numpy(), g, num_entities)
    return torch.from_numpy(left)


def exclude_backward(
    keys: Tensor, weights: Tensor, other: Tensor, taken: Tensor, gate: Tensor, gradient: Tensor, num_entities: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of `exclude` in both weights and the gate."""
    w, t, g = weights.contiguous().numpy(), taken.contiguous().numpy(), gate.contiguous().numpy()
    for_w, for_t, for_g = gradient.contiguous().numpy().copy(), np.zeros_like(t), np.zeros_like(g)
    _exclude_backward(keys.numpy(), w, other.numpy(), t, g, num_entities, for_w, for_t, for_g)
    return torch.from_numpy(for_w), torch.from_numpy(for_t), torch.from_numpy(for_g)


def intersect(keys: Tensor, weights: Tensor, gates: Tensor, pointer: Tensor, num_entities: int) -> tuple[Tensor, Tensor]:
    """Return the members and weights of the intersections.

    Args:
        keys, weights: the members of all branches.
        gates: shape (branches,).
        pointer: shape (B + 1,), int64, where the branches of each question begin.
        num_entities: N_E.
    """
    x, w, g, owned = keys.numpy(), weights.contiguous().numpy(), gates.contiguous().numpy(), pointer.numpy()
    members = set_bounds(keys, len(g), num_entities).numpy()
    out, least = np.empty(len(x), dtype=np.int64), np.empty(len(x), dtype=w.dtype)
    size = _intersect(x, w, g, owned, members, num_entities, out, least)
    return torch.from_numpy(out[:size]), torch.from_numpy(least[:size])


def intersect_backward(
    keys: Tensor, weights: Tensor, gates: Tensor, pointer: Tensor, gradient: Tensor, num_entities: int
) -> tuple[Tensor, Tensor]:
    """Return the gradients of `intersect` in the weights and the gates, shared among branches that are equal."""
    x, w, g, owned = keys.numpy(), weights.contiguous().numpy(), gates.contiguous().numpy(), pointer.numpy()
    members = set_bounds(keys, len(g), num_entities).numpy()
    for_w, for_g = np.zeros_like(w), np.zeros_like(g)
    _intersect_backward(x, w, g, owned, members, num_entities, gradient.contiguous().numpy(), for_w, for_g)
    return torch.from_numpy(for_w), torch.from_numpy(for_g)


@compiled
def _mix(keys: Any, weights: Any, pointer: Any, shares: Any, num_entities: int, out: Any, total: Any, places: Any) -> int:
    heads = pointer[:-1].copy()
    size = 0
    while True:
        least = np.int64(-1)
        for hop in range(len(heads)):
            if heads[hop] < pointer[hop + 1] and (least < 0 or keys[heads[hop]] < least):
                least = keys[heads[hop]]
        if least < 0:
            return size
        number = least // num_entities
        out[size], total[size] = least, 0
        for hop in range(len(heads)):
            place = heads[hop]
            if place < pointer[hop + 1] and keys[place] == least:
                total[size] += shares[number, hop] * weights[place]
                places[place] = size
                heads[hop] += 1
        size += 1


@compiled
def _mix_backward(
    keys: Any,
    weights: Any,
    pointer: Any,
    shares: Any,
    places: Any,
    gradient: Any,
    num_entities: int,
    for_weights: Any,
    for_shares: Any,
) -> None:
    for hop in range(len(pointer) - 1):
        for place in range(pointer[hop], pointer[hop + 1]):
            number = keys[place] // num_entities
            for_weights[place] = shares[number, hop] * gradient[places[place]]
            for_shares[number, hop] += weights[place] * gradient[places[place]]


@compiled
def _exclude(keys: Any, left: Any, other: Any, taken: Any, gate: Any, num_entities: int) -> None:
    place = 0
    for rival in range(len(other)):
        while place < len(keys) and keys[place] < other[rival]:
            place += 1
        if place < len(keys) and keys[place] == other[rival]:
            left[place] *= 1 - gate[other[rival] // num_entities] * taken[rival]


@compiled
def _exclude_backward(
    keys: Any,
    weights: Any,
    other: Any,
    taken: Any,
    gate: Any,
    num_entities: int,
    for_weights: Any,
    for_taken: Any,
    for_gate: Any,
) -> None:
    place = 0
    for rival in range(len(other)):
        while place < len(keys) and keys[place] < other[rival]:
            place += 1
        if place < len(keys) and keys[place] == other[rival]:
            number = other[rival] // num_entities
            arrived = for_weights[place]
            for_weights[place] = arrived * (1 - gate[number] * taken[rival])
            for_taken[rival] = -arrived * weights[place] * gate[number]
            for_gate[number] -= arrived * weights[place] * taken[rival]


@compiled
def _least_entity(keys: Any, heads: Any, members: Any, first: int, last: int, num_entities: int) -> Any:
    """Return the least entity that a branch from `first` to `last` has still to come to, -1 if they are through."""
    least = np.int64(-1)
    for branch in range(first, last):
        if heads[branch] < members[branch + 1]:
            entity = keys[heads[branch]] - branch * num_entities
            if least < 0 or entity < least:
                least = entity
    return least


@compiled
def _relaxed(keys: Any, weights: Any, gates: Any, heads: Any, members: Any, branch: int, key: int) -> Any:
    """Return 1 − g (1 − x) of one branch at its head: x where that is the member `key`, else 0."""
    place = heads[branch]
    reached = place < members[branch + 1] and keys[place] == key
    return (1 - gates[branch]) + (gates[branch] * weights[place] if reached else 0 * gates[branch])


@compiled
def _intersect(keys: Any, weights: Any, gates: Any, owned: Any, members: Any, num_entities: int, out: Any, result: Any) -> int:
    heads = members[:-1].copy()
    size = 0
    for number in range(len(owned) - 1):
        first, last = owned[number], owned[number + 1]
        while True:
            entity = _least_entity(keys, heads, members, first, last, num_entities)
            if entity < 0:
                break
            smallest = _relaxed(keys, weights, gates, heads, members, first, first * num_entities + entity)
            for branch in range(first, last):
                key = branch * num_entities + entity
                value = _relaxed(keys, weights, gates, heads, members, branch, key)
                if not value >= smallest:
                    smallest = value
                if heads[branch] < members[branch + 1] and keys[heads[branch]] == key:
                    heads[branch] += 1
            out[size], result[size] = number * num_entities + entity, smallest
            size += 1
    return size


@compiled
def _intersect_backward(
    keys: Any,
    weights: Any,
    gates: Any,
    owned: Any,
    members: Any,
    num_entities: int,
    gradient: Any,
    for_weights: Any,
    for_gates: Any,
) -> None:
    heads, relaxed = members[:-1].copy(), np.empty(len(gates))
    place = 0
    for number in range(len(owned) - 1):
        first, last = owned[number], owned[number + 1]
        while True:
            entity = _least_entity(keys, heads, members, first, last, num_entities)
            if entity < 0:
                break
            # Each value is worked out once: worked out again, it may be rounded differently, and equal no more what it was.
            values = relaxed[: last - first]
            for branch in range(first, last):
                values[branch - first] = _relaxed(keys, weights, gates, heads, members, branch, branch * num_entities + entity)
            smallest = values.min()
            equals = (values == smallest).sum()
            for branch in range(first, last):
                reached = heads[branch] < members[branch + 1] and keys[heads[branch]] == branch * num_entities + entity
                if values[branch - first] == smallest:
                    arrived = gradient[place] / equals
                    x = weights[heads[branch]] if reached else 0 * gates[branch]
                    for_gates[branch] -= arrived * (1 - x)
                    if reached:
                        for_weights[heads[branch]] = arrived * gates[branch]
                if reached:
                    heads[branch] += 1
            place += 1
