"""Which work is done on how many threads: torch's small matrices on one, the loops over a graph's facts on all."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from kgqa.errors import ConfigError

Part = TypeVar("Part")
Result = TypeVar("Result")


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread within the block.

    The matrices of a batch are so small that a second thread gains little; where the cores are busy, threads that wait for each
    other made training more than ten times slower (docs/decisions/0011).
    """
    with _threads(1):
        yield


@contextmanager
def all_threads() -> Iterator[None]:
    """Let torch use `num_workers()` threads within the block: large matrices gain from them."""
    with _threads(num_workers()):
        yield


@contextmanager
def _threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@cache
def num_workers() -> int:
    """Return how many threads share the loops over facts: `KGQA_THREADS`, else as many as this process has cores.

    Raises:
        ConfigError: `KGQA_THREADS` is no number from 1 upwards.
    """
    chosen = os.environ.get("KGQA_THREADS")
    if chosen is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not chosen.isdecimal() or int(chosen) < 1:
        raise ConfigError(f"KGQA_THREADS: expected a number from 1 upwards, found {chosen!r}. Change it and run again.")
    return int(chosen)


def spread(work: Callable[[Part], Result], parts: Sequence[Part]) -> list[Result]:
    """Do `work` on each part, several at a time, and return the results in the order of the parts.

    The thread that asks works too, and a free one takes the next part, so that a core which other programs use holds nobody up.
    `work` must release Python's lock, as compiled loops do.

    Raises:
        Exception: what `work` raised on one of the parts, once no thread is at work any more.
    """
    helpers = min(num_workers(), len(parts)) - 1
    if helpers < 1:
        return [work(part) for part in parts]
    results: dict[int, Result] = {}
    waiting = iter(range(len(parts)))  # whose next number goes to one thread only

    def take() -> None:
        for number in waiting:
            results[number] = work(parts[number])

    helping = [_pool().submit(take) for _ in range(helpers)]
    try:
        take()
    finally:
        # Those that did not begin would find nothing left to do; the others are waited for.
        errors = [helper.exception() for helper in helping if not helper.cancel()]
    for error in errors:
        if error is not None:
            raise error
    return [results[number] for number in range(len(parts))]


def divide(pointer: NDArray[np.int64], number: int) -> list[tuple[int, int]]:
    """Cut the rows of `pointer`, shape (rows + 1,), into at most `number` runs, in order, with about the same length in all."""
    inside = np.searchsorted(pointer, np.arange(1, number) * (int(pointer[-1]) // number)).tolist()
    return [(first, last) for first, last in pairwise([0, *inside, len(pointer) - 1]) if first < last]


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(num_workers(), thread_name_prefix="kgqa")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not survive a fork
