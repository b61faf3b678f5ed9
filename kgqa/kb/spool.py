"""Texts and facts that go to files as they come and are read back in another order: memory holds only what it must.

A spool is appended to, closed, and read.
"""

import hashlib
import mmap
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from kgqa.progress import Progress, silent
from kgqa.tensor_files import Stream

_PAGE: Final = 1 << 14
"""Texts that are joined before they are handed on."""

_PART: Final = 1 << 20
"""Facts whose triples are written out for the digest at once; bytes that are copied at once."""


class TextSpool:
    """Texts in UTF-8. In memory is how long each is."""

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

    def table(self, order: NDArray[np.int64]) -> tuple[NDArray[np.int64], Stream]:
        """Return the texts in this order as the two tensors of a `StringTable`: its offsets, and its blob."""
        offsets = np.zeros(len(order) + 1, dtype=np.int64)
        np.cumsum(np.diff(self._starts)[order], out=offsets[1:])
        joined = (b"".join(self._texts(page)) for page in _pages(order))
        return offsets, Stream(torch.uint8, (int(offsets[-1]),), joined)

    def _texts(self, page: NDArray[np.int64]) -> Iterator[bytes]:
        for start, end in zip(self._starts[page].tolist(), self._starts[page + 1].tolist(), strict=True):
            yield self._content[start:end]


class FactSpool:
    """Facts as three numbers each: subject, relation, object.

    Attributes:
        appended: facts that were appended, repeats included.
        pointer, total, digest: once they are in order: the pointer of `Facts`, their number in both directions, and the SHA-256
            of those in one direction, by subject, relation and object.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = open(path, "wb")
        self.appended = self.total = 0
        self.pointer: NDArray[np.int64] = np.zeros(1, dtype=np.int64)
        self.digest = hashlib.sha256()

    def append(self, triples: NDArray[np.int32]) -> None:
        """Append facts, shape (n, 3)."""
        self._file.write(np.ascontiguousarray(triples, dtype=np.int32).data)
        self.appended += len(triples)

    def close(self) -> None:
        """End the appending."""
        self._file.close()

    def order(
        self, entity_rows: NDArray[np.int32], relation_rows: NDArray[np.int32], *, progress: Progress = silent
    ) -> dict[str, Stream]:
        """Bring the facts into the order of `Facts`, both directions, each once; return its relation and object as streams.

        Args:
            entity_rows: shape (N_E,), the row of each number that the facts hold.
            relation_rows: shape (relations without inverses,), likewise.
            progress: told about every run of facts that is in order.
        """
        from kgqa.kb._order import ordered  # which imports a compiler

        self.pointer = np.zeros(len(entity_rows) + 1, dtype=np.int64)
        triples = np.memmap(self._path, dtype=np.int32, mode="r").reshape(-1, 3)
        paths = [self._path.with_suffix(f".{name}.spool") for name in ("relation", "object")]
        first, kind = 0, torch.int16
        with open(paths[0], "wb") as relation, open(paths[1], "wb") as object_:
            for run in ordered(triples, entity_rows, relation_rows):
                last = first + len(run.sizes)
                self.pointer[first + 1 : last + 1] = self.total + np.cumsum(run.sizes)
                known = self.pointer[: last + 1]  # what follows is filled later
                for start in range(0, len(run.object), _PART):
                    part = slice(start, start + _PART)
                    self._add(known, self.total + start, run.relation[part], run.object[part], len(relation_rows))
                relation.write(run.relation.data)
                object_.write(run.object.data)
                first, kind, self.total = last, torch.from_numpy(run.relation).dtype, self.total + len(run.object)
                progress("sort facts", self.total // 2, len(triples))
        return {
            "relation": Stream(kind, (self.total,), _parts(paths[0])),
            "object": Stream(torch.int32, (self.total,), _parts(paths[1])),
        }

    def _add(
        self, pointer: NDArray[np.int64], start: int, relation: NDArray[Any], object_: NDArray[np.int32], num_relations: int
    ) -> None:
        """Add facts to the digest; `pointer` goes no further than their subjects do."""
        kept = np.flatnonzero(relation < num_relations)
        subject = np.searchsorted(pointer, start + kept, side="right") - 1
        self.digest.update(np.stack([subject, relation[kept], object_[kept]], axis=1).astype("<i4").data)


def _pages(order: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(order), _PAGE):
        yield order[start : start + _PAGE]


def _parts(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while part := file.read(_PART):
            yield part
