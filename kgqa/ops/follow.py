"""Follow relations from a weighted set of entities: what kgqa exists for."""

from typing import Final, overload

import torch
from torch import Tensor

from kgqa.errors import ShapeError
from kgqa.kb import KnowledgeBase
from kgqa.kb.facts import Facts
from kgqa.ops import _frontier, _fused
from kgqa.ops.entity_set import EntitySet

DENSE_FROM: Final = 0.05
"""The share of all facts that a batch must follow for one dense pass to cost less than going from member to member."""


@overload
def follow(kb: KnowledgeBase | Facts, x: Tensor, r: Tensor) -> Tensor: ...
@overload
def follow(kb: KnowledgeBase | Facts, x: EntitySet, r: Tensor) -> EntitySet: ...
def follow(kb: KnowledgeBase | Facts, x: Tensor | EntitySet, r: Tensor) -> Tensor | EntitySet:
    """Return where the relations `r` lead from the entities `x`: y[o] = Σ over facts (s, p, o) of x[s]·r[p].

    Formula 1 of the model (Cohen, Sun, Hofer, Siegler 2020, arXiv 2002.06115). Differentiable in `x` and `r`; for an
    `EntitySet` the gradient in `x` is that of its members. Exact.

    Args:
        kb: the knowledge base.
        x: weights of entities, shape (B, N_E) or an `EntitySet` of B sets; float32 or float64.
        r: weights of relations, shape (B, N_R), inverses included; of the same type.

    Returns:
        Weights of entities, of the same form and shape as `x`.

    Raises:
        ShapeError: the shapes or types do not fit the knowledge base or each other.
    """
    facts = _checked(kb, x, r)
    return follow_pruned(facts, x, r, epsilon=0.0)[0] if isinstance(x, EntitySet) else _fused.follow(facts, x, r)


def follow_pruned(kb: KnowledgeBase | Facts, x: EntitySet, r: Tensor, *, epsilon: float) -> tuple[EntitySet, Tensor]:
    """Follow only the relations whose weight is at least `epsilon`, and say how much weight that leaves out.

    Args:
        kb, x, r: as in `follow`.
        epsilon: relations of a smaller weight are not followed; with 0 all are.

    Returns:
        The set that is reached, and per set the sum of all weights that did not arrive, shape (B,): no entity misses more.

    Raises:
        ShapeError: the shapes or types do not fit the knowledge base or each other.
    """
    facts = _checked(kb, x, r)
    followed, left_out = _frontier.count(facts, x, r, epsilon)
    if int(followed.sum()) < DENSE_FROM * len(facts) * x.batch:
        return _frontier.follow(facts, x, r, followed, epsilon), left_out
    kept = r.where(~(r < epsilon), 0.0) if epsilon > 0 else r
    reached = _fused.follow(facts, x.dense(), kept)
    # An entity that is reached with a weight of 0 has a gradient; which ones those are, a dense pass does not know.
    return EntitySet.of_all(reached) if reached.requires_grad else EntitySet.of_dense(reached), left_out


def _checked(kb: KnowledgeBase | Facts, x: Tensor | EntitySet, r: Tensor) -> Facts:
    facts = kb.facts if isinstance(kb, KnowledgeBase) else kb
    shape = (x.batch, x.num_entities) if isinstance(x, EntitySet) else tuple(x.shape)
    if len(shape) != 2 or shape[1] != facts.num_entities or r.shape != (shape[0], facts.num_relations):
        raise ShapeError(
            f"follow: expected x of shape (B, {facts.num_entities}) and r of shape (B, {facts.num_relations}), "
            f"found {shape} and {tuple(r.shape)}."
        )
    kind = x.weights.dtype if isinstance(x, EntitySet) else x.dtype
    if kind != r.dtype or kind not in (torch.float32, torch.float64):
        raise ShapeError(f"follow: expected x and r both float32 or both float64, found {kind} and {r.dtype}.")
    return facts
