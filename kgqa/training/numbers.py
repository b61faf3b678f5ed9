"""Tell what can have a number that a question asks for: one that nothing can answer teaches nothing, at the highest cost."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kgqa.kb import KnowledgeBase
from kgqa.ops.value import PRECISION


class Numbers:
    """The values of all attributes of entities with a name, and how much can be counted."""

    def __init__(self, kb: KnowledgeBase) -> None:
        self._kb = kb

    def countable(self, number: float) -> bool:
        """Tell whether a set can have this size."""
        return float(number).is_integer() and 0 <= number <= self._kb.num_entities

    def having(self, number: float) -> list[int]:
        """Return the entities that have this value of some attribute."""
        values, rows = self._sorted
        near = abs(number) * PRECISION
        first = np.searchsorted(values, number - near, side="left")
        last = np.searchsorted(values, number + near, side="right")
        having: list[int] = np.unique(rows[first:last]).tolist()
        return having

    @cached_property
    def _sorted(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """All values, ascending, and whose each is; sorted when the first number asks for them: most trainings need none."""
        kept = ~self._kb.values.isnan() & self._kb.named[:, None]
        values, rows = self._kb.values[kept].double().numpy(), kept.nonzero()[:, 0].numpy()
        order = np.argsort(values, kind="stable")
        return values[order], rows[order]
