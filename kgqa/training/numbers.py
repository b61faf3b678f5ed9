"""Tell whether a number can be what a question asks for: one that nothing can answer teaches nothing, at the highest cost."""

import math

import numpy as np
import torch

from kgqa.kb import KnowledgeBase
from kgqa.ops.value import PRECISION


class Numbers:
    """The values of all attributes, and how much can be counted."""

    def __init__(self, kb: KnowledgeBase) -> None:
        self._most = kb.num_entities
        self._values = torch.unique(kb.values[~kb.values.isnan()]).double().numpy()

    def possible(self, number: float) -> bool:
        """Tell whether an entity has this value, or a set can have this size."""
        if number.is_integer() and 0 <= number <= self._most:
            return True
        place = int(np.searchsorted(self._values, number))
        return any(math.isclose(number, value, rel_tol=PRECISION) for value in self._values[max(0, place - 1) : place + 1])
