"""One hop from the members of sparse sets, compiled for the CPU: it touches their facts and nothing else of the graph.

The weights that arrive at one entity are added in a table of the set's own, as large as the facts that are followed, or as the
graph if that is smaller. Sets are independent, so each is one thread's work.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgqa.compiled import compiled
from kgqa.ops._runs import run_end
from kgqa.ops.entity_set import set_bounds
from kgqa.sorting import sort
from kgqa.threads import divide, num_workers, spread

_SMALL = 1 << 15
"""So few facts are followed faster by the thread that asks than by others that must be woken."""


def count(pointer: Tensor, relation: Tensor, keys: Tensor, weights: Tensor, r: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    """Return the facts that `push` would follow from each set, shape (B,), int64, and the weight left out, shape (B,).

    Facts of one entity and relation lie together and are counted at once.
    """
    graph = pointer.numpy(), relation.numpy()
    x, w, r_ = keys.numpy(), weights.numpy(), r.contiguous().numpy()
    followed, left_out = np.zeros(len(r_), dtype=np.int64), np.zeros(len(r_), dtype=r_.dtype)
    _count(*graph, x, w, r_, _least(r_, epsilon), followed, left_out)
    return torch.from_numpy(followed), torch.from_numpy(left_out)


def push(
    pointer: Tensor,
    relation: Tensor,
    object_: Tensor,
    keys: Tensor,
    weights: Tensor,
    r: Tensor,
    followed: Tensor,
    epsilon: float,
    traced: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Follow the relations of weight `epsilon` and more from the members of B sets.

    Args:
        pointer, relation, object_: as in `Facts`.
        keys, weights: the members, as in `EntitySet`.
        r: shape (B, N_R).
        followed: shape (B,), as `count` returned it.
        epsilon: relations of a smaller weight are not followed.
        traced: whether the way is kept for the gradient.

    Returns:
        keys and weights: the members of the result; pointer: shape (B + 1,), int64, where each set of the result begins;
        places: shape (facts followed,), int32, where in its set's result each fact led, empty if not traced.
    """
    graph = pointer.numpy(), relation.numpy(), object_.numpy()
    x, w, r_, facts = keys.numpy(), weights.contiguous().numpy(), r.contiguous().numpy(), followed.numpy()
    num_entities, batch = len(graph[0]) - 1, len(r_)
    members = set_bounds(keys, batch, num_entities).numpy()
    steps = _pointer(facts)
    rooms = _pointer(np.minimum(facts, num_entities))
    reached, sums = np.empty(rooms[-1], dtype=np.int32), np.empty(rooms[-1], dtype=w.dtype)
    sizes = np.zeros(batch, dtype=np.int64)
    places = np.empty(steps[-1] if traced else 0, dtype=np.int32)
    least = _least(r_, epsilon)
    parts = _parts(steps)
    spread(
        lambda part: _push(*graph, x, w, r_, least, members, steps, rooms, reached, sums, sizes, traced, places, *part),
        parts,
    )
    ends = _pointer(sizes)
    out, total = np.empty(ends[-1], dtype=np.int64), np.empty(ends[-1], dtype=w.dtype)
    _gather(num_entities, rooms, ends, reached, sums, out, total)
    return torch.from_numpy(out), torch.from_numpy(total), torch.from_numpy(ends), torch.from_numpy(places)


def push_backward(
    pointer: Tensor,
    relation: Tensor,
    keys: Tensor,
    weights: Tensor,
    r: Tensor,
    followed: Tensor,
    epsilon: float,
    ends: Tensor,
    places: Tensor,
    gradient: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return the gradients of `push` in the members' weights and in r, by the same facts in the same order."""
    graph = pointer.numpy(), relation.numpy()
    x, w, r_ = keys.numpy(), weights.contiguous().numpy(), r.contiguous().numpy()
    g, way, starts = gradient.contiguous().numpy(), places.numpy(), ends.numpy()
    members = set_bounds(keys, len(r_), len(graph[0]) - 1).numpy()
    steps = _pointer(followed.numpy())
    for_w, for_r = np.zeros_like(w), np.zeros_like(r_)
    least = _least(r_, epsilon)
    spread(
        lambda part: _push_backward(*graph, x, w, r_, least, members, steps, starts, way, g, for_w, for_r, *part),
        _parts(steps),
    )
    return torch.from_numpy(for_w), torch.from_numpy(for_r)


def _least(r: NDArray[Any], epsilon: float) -> Any:
    """Return the least weight that is followed, as a number of the type of `r`: without `epsilon` all are, negative ones too."""
    return r.dtype.type(epsilon if epsilon > 0 else -np.inf)


def _pointer(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    starts = np.zeros(len(sizes) + 1, dtype=np.int64)
    np.cumsum(sizes, out=starts[1:])
    return starts


def _parts(steps: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Divide the sets among threads by the facts that they follow."""
    return divide(steps, 1 if int(steps[-1]) <= _SMALL else min(len(steps) - 1, 4 * num_workers()))


@compiled
def _count(pointer: Any, relation: Any, keys: Any, weights: Any, r: Any, epsilon: Any, followed: Any, left_out: Any) -> None:
    num_entities = len(pointer) - 1
    for member in range(len(keys)):
        number, entity = divmod(keys[member], num_entities)
        fact, end = pointer[entity], pointer[entity + 1]
        while fact < end:
            stop = run_end(relation, fact, end)
            share = r[number, relation[fact]]
            if not share < epsilon:  # so that a weight that is no number is followed and seen
                followed[number] += stop - fact
            else:
                left_out[number] += weights[member] * share * (stop - fact)
            fact = stop


@compiled
def _push(
    pointer: Any,
    relation: Any,
    object_: Any,
    keys: Any,
    weights: Any,
    r: Any,
    epsilon: Any,
    members: Any,
    steps: Any,
    rooms: Any,
    reached: Any,
    sums: Any,
    sizes: Any,
    traced: bool,
    places: Any,
    first: int,
    last: int,
) -> None:
    num_entities = len(pointer) - 1
    for number in range(first, last):
        table = _table(steps[number + 1] - steps[number], num_entities)
        own, weight = reached[rooms[number] : rooms[number + 1]], sums[rooms[number] : rooms[number + 1]]
        step, found = steps[number], 0
        for member in range(members[number], members[number + 1]):
            entity = keys[member] - number * num_entities
            fact, end = pointer[entity], pointer[entity + 1]
            while fact < end:
                stop = run_end(relation, fact, end)
                share = r[number, relation[fact]]
                if not share < epsilon:
                    moved = weights[member] * share
                    for place in range(fact, stop):
                        slot = _slot(table, own, object_[place], num_entities)
                        if table[slot] < 0:
                            table[slot] = found
                            own[found], weight[found] = object_[place], 0
                            found += 1
                        weight[table[slot]] += moved
                        if traced:
                            places[step] = table[slot]
                            step += 1
                fact = stop
        sizes[number] = found
        ranks = _sort(table, own, weight, found, num_entities)
        if traced:
            for place in range(steps[number], steps[number + 1]):
                places[place] = ranks[places[place]]


@compiled
def _table(followed: int, num_entities: int) -> Any:
    """Return a table from entities to their number in order of arrival, -1 so far, with room for what `followed` facts reach.

    It has a place for every entity if that is no larger; else a power of two of places, at most half of them taken.
    """
    size = num_entities
    if 2 * followed < num_entities:
        size = 16
        while size < 2 * followed:
            size *= 2
    return np.full(min(size, num_entities), -1, dtype=np.int32)


@compiled
def _slot(table: Any, own: Any, entity: int, num_entities: int) -> Any:
    """Return the entity's place in the table, or the free one where it belongs."""
    if len(table) == num_entities:
        return np.int64(entity)
    # Multiplied, so that neighbours do not crowd one part of the table.
    slot = (np.int64(entity) * 0x9E3779B1 >> 7) & (len(table) - 1)
    while table[slot] >= 0 and own[table[slot]] != entity:
        slot = (slot + 1) & (len(table) - 1)
    return slot


@compiled
def _sort(table: Any, own: Any, weight: Any, found: int, num_entities: int) -> Any:
    """Sort the entities found, with their weights; return the new place of each."""
    order = np.empty(found, dtype=np.int64)
    if len(table) == num_entities:
        rank = 0
        for entity in range(num_entities):
            if table[entity] >= 0:
                order[rank] = table[entity]
                rank += 1
    else:
        for known in range(found):
            order[known] = np.int64(own[known]) << 32 | known
        sort(order, 32)
        for rank in range(found):
            order[rank] &= 0xFFFFFFFF
    before, moved = own[:found].copy(), weight[:found].copy()
    ranks = np.empty(found, dtype=np.int32)
    for rank in range(found):
        own[rank], weight[rank] = before[order[rank]], moved[order[rank]]
        ranks[order[rank]] = rank
    return ranks


@compiled
def _gather(num_entities: int, rooms: Any, ends: Any, reached: Any, sums: Any, keys: Any, weights: Any) -> None:
    for number in range(len(ends) - 1):
        for place in range(ends[number + 1] - ends[number]):
            keys[ends[number] + place] = number * num_entities + reached[rooms[number] + place]
            weights[ends[number] + place] = sums[rooms[number] + place]


@compiled
def _push_backward(
    pointer: Any,
    relation: Any,
    keys: Any,
    weights: Any,
    r: Any,
    epsilon: Any,
    members: Any,
    steps: Any,
    ends: Any,
    places: Any,
    gradient: Any,
    for_weights: Any,
    for_r: Any,
    first: int,
    last: int,
) -> None:
    num_entities = len(pointer) - 1
    for number in range(first, last):
        step = steps[number]
        for member in range(members[number], members[number + 1]):
            entity = keys[member] - number * num_entities
            fact, end = pointer[entity], pointer[entity + 1]
            while fact < end:
                stop = run_end(relation, fact, end)
                share = r[number, relation[fact]]
                if not share < epsilon:
                    arrived = weights[member] * 0
                    for _ in range(stop - fact):
                        arrived += gradient[ends[number] + places[step]]
                        step += 1
                    for_weights[member] += share * arrived
                    for_r[number, relation[fact]] += weights[member] * arrived
                fact = stop
