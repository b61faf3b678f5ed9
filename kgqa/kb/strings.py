"""A table of texts as two tensors, so that it is mapped from disk instead of read."""

from collections.abc import Iterable, Sequence
from typing import Self, overload

import numpy as np
import torch
from torch import Tensor


class StringTable(Sequence[str]):
    """Texts in UTF-8: `blob` (bytes, uint8) and `offsets` (number of texts + 1, int64).

    >>> list(StringTable.of(["a", "é"]))
    ['a', 'é']
    """

    def __init__(self, blob: Tensor, offsets: Tensor) -> None:
        self.blob = blob
        self.offsets = offsets
        self._bytes = blob.numpy()
        self._ends = offsets.numpy()

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Build a table."""
        encoded = [text.encode("utf-8") for text in texts]
        offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(item) for item in encoded], out=offsets[1:])
        blob = np.frombuffer(b"".join(encoded), dtype=np.uint8).copy()
        return cls(torch.from_numpy(blob), torch.from_numpy(offsets))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        if isinstance(row, slice):
            return [self[place] for place in range(*row.indices(len(self)))]
        if not 0 <= row < len(self):
            raise IndexError(f"expected a row from 0 to {len(self) - 1}, found {row}")
        return self._bytes[self._ends[row] : self._ends[row + 1]].tobytes().decode("utf-8")

    def find(self, text: str) -> int | None:
        """Return the row of `text` in a table that is sorted by code points, or None."""
        low = self._first_from(text)
        return low if low < len(self) and self[low] == text else None

    def beginning_with(self, text: str) -> tuple[int, int]:
        """Return (first, end) of the rows that begin with `text`, which ends in ASCII, of a table sorted by code points."""
        return self._first_from(text), self._first_from(text[:-1] + chr(ord(text[-1]) + 1))

    def _first_from(self, text: str) -> int:
        """Return the first row that does not come before `text`."""
        wanted = text.encode("utf-8", "surrogatepass")  # UTF-8 sorts as code points do
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if bytes(self._bytes[self._ends[middle] : self._ends[middle + 1]]) < wanted:
                low = middle + 1
            else:
                high = middle
        return low
