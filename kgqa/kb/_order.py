"""Bring facts into the order of `Facts`: both directions, by subject, then relation, then object, each once.

The time is linear in the facts but for the sorting of each subject's own. Facts are taken a run of subjects at a time, so that
those that lie on disk need not fit in memory.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kgqa.compiled import compiled
from kgqa.sorting import sort
from kgqa.threads import divide, num_workers, spread

MOST: Final = 1 << 26
"""Facts of a run at most, inverses included, unless one subject alone has more; they take 16 bytes each."""


class Run(NamedTuple):
    """The facts of some subjects that follow each other: how many each has, and the relation and object of every fact."""

    sizes: NDArray[np.int64]
    relation: NDArray[Any]
    object: NDArray[np.int32]


def ordered(
    triples: NDArray[np.int32], entity_rows: NDArray[np.int32], relation_rows: NDArray[np.int32], *, most: int = MOST
) -> Iterator[Run]:
    """Yield the facts of all subjects, run by run.

    Args:
        triples: shape (facts, 3): the numbers of subject, relation, object; checked. They are read once for each run.
        entity_rows: shape (N_E,), the row that the entity of each number gets, a permutation.
        relation_rows: shape (relations without inverses,), likewise.
        most: facts of a run.
    """
    triples = triples.view()
    triples.flags.writeable = False  # as files are that are mapped into memory: the loops are compiled for this alone
    num_entities, num_relations = len(entity_rows), len(relation_rows)
    pointer = np.zeros(num_entities + 1, dtype=np.int64)
    _degrees(triples, entity_rows, pointer)
    np.cumsum(pointer, out=pointer)
    small = np.int16 if 2 * num_relations <= np.iinfo(np.int16).max else np.int32
    for first, last in _runs(pointer, most):
        own = pointer[first : last + 1] - pointer[first]
        packed = np.empty(own[-1], dtype=np.int64)
        _scatter(triples, entity_rows, relation_rows, first, last, own[:-1].copy(), packed)
        parts = divide(own, 4 * num_workers() if len(packed) > 1 << 16 else 1)
        sizes = np.empty(last - first, dtype=np.int64)
        spread(partial(_each, _sort, own, packed, sizes), parts)
        total = int(sizes.sum())
        run = Run(sizes, np.empty(total, dtype=small), np.empty(total, dtype=np.int32))
        spread(partial(_each, _unpack, own, packed, np.cumsum(sizes), *run), parts)
        yield run


def _runs(pointer: NDArray[np.int64], most: int) -> Iterator[tuple[int, int]]:
    """Yield runs of rows, first to last, at least one, that have at most `most` together, or are one row."""
    first, rows = 0, len(pointer) - 1
    while True:
        last = min(rows, max(first + 1, int(np.searchsorted(pointer, pointer[first] + most, side="right")) - 1))
        yield first, last
        if last == rows:
            return
        first = last


def _each(loop: Callable[..., None], *arguments: Any) -> None:
    """Call a compiled loop with the last argument, a part, spread out."""
    *others, part = arguments
    loop(*others, *part)


@compiled
def _degrees(triples: Any, entity_rows: Any, pointer: Any) -> None:
    for fact in range(len(triples)):
        pointer[entity_rows[triples[fact, 0]] + 1] += 1
        pointer[entity_rows[triples[fact, 2]] + 1] += 1


@compiled
def _scatter(triples: Any, entity_rows: Any, relation_rows: Any, first: int, last: int, free: Any, packed: Any) -> None:
    for fact in range(len(triples)):
        subject, target = entity_rows[triples[fact, 0]], entity_rows[triples[fact, 2]]
        relation = np.int64(relation_rows[triples[fact, 1]])
        if first <= subject < last:
            packed[free[subject - first]] = relation << 32 | target
            free[subject - first] += 1
        if first <= target < last:
            packed[free[target - first]] = (relation + len(relation_rows)) << 32 | subject
            free[target - first] += 1


@compiled
def _sort(pointer: Any, packed: Any, sizes: Any, first: int, last: int) -> None:
    """Sort the facts of each subject and bring those that differ to the front of its place; count these."""
    for entity in range(first, last):
        own = packed[pointer[entity] : pointer[entity + 1]]
        sort(own, 0)
        kept = 0
        for place in range(len(own)):
            if kept == 0 or own[place] != own[kept - 1]:
                own[kept] = own[place]
                kept += 1
        sizes[entity] = kept


@compiled
def _unpack(pointer: Any, packed: Any, ends: Any, sizes: Any, relation: Any, object_: Any, first: int, last: int) -> None:
    for entity in range(first, last):
        start = ends[entity] - sizes[entity]
        for place in range(sizes[entity]):
            fact = packed[pointer[entity] + place]
            relation[start + place] = fact >> 32
            object_[start + place] = fact & 0xFFFFFFFF
