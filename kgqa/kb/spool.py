"""Texts that go to a file as they come and are read back in another order, so that memory holds only how long each is."""

import mmap
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

_PAGE: Final = 1 << 14
"""Texts that are joined before they are handed on."""


class TextSpool:
    """Texts in UTF-8 in a file of their own. First all are appended, then they are read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = open(path, "wb")
        self._lengths = array("q")
        self._starts: NDArray[np.int64] = np.zeros(1, dtype=np.int64)
        self._content: mmap.mmap | bytes = b""

    def append(self, text: str) -> None:
        """Append a text."""
        encoded = text.encode()
        self._file.write(encoded)
        self._lengths.append(len(encoded))

    def close(self) -> None:
        """End the appending."""
        if self._file.closed:
            return
        self._file.close()
        self._starts = np.zeros(len(self._lengths) + 1, dtype=np.int64)
        np.cumsum(self._lengths, out=self._starts[1:])
        if self._starts[-1]:  # an empty file cannot be mapped
            with open(self._path, "rb") as file:
                self._content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        return len(self._lengths)

    def read(self, order: NDArray[np.int64]) -> Iterator[bytes]:
        """Yield the texts with these numbers, in this order."""
        for page in _pages(order):
            yield from self._texts(page)

    def joined(self, order: NDArray[np.int64]) -> Iterator[bytes]:
        """Yield all that `read` does, many texts joined at a time."""
        for page in _pages(order):
            yield b"".join(self._texts(page))

    def offsets(self, order: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where each text begins when they are joined in this order, and where the last ends."""
        offsets = np.zeros(len(order) + 1, dtype=np.int64)
        np.cumsum(np.diff(self._starts)[order], out=offsets[1:])
        return offsets

    def _texts(self, page: NDArray[np.int64]) -> Iterator[bytes]:
        for start, end in zip(self._starts[page].tolist(), self._starts[page + 1].tolist(), strict=True):
            yield self._content[start:end]


def _pages(order: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(order), _PAGE):
        yield order[start : start + _PAGE]
