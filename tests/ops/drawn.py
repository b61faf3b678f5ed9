"""Graphs and weighted sets that Hypothesis draws: self-loops, parallel facts, hubs and entities without facts among them."""

from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from kgqa.kb.facts import Facts
from kgqa.ops import EntitySet

WEIGHTS = (0.0, 0.0, 0.25, 0.5, 1.0, 1.75)


@dataclass(frozen=True)
class World:
    """Facts, weights of entities (B, N_E) and of relations (B, N_R), and an upstream gradient of shape (B, N_E)."""

    facts: Facts
    x: Tensor
    r: Tensor
    upstream: Tensor


@st.composite
def worlds(draw: st.DrawFn, *, max_entities: int = 6) -> World:
    num_entities = draw(st.integers(1, max_entities))
    num_relations = draw(st.integers(1, 3))
    entity = st.integers(0, num_entities - 1)
    triples = draw(st.lists(st.tuples(entity, st.integers(0, num_relations - 1), entity), min_size=1, max_size=15))
    batch = draw(st.integers(1, 3))
    facts = Facts.of(triples, num_entities=num_entities, num_relations=num_relations)
    return World(
        facts=facts,
        x=draw(weights(batch, num_entities)),
        r=draw(weights(batch, facts.num_relations)),
        upstream=draw(weights(batch, num_entities, values=(-1.0, 0.5, 2.0))),
    )


@st.composite
def weights(draw: st.DrawFn, rows: int, columns: int, values: tuple[float, ...] = WEIGHTS) -> Tensor:
    row = st.lists(st.sampled_from(values), min_size=columns, max_size=columns)
    drawn = draw(st.lists(row, min_size=rows, max_size=rows))
    return torch.tensor(drawn, dtype=torch.float64).reshape(rows, columns)


def leaf(tensor: Tensor) -> Tensor:
    """Return a copy that collects its gradient."""
    return tensor.detach().clone().requires_grad_()


def gradients(result: Tensor | EntitySet, upstream: Tensor, *leaves: Tensor) -> list[Tensor]:
    """Return the gradients of (result · upstream) in the leaves, zeros where a leaf has no part in the result."""
    dense = result.dense() if isinstance(result, EntitySet) else result
    total = (dense * upstream).sum()
    if not total.requires_grad:
        return [torch.zeros_like(item) for item in leaves]
    found: tuple[Any, ...] = torch.autograd.grad(total, leaves, allow_unused=True)
    return [torch.zeros_like(item) if part is None else part for item, part in zip(leaves, found, strict=True)]
