"""Graphs of any size to measure on, drawn from a seed."""

import numpy as np
from numpy.typing import NDArray

from kgqa.kb.facts import Facts


def grid(side: int, *, further: int = 0) -> Facts:
    """Return a grid of side × side entities that lead east and south; `further` relations each with one fact.

    The graph of the reified-KB paper's measurements (arXiv 2002.06115, section 4.1).
    """
    places = np.arange(side * side, dtype=np.int32).reshape(side, side)
    east = _triples(places[:, :-1], 0, places[:, 1:])
    south = _triples(places[:-1], 1, places[1:])
    others = np.stack([np.arange(further) % side**2, 2 + np.arange(further), (np.arange(further) * 7 + 1) % side**2], axis=1)
    triples = np.concatenate([east, south, others.astype(np.int32)])
    return Facts(triples, num_entities=side * side, num_relations=2 + further)


def power_law(facts: int, *, entities: int, relations: int, seed: int = 0) -> Facts:
    """Return a graph whose degrees follow a power law, as those of real graphs do: few hubs, many entities with few facts."""
    triples = np.stack(power_law_ends(facts, entities=entities, relations=relations, seed=seed), axis=1)
    return Facts(triples, num_entities=entities, num_relations=relations)


def power_law_ends(
    facts: int, *, entities: int, relations: int, seed: int = 0
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Return subjects, relations and objects, shape (facts,) each; few facts are drawn twice.

    The rank of an entity is drawn as entities^u with u uniform between 0 and 1, mixed in equal parts with uniform ranks, so that
    every entity is likely to have a fact; relations likewise. Ranks are scattered over the numbers of the entities.
    """
    generator = np.random.default_rng(seed)
    names = generator.permutation(entities).astype(np.int32)

    def ends() -> NDArray[np.int32]:
        skewed = np.minimum(entities ** generator.random(facts, dtype=np.float32), entities - 1).astype(np.int32)
        even = generator.integers(0, entities, facts, dtype=np.int32)
        return names[np.where(generator.random(facts, dtype=np.float32) < 0.5, skewed, even)]

    kinds = np.minimum(relations ** generator.random(facts, dtype=np.float32), relations - 1).astype(np.int32)
    return ends(), kinds, ends()


def _triples(subjects: NDArray[np.int32], relation: int, objects: NDArray[np.int32]) -> NDArray[np.int32]:
    flat = subjects.ravel(), objects.ravel()
    return np.stack([flat[0], np.full_like(flat[0], relation), flat[1]], axis=1)
