"""Sort whole numbers in compiled loops.

Numba's own sort is a quicksort that takes quadratic time on runs that are sorted already and follow each other, which is how the
facts of several entities come: 175,000 of them took two seconds.
"""

from typing import Any, Final

import numpy as np

from kgqa.compiled import compiled

_FEW: Final = 64
"""So few numbers are sorted sooner by comparing them."""

_BITS: Final = 8


@compiled
def sort(values: Any, low: int) -> None:
    """Sort an array of int64, none negative, in place, digit by digit: the time is linear in its length.

    Args:
        values: what is sorted.
        low: so many of the lowest bits are in order already: where the others are equal, the numbers ascend.
    """
    if len(values) <= _FEW:
        values.sort()
        return
    differ = np.int64(0)
    for value in values:
        differ |= value ^ values[0]
    buffer, places = np.empty_like(values), np.empty((1 << _BITS) + 1, dtype=np.int64)
    source, target = values, buffer
    mask = (1 << _BITS) - 1
    for shift in range(low, 63, _BITS):
        if (differ >> shift) & mask == 0:
            continue
        places[:] = 0
        for value in source:
            places[((value >> shift) & mask) + 1] += 1
        for digit in range(1 << _BITS):
            places[digit + 1] += places[digit]
        for value in source:
            digit = (value >> shift) & mask
            target[places[digit]] = value
            places[digit] += 1
        source, target = target, source
    if source is not values:
        values[:] = source
