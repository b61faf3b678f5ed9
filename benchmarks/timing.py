"""Time calls against each other in one run: every round calls each once, so that a busy moment falls on all."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Final

import torch

Call = Callable[[], object]

QUICK: Final = 0.5
"""Seconds below which what ran before a call shows in its time."""


def medians(calls: Mapping[str, Call], *, rounds: int = 10, budget: float = 60.0, device: str = "cpu") -> dict[str, float]:
    """Return the median seconds of each call.

    Every call is measured at least `rounds` times; quick ones more often, until `budget` seconds are spent on all. A quick call
    comes right after one of its own that is not counted: what the others left of the cache and of the memory would else decide.
    Where the device is a GPU, each call is waited for.
    """
    wait: Call = torch.cuda.synchronize if device == "cuda" else lambda: None
    taken: dict[str, list[float]] = {name: [] for name in calls}
    began = time.perf_counter()
    done = 0
    while done < rounds or (time.perf_counter() - began < budget / 4 and done < 10 * rounds):
        for name, call in calls.items():
            gc.collect()
            if not taken[name] or taken[name][-1] < QUICK:
                call()
            wait()
            clock = time.perf_counter()
            call()
            wait()
            taken[name].append(time.perf_counter() - clock)
        done += 1
    return {name: statistics.median(values) for name, values in taken.items()}


def milliseconds(seconds: float) -> str:
    """Return seconds as milliseconds with as many digits as mean something."""
    value = seconds * 1000
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"
