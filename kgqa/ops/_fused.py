"""Follow on dense sets, in one pass over the facts."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from kgqa.kb.facts import Facts
from kgqa.ops._operators import operator

_WIDTH = 8
"""The kernels read as many columns at once (`compiled.WIDTH`, which is not imported here because its import takes a second)."""


def follow(facts: Facts, x: Tensor, r: Tensor) -> Tensor:
    """Formula 1: y[o] = Σ over facts (s, p, o) of x[s]·r[p]. Shapes as in `kgqa.ops.follow`.

    The kernels want a column a question. A result is laid out so already, and its transpose is what is returned: the next hop
    from it copies nothing.
    """
    batch = x.shape[0]
    missing = -batch % _WIDTH
    # A fact that leads to an entity is the inverse of one of the entity's own.
    columns, weights = x.T, r.T.roll(facts.num_relations // 2, 0)
    if missing:
        columns, weights = pad(columns, (0, missing)), pad(weights, (0, missing))
    y: Tensor = torch.ops.kgqa.pull(facts.pointer, facts.relation, facts.object, columns, weights)
    # The gradient of a part is a whole tensor of zeros: nothing is cut off where nothing was added.
    return (y[:, :batch] if missing else y).T


def _keep(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _derive(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    pointer, relation, object_, x, r = ctx.saved_tensors
    _, _, _, needs_x, needs_r = ctx.needs_input_grad
    if needs_r:
        for_x, for_r = torch.ops.kgqa.pull_backward(pointer, relation, object_, x, r, gradient)
        return None, None, None, for_x if needs_x else None, for_r
    for_x = torch.ops.kgqa.pull(pointer, relation, object_, gradient, r.roll(r.shape[0] // 2, 0)) if needs_x else None
    return None, None, None, for_x, None


_GRAPH = "Tensor pointer, Tensor relation, Tensor object, Tensor x, Tensor r"

operator(
    f"pull({_GRAPH}) -> Tensor",
    module="_fused_cpu",
    cuda="_fused_gpu",
    fake=lambda pointer, relation, object_, x, r: x.new_empty(x.shape),
    derivation=(_keep, _derive),
)
operator(
    f"pull_backward({_GRAPH}, Tensor gradient) -> (Tensor, Tensor)",
    module="_fused_cpu",
    cuda="_fused_gpu",
    fake=lambda pointer, relation, object_, x, r, gradient: (x.new_empty(x.shape), r.new_empty(r.shape)),
)
