"""What a knowledge base is made of, before it is written: the one form that every source of a snapshot is brought into."""

import hashlib
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from kgqa.data import Dataset
from kgqa.graph.catalogue import Attribute, Relation, add_attributes, add_relations
from kgqa.graph.mapping import KGQA_LAYOUT, Mapping
from kgqa.text import normalise


@dataclass(kw_only=True)
class Content:
    """Entities in the order of their ids, relations in the order of theirs, facts sorted and each once.

    Attributes:
        names: None for entities that are never answers.
        aliases: texts that name each entity, its name included.
        values: shape (N_E, attributes), float64; NaN where an entity lacks the attribute.
        facts: shape (facts, 3), int32, one direction.
        repeats: facts that the source held more than once.
    """

    ids: list[str]
    names: list[str | None]
    descriptions: list[str | None]
    aliases: list[tuple[str, ...]]
    attributes: list[Attribute]
    values: NDArray[np.float64]
    relations: list[Relation]
    facts: NDArray[np.int32]
    repeats: int
    mapping: Mapping

    @classmethod
    def in_order(
        cls,
        *,
        ids: list[str],
        names: list[str | None],
        descriptions: list[str | None],
        aliases: list[tuple[str, ...]],
        attributes: list[Attribute],
        values: NDArray[np.float64],
        relations: list[Relation],
        facts: NDArray[np.int32],
        mapping: Mapping,
    ) -> Self:
        """Sort what was read in any order; `facts` name entities and relations by their places in the given lists."""
        entity_order = sorted(range(len(ids)), key=ids.__getitem__)
        relation_order = sorted(range(len(relations)), key=lambda place: relations[place].id)
        attribute_order = sorted(range(len(attributes)), key=lambda place: attributes[place].id)
        entity_rows, relation_rows = _inverse(entity_order), _inverse(relation_order)
        moved = np.stack([entity_rows[facts[:, 0]], relation_rows[facts[:, 1]], entity_rows[facts[:, 2]]], axis=1)
        unique = np.unique(moved, axis=0)
        return cls(
            ids=[ids[place] for place in entity_order],
            names=[names[place] for place in entity_order],
            descriptions=[descriptions[place] for place in entity_order],
            aliases=[aliases[place] for place in entity_order],
            attributes=[attributes[place] for place in attribute_order],
            values=values[entity_order][:, attribute_order],
            relations=[relations[place] for place in relation_order],
            facts=unique,
            repeats=len(facts) - len(unique),
            mapping=mapping,
        )

    @classmethod
    def of_dataset(cls, dataset: Dataset) -> Self:
        """Return what loading a data set into Neo4j and materialising it would give, without Neo4j."""
        attributes = add_attributes([], dataset.attribute_names())
        rows = [[entity.attributes.get(attribute.id, np.nan) for attribute in attributes] for entity in dataset.entities]
        by_id = {relation.id: relation for relation in add_relations([], dataset.relations)}
        content = cls.in_order(
            ids=[entity.id for entity in dataset.entities],
            names=[entity.name for entity in dataset.entities],
            descriptions=[entity.description for entity in dataset.entities],
            aliases=[tuple(filter(None, (entity.name, *entity.aliases))) for entity in dataset.entities],
            attributes=attributes,
            values=np.array(rows, dtype=np.float64).reshape(len(rows), len(attributes)),
            relations=[by_id[relation.id] for relation in dataset.relations],
            facts=dataset.facts,
            mapping=KGQA_LAYOUT,
        )
        content.repeats = dataset.repeats
        return content

    def alias_keys(self) -> dict[str, list[int]]:
        """Return every normalised alias with the rows of its entities, ascending."""
        keys: dict[str, list[int]] = {}
        for row, texts in enumerate(self.aliases):
            for key in dict.fromkeys(normalise(text) for text in texts):
                keys.setdefault(key, []).append(row)
        return keys

    def fingerprint(self) -> str:
        """Return the SHA-256 of everything that answers depend on, the same whatever the order of loading."""
        digest = hashlib.sha256()

        def add(title: str, parts: list[str]) -> None:
            digest.update(f"{title} {len(parts)}\n".encode())
            for part in parts:
                encoded = part.encode("utf-8")
                digest.update(len(encoded).to_bytes(8, "little"))
                digest.update(encoded)

        add("ids", self.ids)
        add("names", [f"={name}" if name is not None else "" for name in self.names])
        add("relations", [relation.id for relation in self.relations])
        add("attributes", [attribute.id for attribute in self.attributes])
        digest.update(np.ascontiguousarray(self.values, dtype="<f8").tobytes())
        digest.update(np.ascontiguousarray(self.facts, dtype="<i4").tobytes())
        keys = self.alias_keys()
        for key in sorted(keys):
            add(key, [str(row) for row in keys[key]])
        return digest.hexdigest()


def _inverse(order: list[int]) -> NDArray[np.int32]:
    rows = np.empty(len(order), dtype=np.int32)
    rows[order] = np.arange(len(order), dtype=np.int32)
    return rows
