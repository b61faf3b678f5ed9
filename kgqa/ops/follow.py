"""Follow relations from a weighted set of entities: what kgqa exists for."""

from typing import overload

from torch import Tensor

from kgqa.errors import ShapeError
from kgqa.kb import KnowledgeBase
from kgqa.kb.facts import Facts
from kgqa.ops import _frontier, _gather
from kgqa.ops.entity_set import EntitySet


@overload
def follow(kb: KnowledgeBase | Facts, x: Tensor, r: Tensor, *, epsilon: float = 0.0) -> Tensor: ...
@overload
def follow(kb: KnowledgeBase | Facts, x: EntitySet, r: Tensor, *, epsilon: float = 0.0) -> EntitySet: ...
def follow(kb: KnowledgeBase | Facts, x: Tensor | EntitySet, r: Tensor, *, epsilon: float = 0.0) -> Tensor | EntitySet:
    """Return where the relations `r` lead from the entities `x`: y[o] = Σ over facts (s, p, o) of x[s]·r[p].

    Formula 1 of the model (Cohen, Sun, Hofer, Siegler 2020, arXiv 2002.06115). Differentiable in `x` and `r`; for an
    `EntitySet` the gradient in `x` is that of its members.

    Args:
        kb: the knowledge base.
        x: weights of entities, shape (B, N_E) or an `EntitySet` of B sets.
        r: weights of relations, shape (B, N_R), inverses included.
        epsilon: relations of a smaller weight are not followed; 0 is exact. Sparse sets only.

    Returns:
        Weights of entities, of the same form and shape as `x`.

    Raises:
        ShapeError: the shapes do not fit the knowledge base or each other.
    """
    facts = kb.facts if isinstance(kb, KnowledgeBase) else kb
    batch, width = (x.batch, x.num_entities) if isinstance(x, EntitySet) else tuple(x.shape) if x.dim() == 2 else (None, None)
    if width != facts.num_entities or r.shape != (batch, facts.num_relations):
        found = f"({batch}, {width})" if width is not None else str(tuple(x.shape))  # type: ignore[union-attr]
        raise ShapeError(
            f"follow: expected x of shape (B, {facts.num_entities}) and r of shape (B, {facts.num_relations}), "
            f"found {found} and {tuple(r.shape)}."
        )
    if isinstance(x, EntitySet):
        return _frontier.follow(facts, x, r, epsilon=epsilon)
    if epsilon:
        raise ShapeError("follow: expected an EntitySet with epsilon, found a dense tensor. Use EntitySet.of_dense.")
    return _gather.follow(facts, x, r)
