"""A knowledge base in memory: what the operators and the model work on."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgqa.errors import ShapeError
from kgqa.graph.catalogue import Attribute, Relation
from kgqa.graph.mapping import KGQA_LAYOUT, Mapping
from kgqa.kb.aliases import AliasIndex
from kgqa.kb.facts import Facts
from kgqa.kb.snapshot import facts_of, read_snapshot, table_of
from kgqa.kb.strings import StringTable

if TYPE_CHECKING:
    from torch_geometric.data import Data


class KnowledgeBase:
    """Entities, relations and facts, numbered; and which texts name which entities.

    Entities are rows 0 to N_E - 1, relations 0 to N_R - 1, of which the second half are the inverses of the first.

    Attributes:
        facts: the facts in both directions.
        ids, names, descriptions: texts of the entities, shape (N_E,); the name of an unnamed entity is "".
        named: shape (N_E,), bool; entities without a name are never answers.
        values: shape (N_E, attributes), float64; NaN where an entity lacks the attribute.
        aliases: the alias index.
        relations: the relations without their inverses.
        path: the snapshot's folder, None if it was made in memory.
    """

    def __init__(
        self,
        *,
        facts: Facts,
        ids: StringTable,
        names: StringTable,
        descriptions: StringTable,
        named: Tensor,
        values: Tensor,
        aliases: AliasIndex,
        relations: tuple[Relation, ...],
        attributes: tuple[Attribute, ...],
        mapping: Mapping,
        fingerprint: str,
        counts: dict[str, int],
        path: Path | None = None,
    ) -> None:
        self.facts = facts
        self.ids = ids
        self.names = names
        self.descriptions = descriptions
        self.named = named
        self._named = named.numpy()  # reading one item of a tensor takes ten times as long
        self.values = values
        self.aliases = aliases
        self.relations = relations
        self.attributes = attributes
        self.mapping = mapping
        self.fingerprint = fingerprint
        self.counts = counts
        self.path = path

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Load a snapshot.

        Raises:
            SnapshotError: it is missing, of another format, or damaged.
        """
        folder = Path(path)
        manifest, tensors, aliases = read_snapshot(folder)
        return cls(
            facts=facts_of(tensors, manifest),
            ids=table_of(tensors, "ids"),
            names=table_of(tensors, "names"),
            descriptions=table_of(tensors, "descriptions"),
            named=tensors["named"],
            values=tensors["values"],
            aliases=aliases,
            relations=manifest.relations,
            attributes=manifest.attributes,
            mapping=manifest.mapping,
            fingerprint=manifest.fingerprint,
            counts=manifest.counts(),
            path=folder,
        )

    @classmethod
    def from_facts(cls, subjects: Tensor, relations: Tensor, objects: Tensor, *, num_entities: int, num_relations: int) -> Self:
        """Build a knowledge base from numbered facts, for work on the operators; entities have numbers as ids and names.

        >>> zero, one = torch.tensor([0]), torch.tensor([1])
        >>> kb = KnowledgeBase.from_facts(zero, zero, one, num_entities=2, num_relations=1)
        >>> kb.num_relations
        2

        Args:
            subjects, relations, objects: shape (facts,), whole numbers; repeats are read once.
            num_entities: N_E.
            num_relations: how many relations there are without inverses.

        Raises:
            ShapeError: the shapes differ, or an id is out of range.
        """
        if not subjects.shape == relations.shape == objects.shape or subjects.dim() != 1:
            shapes = [tuple(tensor.shape) for tensor in (subjects, relations, objects)]
            raise ShapeError(f"facts: expected three tensors of one length, found {shapes}.")
        given = torch.stack([subjects, relations, objects], dim=1).numpy()
        triples = given.astype(np.int32)
        if (triples != given).any():
            raise ShapeError(
                "facts: expected whole numbers that fit in int32, found others. Number entities and relations from 0."
            )
        facts = Facts(triples, num_entities=num_entities, num_relations=num_relations)
        width = len(str(max(num_entities, num_relations)))
        numbers = [f"{row:0{width}}" for row in range(num_entities)]
        table = StringTable.of(numbers)
        return cls(
            facts=facts,
            ids=table,
            names=table,
            descriptions=StringTable.of([""] * num_entities),
            named=torch.ones(num_entities, dtype=torch.bool),
            values=torch.empty(num_entities, 0, dtype=torch.float64),
            aliases=AliasIndex.build([(number, row) for row, number in enumerate(numbers)]),
            relations=tuple(
                Relation(id=f"{place:0{width}}", type=f"R{place}", name=f"relation {place}") for place in range(num_relations)
            ),
            attributes=(),
            mapping=KGQA_LAYOUT,
            fingerprint="in memory",
            counts={"entities": num_entities, "relations": num_relations, "facts": len(facts) // 2},
        )

    @property
    def num_entities(self) -> int:
        """N_E."""
        return self.facts.num_entities

    @property
    def num_relations(self) -> int:
        """N_R, inverses included."""
        return self.facts.num_relations

    def row(self, entity: str) -> int | None:
        """Return the row of the entity with this id, or None."""
        return self.ids.find(entity)

    @cached_property
    def all_named(self) -> bool:
        """Tell whether every entity has a name."""
        return bool(self.named.all())

    def name(self, row: int) -> str:
        """Return what to call an entity: its name, or its id if it has none."""
        return self.names[row] if self._named[row] else self.ids[row]

    def kinds(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the place in the mapping of the kind of node that each entity is, shape of `rows`."""
        kinds = np.zeros(len(rows), dtype=np.int64)
        for low, high, place in self._kinds:
            kinds[(rows >= low) & (rows < high)] = place
        return kinds

    @cached_property
    def _kinds(self) -> list[tuple[int, int, int]]:
        """The rows (first, end) of each mapped label, whose ids begin with it; longer labels come later."""
        nodes = self.mapping.nodes
        longer = sorted(range(len(nodes)), key=lambda place: len(nodes[place].label)) if len(nodes) > 1 else []
        return [(*self.ids.beginning_with(f"{nodes[place].label}:"), place) for place in longer]

    def stored(self, relation: int) -> tuple[Relation, bool]:
        """Return the relation that facts are stored with, and whether it is walked from subject to object."""
        half = len(self.relations)
        return self.relations[relation % half], relation < half

    def relation_name(self, relation: int) -> str:
        """Return what to call a relation, inverses included."""
        stored, forward = self.stored(relation)
        return stored.name if forward else stored.inverse_name or f"{stored.name} (inverse)"

    def to_pyg(self) -> "Data":
        """Return the graph as PyG's `Data`, inverses included.

        It has `edge_index` (2, N_T), `edge_type` (N_T,), `num_nodes` and `entity_values` (N_E, attributes).
        """
        from torch_geometric.data import Data

        edges = torch.stack([self.facts.subject, self.facts.object]).long()
        return Data(
            edge_index=edges,
            edge_type=self.facts.relation.long(),
            num_nodes=self.num_entities,
            entity_values=self.values,  # PyG's Data has a method named values
        )
