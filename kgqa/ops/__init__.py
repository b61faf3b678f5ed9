"""Differentiable operators on weighted sets of entities. They know nothing of language or Neo4j.

A set is dense, shape (B, N_E), or an `EntitySet`, which holds only the entities whose weight is not zero.
"""

from kgqa.ops.entity_set import EntitySet
from kgqa.ops.follow import follow, follow_pruned
from kgqa.ops.relations import relations_of
from kgqa.ops.sets import exclude, intersect, mix, rescale

__all__ = ["EntitySet", "exclude", "follow", "follow_pruned", "intersect", "mix", "relations_of", "rescale"]
