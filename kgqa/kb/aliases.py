"""The alias index: which entities a normalised text may name. A trie that is mapped into memory, not read."""

from array import array
from collections.abc import Iterable
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
        # Reading one number of a tensor takes ten times as long.
        self._pointer, self._entities = pointer.numpy(), entities.numpy()

    @classmethod
    def build(cls, names: Iterable[tuple[str, int]]) -> Self:
        """Build from pairs of a key and the row of an entity that it names, each pair once, the rows ascending; read twice."""
        trie = marisa_trie.Trie(key for key, _ in names)
        places, rows = array("i"), array("i")
        for key, row in names:
            places.append(trie[key])
            rows.append(row)
        owners = np.frombuffer(places, dtype=np.int32)
        pointer = np.zeros(len(trie) + 1, dtype=np.int64)
        np.cumsum(np.bincount(owners, minlength=len(trie)), out=pointer[1:])
        entities = np.frombuffer(rows, dtype=np.int32)[np.argsort(owners, kind="stable")]
        return cls(trie, torch.from_numpy(pointer), torch.from_numpy(entities))

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
