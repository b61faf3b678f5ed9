"""Tell what can have a number that a question asks for: one that nothing can answer teaches nothing, at the highest cost."""

import numpy as np

from kgqa.kb import KnowledgeBase
from kgqa.ops.value import PRECISION


class Numbers:
    """The values of all attributes of entities with a name, in ascending order, and how much can be counted."""

    def __init__(self, kb: KnowledgeBase) -> None:
        self._most = kb.num_entities
        kept = ~kb.values.isnan() & kb.named[:, None]
        values, rows = kb.values[kept].double().numpy(), kept.nonzero()[:, 0].numpy()
        order = np.argsort(values, kind="stable")
        self._values, self._rows = values[order], rows[order]

    def countable(self, number: float) -> bool:
        """Tell whether a set can have this size."""
        return float(number).is_integer() and 0 <= number <= self._most

    def having(self, number: float) -> list[int]:
        """Return the entities that have this value of some attribute."""
        near = abs(number) * PRECISION
        first = np.searchsorted(self._values, number - near, side="left")
        last = np.searchsorted(self._values, number + near, side="right")
        rows: list[int] = np.unique(self._rows[first:last]).tolist()
        return rows
