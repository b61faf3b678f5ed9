"""A snapshot on disk: tensors, alias trie, and a manifest that is written last.

manifest.json         format, fingerprint, counts, relations, attributes, mapping, sizes of the other files
tensors.safetensors   facts as `Facts` holds them, attribute values, texts, alias rows
aliases.marisa        the alias trie
"""

from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Self

from safetensors import SafetensorError
from torch import Tensor

from kgqa.errors import DataError, MappingError, SnapshotError
from kgqa.files import read_json
from kgqa.graph.catalogue import Attribute, Relation
from kgqa.graph.mapping import Mapping
from kgqa.kb.aliases import AliasIndex
from kgqa.kb.facts import Facts
from kgqa.kb.strings import StringTable
from kgqa.tensor_files import read_tensors

FORMAT: Final = 3
MANIFEST: Final = "manifest.json"
TENSORS, TRIE = "tensors.safetensors", "aliases.marisa"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a snapshot says of itself. `repeats` counts facts that its source held more than once."""

    fingerprint: str
    entities: int
    relations: tuple[Relation, ...]
    facts: int
    aliases: int
    attributes: tuple[Attribute, ...]
    repeats: int
    mapping: Mapping
    source: str
    created: str

    def counts(self) -> dict[str, int]:
        """Return the counts that tell two snapshots apart."""
        return {
            "entities": self.entities,
            "relations": len(self.relations),
            "facts": self.facts,
            "aliases": self.aliases,
            "attributes": len(self.attributes),
        }

    def json(self, sizes: dict[str, int]) -> dict[str, Any]:
        """Return what is written; `sizes` are the other files' in bytes."""
        return {
            "format": FORMAT,
            "kgqa": version("kgqa"),
            "created": self.created,
            "source": self.source,
            "fingerprint": self.fingerprint,
            "counts": self.counts(),
            "repeats": self.repeats,
            "relations": [asdict(relation) for relation in self.relations],
            "attributes": [asdict(attribute) for attribute in self.attributes],
            "mapping": self.mapping.tables(),
            "files": sizes,
        }

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the manifest of a snapshot, and check that its files are whole.

        Raises:
            SnapshotError: there is no snapshot, it is of another format, or a file is missing or cut off.
        """
        path = folder / MANIFEST
        if not path.is_file():
            raise SnapshotError(
                f"{folder}: expected a snapshot, found no {MANIFEST} in it. Make one with `kgqa snapshot {folder}`."
            )
        try:
            value = read_json(path)
            if value["format"] != FORMAT:
                raise SnapshotError(
                    f"{folder}: expected a snapshot of format {FORMAT}, found {value['format']}. Materialise the graph again."
                )
            for name, size in value["files"].items():
                found = (folder / name).stat().st_size if (folder / name).is_file() else None
                if found != size:
                    raise SnapshotError(
                        f"{folder / name}: expected {size:,} bytes, found {'no file' if found is None else f'{found:,}'}. "
                        "Materialise the graph again."
                    )
            return cls(
                fingerprint=value["fingerprint"],
                entities=value["counts"]["entities"],
                relations=tuple(Relation(**relation) for relation in value["relations"]),
                facts=value["counts"]["facts"],
                aliases=value["counts"]["aliases"],
                attributes=tuple(Attribute(**attribute) for attribute in value["attributes"]),
                repeats=value["repeats"],
                mapping=Mapping.from_tables(value["mapping"], str(path)),
                source=value["source"],
                created=value["created"],
            )
        except (DataError, MappingError, KeyError, TypeError, AttributeError) as error:
            raise SnapshotError(f"{path}: expected a manifest, found {error}. Materialise the graph again.") from error


def read_snapshot(folder: Path) -> tuple[Manifest, dict[str, Tensor], AliasIndex]:
    """Read a snapshot.

    Raises:
        SnapshotError: it is missing, of another format, or damaged.
    """
    manifest = Manifest.read(folder)
    try:
        tensors = read_tensors(folder / TENSORS)
    except (SafetensorError, OSError) as error:
        raise SnapshotError(f"{folder / TENSORS}: could not be read: {error}. Materialise the graph again.") from error
    index = AliasIndex.load(folder / TRIE, tensors["alias_pointer"], tensors["alias_entities"])
    if len(tensors["object"]) != 2 * manifest.facts or len(tensors["pointer"]) != manifest.entities + 1:
        raise SnapshotError(f"{folder / TENSORS}: expected {manifest.facts:,} facts, found other tensors. Materialise again.")
    return manifest, tensors, index


def table_of(tensors: dict[str, Tensor], title: str) -> StringTable:
    """Return a table of texts of a snapshot."""
    return StringTable(tensors[f"{title}.blob"], tensors[f"{title}.offsets"])


def facts_of(tensors: dict[str, Tensor], manifest: Manifest) -> Facts:
    """Return the facts of a snapshot, mapped into memory."""
    graph = tensors["pointer"], tensors["relation"], tensors["object"]
    return Facts.of_order(*graph, num_relations=len(manifest.relations))
