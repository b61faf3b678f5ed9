"""Facts of one entity and relation lie together; compiled loops that step over such a run without reading all of it."""

from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgqa.compiled import compiled

_FEW: Final = 8
"""Relations of a set that are rather searched for among those of each member than compared with all of them."""


@compiled
def run_end(relation: Any, start: int, end: int) -> int:
    """Return the first place after `start` with another relation, `end` if there is none; relations ascend."""
    wanted = relation[start]
    low, step = start, 1
    while low + step < end and relation[low + step] == wanted:
        low += step
        step *= 2
    high = min(low + step, end)
    while high - low > 1:
        middle = (low + high) // 2
        if relation[middle] == wanted:
            low = middle
        else:
            high = middle
    return high


def relations_of(pointer: Tensor, relation: Tensor, entities: Tensor) -> tuple[Tensor, Tensor]:
    """Return each relation of each entity once, as `kgqa.ops.relations_of` does."""
    arrays = pointer.numpy(), relation.numpy(), entities.numpy()
    sizes = np.zeros(len(entities), dtype=np.int64)
    _relations(*arrays, sizes, np.empty(0, dtype=np.int64), False)
    found = np.empty(sizes.sum(), dtype=np.int64)
    _relations(*arrays, sizes, found, True)
    return torch.repeat_interleave(torch.from_numpy(sizes)), torch.from_numpy(found)


def facts_along(pointer: Tensor, relation: Tensor, entities: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Return the facts of each entity whose relation is chosen, as `kgqa.ops.facts_along` does."""
    owner, fact = arrays_along(pointer.numpy(), relation.numpy(), entities.numpy(), chosen.numpy())
    return torch.from_numpy(owner), torch.from_numpy(fact)


def arrays_along(
    pointer: NDArray[np.int64], relation: NDArray[Any], entities: NDArray[np.int64], chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return what `facts_along` does, for arrays."""
    sizes = np.zeros(len(entities), dtype=np.int64)
    _along(pointer, relation, entities, chosen, sizes, sizes[:0], False)
    found = np.empty(sizes.sum(), dtype=np.int64)
    _along(pointer, relation, entities, chosen, sizes, found, True)
    return np.repeat(np.arange(len(entities)), sizes), found


@compiled
def _along(pointer: Any, relation: Any, entities: Any, chosen: Any, sizes: Any, found: Any, written: bool) -> None:
    total = 0
    for member in range(len(entities)):
        fact, end = pointer[entities[member]], pointer[entities[member] + 1]
        before = total
        while fact < end:
            stop = run_end(relation, fact, end)
            if chosen[relation[fact]]:
                if written:
                    for place in range(fact, stop):
                        found[total + place - fact] = place
                total += stop - fact
            fact = stop
        sizes[member] = total - before


@compiled
def _relations(pointer: Any, relation: Any, entities: Any, sizes: Any, found: Any, written: bool) -> None:
    total = 0
    for member in range(len(entities)):
        fact, end = pointer[entities[member]], pointer[entities[member] + 1]
        before = total
        while fact < end:
            if written:
                found[total] = relation[fact]
            total += 1
            fact = run_end(relation, fact, end)
        sizes[member] = total - before


def having(pointer: Tensor, relation: Tensor, keys: Tensor, wanted: Tensor) -> Tensor:
    """Return the weight of the relations of each member, as `kgqa.ops.having` does."""
    arrays, batch, num_entities = (pointer.numpy(), relation.numpy()), len(wanted), len(pointer) - 1
    if _are_dense(len(keys), batch, num_entities):
        by_entity = np.zeros((num_entities, batch), dtype=wanted.numpy().dtype)
        _having_of_all(*arrays, np.ascontiguousarray(wanted.numpy().T), by_entity, False)
        return torch.from_numpy(by_entity.T.reshape(-1)[keys.numpy()])
    by_relation = wanted.contiguous().numpy()
    found = np.zeros(len(keys), dtype=by_relation.dtype)
    if np.count_nonzero(by_relation) <= _FEW * batch:
        sets, at = np.nonzero(by_relation)
        first = np.searchsorted(sets, np.arange(batch + 1))
        _having_some(*arrays, keys.numpy(), by_relation, first, at, found)
    else:
        _having(*arrays, keys.numpy(), by_relation, found, False)
    return torch.from_numpy(found)


def having_backward(pointer: Tensor, relation: Tensor, keys: Tensor, gradient: Tensor, batch: int, num_relations: int) -> Tensor:
    """Return the gradient of `having` in the weights of the relations, shape (B, N_R)."""
    arrays, num_entities = (pointer.numpy(), relation.numpy()), len(pointer) - 1
    arrived = gradient.contiguous().numpy()
    if _are_dense(len(keys), batch, num_entities):
        by_set = np.zeros((batch, num_entities), dtype=arrived.dtype)
        by_set.reshape(-1)[keys.numpy()] = arrived
        by_relation = np.zeros((num_relations, batch), dtype=arrived.dtype)
        _having_of_all(*arrays, by_relation, np.ascontiguousarray(by_set.T), True)
        return torch.from_numpy(np.ascontiguousarray(by_relation.T))
    for_wanted = np.zeros((batch, num_relations), dtype=arrived.dtype)
    _having(*arrays, keys.numpy(), for_wanted, arrived, True)
    return torch.from_numpy(for_wanted)


def _are_dense(members: int, batch: int, num_entities: int) -> bool:
    """Tell whether the members repeat so many entities that to look at all of them once is less work, in no more memory."""
    return 4 * members >= max(4, batch) * num_entities


@compiled
def _having_some(pointer: Any, relation: Any, keys: Any, by_relation: Any, first: Any, at: Any, by_member: Any) -> None:
    """Do as `_having`, forward: the few relations that count in a set, `at[first[number] : first[number + 1]]`, are searched for.

    The same sums in the same order. A member with many relations is not walked through.
    """
    num_entities = len(pointer) - 1
    for member in range(len(keys)):
        number, entity = keys[member] // num_entities, keys[member] % num_entities
        low, end = pointer[entity], pointer[entity + 1]
        for place in range(first[number], first[number + 1]):
            wanted, high = at[place], end
            while low < high:
                middle = (low + high) // 2
                if relation[middle] < wanted:
                    low = middle + 1
                else:
                    high = middle
            if low < end and relation[low] == wanted:
                by_member[member] += by_relation[number, wanted]


@compiled
def _having_of_all(pointer: Any, relation: Any, by_relation: Any, by_entity: Any, backward: bool) -> None:
    """Do as `_having` for all entities of all sets, shapes (N_R, B) and (N_E, B): the same sums in the same order.

    An entity's relations are looked for once, not in each set again.
    """
    for entity in range(len(by_entity)):
        fact, end = pointer[entity], pointer[entity + 1]
        while fact < end:
            at = relation[fact]
            for number in range(by_entity.shape[1]):
                if backward:
                    by_relation[at, number] += by_entity[entity, number]
                else:
                    by_entity[entity, number] += by_relation[at, number]
            fact = run_end(relation, fact, end)


@compiled
def _having(pointer: Any, relation: Any, keys: Any, by_relation: Any, by_member: Any, backward: bool) -> None:
    """Add what stands at the relations of a member to what stands at the member; the other way round if `backward`."""
    num_entities = len(pointer) - 1
    for member in range(len(keys)):
        number, entity = keys[member] // num_entities, keys[member] % num_entities
        fact, end = pointer[entity], pointer[entity + 1]
        while fact < end:
            if backward:
                by_relation[number, relation[fact]] += by_member[member]
            else:
                by_member[member] += by_relation[number, relation[fact]]
            fact = run_end(relation, fact, end)


def relations_together(pointer: Tensor, relation: Tensor, num_relations: int) -> Tensor:
    """Return which two relations some entity has both of, as `kgqa.ops.relations_together` does."""
    together = np.zeros((num_relations, num_relations), dtype=np.bool_)
    _together(pointer.numpy(), relation.numpy(), together)
    return torch.from_numpy(together)


@compiled
def _together(pointer: Any, relation: Any, together: Any) -> None:
    own = np.empty(len(together), dtype=np.int64)
    for entity in range(len(pointer) - 1):
        fact, end = pointer[entity], pointer[entity + 1]
        size = 0
        while fact < end:
            own[size] = relation[fact]
            size += 1
            fact = run_end(relation, fact, end)
        for one in own[:size]:
            for other in own[:size]:
                together[one, other] = True
