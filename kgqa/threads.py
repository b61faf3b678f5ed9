"""Keep torch to one thread where the work of a step is small."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread within the block.

    The matrices of a batch are so small that a second thread gains little; where the cores are busy, threads that wait for each
    other made training more than ten times slower (docs/decisions/0011).
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
