"""Choose a few of many so that each of the many has one like it among the few (facility location)."""

import heapq

import numpy as np
from numpy.typing import NDArray


def cover(alike: NDArray[np.float32], weights: NDArray[np.float32], number: int) -> list[int]:
    """Return which of W are chosen, in the order in which they are, so that the first of them are what fewer would be.

    Of a set S, sum_w weights[w] max_{s in S} alike[w, s] tells how well it stands for all. The one that adds most is taken each
    time, of equal ones the first; that reaches 1 - 1/e of the best set of its size (Nemhauser, Wolsey and Fisher, 1978). What
    one would add only falls as others are taken, so it is looked at again only where it may still be the most (Minoux, 1978).

    Args:
        alike: how well each stands for each, [W, W], from 0 to 1.
        weights: how much each of them counts, [W].
        number: how many to choose; all if there are no more.
    """
    best = np.zeros(len(weights), dtype=np.float32)
    waiting = [(-gain, place) for place, gain in enumerate((weights @ alike).tolist())]
    heapq.heapify(waiting)
    chosen: list[int] = []
    while waiting and len(chosen) < number:
        _, place = heapq.heappop(waiting)
        now = (-float(weights @ np.maximum(alike[:, place] - best, 0)), place)
        if waiting and now > waiting[0]:
            heapq.heappush(waiting, now)
            continue
        chosen.append(place)
        best = np.maximum(best, alike[:, place])
    return chosen
