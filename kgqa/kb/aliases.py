"""The alias index: which entities a normalised text may name. A trie that is mapped into memory, not read."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import marisa_trie
import numpy as np
import torch
from torch import Tensor

from kgqa.errors import SnapshotError, StorageError


class AliasIndex:
    """Keys in a trie, and for each the rows of its entities: entities[pointer[k] : pointer[k + 1]], ascending."""

    def __init__(self, trie: marisa_trie.Trie, pointer: Tensor, entities: Tensor) -> None:
        self.trie = trie
        self.pointer = pointer
        self.entities = entities
        self._pointer, self._entities = (
            pointer.numpy(),
            entities.numpy(),
        )  # reading one number of a tensor takes ten times as long

    @classmethod
    def build(cls, keys: Iterable[tuple[str, Sequence[int]]]) -> Self:
        """Build from pairs of a key and the rows of its entities, each key once."""
        entries = dict(keys)
        trie = marisa_trie.Trie(entries)
        ordered = sorted(entries, key=trie.get)
        sizes = [len(entries[key]) for key in ordered]
        pointer = np.zeros(len(ordered) + 1, dtype=np.int64)
        np.cumsum(sizes, out=pointer[1:])
        flat = [row for key in ordered for row in sorted(entries[key])]
        return cls(trie, torch.from_numpy(pointer), torch.tensor(flat, dtype=torch.int32))

    @classmethod
    def load(cls, path: Path, pointer: Tensor, entities: Tensor) -> Self:
        """Map a trie that `save` wrote.

        Raises:
            SnapshotError: the file is damaged.
        """
        trie = marisa_trie.Trie()
        try:
            trie.mmap(str(path))
        except (RuntimeError, OSError) as error:
            raise SnapshotError(f"{path}: could not be read: {error}. Materialise the graph again.") from error
        return cls(trie, pointer, entities)

    def save(self, path: Path) -> None:
        """Write the trie.

        Raises:
            StorageError: the file could not be written.
        """
        try:
            self.trie.save(str(path))
        except (RuntimeError, OSError) as error:
            raise StorageError(f"{path}: could not be written: {error}. Make room or choose another place.") from error

    def __len__(self) -> int:
        return len(self.trie)

    def candidates(self, key: str) -> list[int]:
        """Return the rows of the entities that `key` names, ascending; none if it is no alias."""
        place = self.trie.get(key)
        if place is None:
            return []
        rows: list[int] = self._entities[self._pointer[place] : self._pointer[place + 1]].tolist()
        return rows

    def prefixes(self, text: str) -> list[str]:
        """Return all keys that `text` begins with, shortest first."""
        found: list[str] = self.trie.prefixes(text)
        return found
