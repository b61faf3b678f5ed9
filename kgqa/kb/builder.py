"""Build a snapshot from entities and facts as they come, whatever their order and whatever their source.

What grows with the facts and with the lengths of texts goes to files in the draft of the snapshot: memory holds about
150 bytes an entity, and a bounded number of facts at a time.
"""

import datetime
import hashlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from operator import lt
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kgqa.files import new_folder, write_json
from kgqa.graph.catalogue import Attribute, Relation
from kgqa.graph.mapping import Mapping as GraphMapping
from kgqa.kb.aliases import AliasIndex
from kgqa.kb.snapshot import MANIFEST, TENSORS, TRIE, Manifest
from kgqa.kb.spool import FactSpool, TextSpool
from kgqa.progress import Progress, silent
from kgqa.tensor_files import Stream, write_streams
from kgqa.text import normalise

_TEXTS: Final = ("ids", "names", "descriptions", "keys")


@contextmanager
def new_snapshot(folder: Path) -> Iterator["SnapshotBuilder"]:
    """Yield a builder whose snapshot takes its place at `folder` when the block ends without an error; else nothing is left.

    Raises:
        StorageError: `folder` holds something else, or could not be written.
    """
    with new_folder(folder, marker=MANIFEST) as draft, closing(SnapshotBuilder(draft)) as builder:
        yield builder


class SnapshotBuilder:
    """Collects a graph in a folder that becomes its snapshot.

    Entities are numbered in the order in which they are added; `write` sorts them by id, and relations and attributes by theirs.
    """

    def __init__(self, draft: Path) -> None:
        self._draft = draft
        self._texts = {title: TextSpool(draft / f"{title}.spool") for title in _TEXTS}
        self._named = array("b")
        self._values: dict[str, tuple[array[int], array[float]]] = {}
        self._facts = FactSpool(draft / "facts.spool")

    @property
    def num_entities(self) -> int:
        """Return the number of entities that were added."""
        return len(self._named)

    @property
    def num_facts(self) -> int:
        """Return the number of facts that were added, repeats included."""
        return self._facts.appended

    def add_entity(
        self, *, id: str, name: str | None, description: str | None, aliases: Iterable[str], attributes: Mapping[str, float]
    ) -> None:
        """Add an entity.

        Args:
            id: its id, each once.
            name: None if it is never an answer.
            description: a text about it.
            aliases: what names it, its name included.
            attributes: numbers by the ids of their attributes.
        """
        number = len(self._named)
        keys = sorted({normalise(alias) for alias in aliases} - {""})
        for title, text in zip(_TEXTS, (id, name or "", description or "", _lines(keys)), strict=True):
            self._texts[title].append(text)
        self._named.append(name is not None)
        for attribute, value in attributes.items():
            owners, values = self._values.setdefault(attribute, (array("i"), array("d")))
            owners.append(number)
            values.append(value)

    def add_facts(self, triples: NDArray[np.int32]) -> None:
        """Add facts, shape (n, 3): the numbers of subject and object, and the relation's place in the list that `write` gets."""
        self._facts.append(triples)

    def close(self) -> None:
        """End the adding."""
        self._facts.close()
        for spool in self._texts.values():
            spool.close()

    def write(
        self,
        *,
        relations: Sequence[Relation],
        attributes: Sequence[Attribute],
        mapping: GraphMapping,
        source: str,
        progress: Progress = silent,
    ) -> Manifest:
        """Turn the draft into a snapshot; there must be an entity and a fact.

        Raises:
            OSError: a file could not be written.
            StorageError: the same.
        """
        self.close()
        order = _order(self._texts["ids"])
        relation_order = np.array(sorted(range(len(relations)), key=lambda place: relations[place].id), dtype=np.int64)
        in_order = tuple(relations[place] for place in relation_order.tolist())
        attributes = sorted(attributes, key=lambda attribute: attribute.id)
        values = self._dense_values(attributes, order)
        streams = self._facts.order(_inverse(order), _inverse(relation_order), progress=progress)
        progress("index aliases", 0, None)
        index = AliasIndex.build(_Aliases(self._texts["keys"], order))
        index.save(self._draft / TRIE)
        arrays: dict[str, NDArray[Any]] = {
            "pointer": self._facts.pointer,
            "values": values,
            "named": np.frombuffer(self._named, dtype=np.bool_)[order],
            "alias_pointer": index.pointer.numpy(),
            "alias_entities": index.entities.numpy(),
        }
        for title in ("ids", "names", "descriptions"):
            arrays[f"{title}.offsets"], streams[f"{title}.blob"] = self._texts[title].table(order)
        write_streams(self._draft / TENSORS, streams | {name: Stream.of(array) for name, array in arrays.items()})
        manifest = Manifest(
            fingerprint=_digest(
                self._digest_of_entities(order),
                # By their names a model knows relations and attributes; what they are stored as in the graph it never sees.
                _digest(*(text.encode() for one in in_order for text in (one.id, one.name, one.inverse_name or ""))),
                _digest(*(text.encode() for one in attributes for text in (one.id, one.name))),
                values.data,
                self._facts.digest.digest(),
            ).hex(),
            entities=len(order),
            relations=in_order,
            facts=self._facts.total // 2,
            aliases=len(index),
            attributes=tuple(attributes),
            repeats=self._facts.appended - self._facts.total // 2,
            mapping=mapping,
            source=source,
            created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        )
        for path in self._draft.glob("*.spool"):
            path.unlink()
        sizes = {name: (self._draft / name).stat().st_size for name in (TENSORS, TRIE)}
        write_json(self._draft / MANIFEST, manifest.json(sizes))
        return manifest

    def _dense_values(self, attributes: Sequence[Attribute], order: NDArray[np.int64]) -> NDArray[np.float64]:
        dense, rows = np.full((len(order), len(attributes)), np.nan, dtype="<f8"), _inverse(order)
        for column, attribute in enumerate(attributes):
            owners, values = self._values.get(attribute.id, (array("i"), array("d")))
            dense[rows[np.frombuffer(owners, dtype=np.int32)], column] = np.frombuffer(values)
        return dense

    def _digest_of_entities(self, order: NDArray[np.int64]) -> bytes:
        """Return the digest of ids, names and aliases; which entities have no name is a part of it."""
        digest = hashlib.sha256()
        named = np.frombuffer(self._named, dtype=np.bool_)[order].tolist()
        for is_named, *texts in zip(named, *(self._texts[title].read(order) for title in ("ids", "names", "keys")), strict=True):
            digest.update(_framed([b"named" if is_named else b"", *texts]))
        return digest.digest()


class _Aliases:
    """Every alias key with the row of its entity, row by row; may be read several times."""

    def __init__(self, keys: TextSpool, order: NDArray[np.int64]) -> None:
        self._keys, self._order = keys, order

    def __iter__(self) -> Iterator[tuple[str, int]]:
        for row, lines in enumerate(self._keys.read(self._order)):
            for key in lines.decode().split("\n")[:-1]:
                yield key, row


def _lines(keys: Iterable[str]) -> str:
    return "".join(f"{key}\n" for key in keys)  # a key has no line end: normalising folds white space


def _order(ids: TextSpool) -> NDArray[np.int64]:
    """Return the numbers of the entities in the order of their ids; UTF-8 sorts as code points do."""
    numbers = np.arange(len(ids))
    texts = list(ids.read(numbers))
    if all(map(lt, texts, islice(texts, 1, None))):
        return numbers
    return np.array(sorted(range(len(texts)), key=texts.__getitem__), dtype=np.int64)


def _inverse(order: NDArray[np.int64]) -> NDArray[np.int32]:
    rows = np.empty(len(order), dtype=np.int32)
    rows[order] = np.arange(len(order), dtype=np.int32)
    return rows


def _framed(parts: Iterable[bytes]) -> bytes:
    """Join parts with their lengths, so that no two lists of parts become the same."""
    return b"".join(len(part).to_bytes(8, "little") + part for part in parts)


def _digest(*parts: bytes | memoryview) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(memoryview(part).nbytes.to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()
