"""Differentiable operators on weighted sets of entities. They know nothing of language or Neo4j.

A set is dense, shape (B, N_E), or an `EntitySet`, which holds only its members.
"""

from kgqa.ops.aggregates import count, extreme
from kgqa.ops.entity_set import EntitySet
from kgqa.ops.follow import follow, follow_pruned
from kgqa.ops.having import having
from kgqa.ops.relations import facts_along, relations_of, relations_together
from kgqa.ops.sets import difference, exclude, intersect, mix, rescale, union
from kgqa.ops.value import has_value

__all__ = [
    "EntitySet",
    "count",
    "difference",
    "exclude",
    "extreme",
    "facts_along",
    "follow",
    "follow_pruned",
    "has_value",
    "having",
    "intersect",
    "mix",
    "relations_of",
    "relations_together",
    "rescale",
    "union",
]
