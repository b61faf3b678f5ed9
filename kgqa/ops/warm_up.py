"""Compile the loops before they are needed, and say so: the first time on a machine that takes a while."""

from collections.abc import Callable

import torch
from torch import Tensor

from kgqa.kb.facts import Facts
from kgqa.ops import _frontier, _fused
from kgqa.ops.aggregates import extreme
from kgqa.ops.entity_set import EntitySet
from kgqa.ops.having import having
from kgqa.ops.relations import facts_along, relations_of, relations_together
from kgqa.ops.sets import exclude, intersect, mix
from kgqa.progress import Progress, silent

STAGE = "prepare operators"


def warm_up(progress: Progress = silent) -> None:
    """Run every operator once, forward and backward, on a graph of two entities.

    The first time on a machine this compiles them, which takes about half a minute; the code is kept on disk, and from then on
    loading it takes a second or two.
    """
    facts = Facts.of([(0, 0, 1)], num_entities=2, num_relations=1)
    weights, r = torch.ones(1, 2, requires_grad=True), torch.ones(1, 2, requires_grad=True)
    x, gate, start = EntitySet.of_dense(weights), torch.ones(1), torch.tensor([0])
    followed, _ = _frontier.count(facts, x, r, 0.5)
    steps: tuple[Callable[[], Tensor], ...] = (
        lambda: _fused.follow(facts, weights, r),
        lambda: _frontier.follow(facts, x, r, followed, 0.5).weights,
        lambda: mix([x, x], torch.ones(1, 2)).weights,
        lambda: exclude(x, x, gate).weights,
        lambda: intersect(x, gate, torch.zeros(1, dtype=torch.long), 1).weights,
        lambda: extreme(x, torch.tensor([1.0, 2.0]), largest=True).weights,
        lambda: having(facts, x, r),
        lambda: having(facts, EntitySet.of_dense(torch.ones(1, 2)), r),
        lambda: relations_of(facts, start)[0] * weights.sum(),
        lambda: relations_together(facts) * weights.sum(),
        lambda: facts_along(facts, start, torch.tensor([True, False]))[0] * weights.sum(),
    )
    for number, step in enumerate(steps):
        progress(STAGE, number, len(steps))
        torch.autograd.grad(step().sum(), (weights, r), allow_unused=True, retain_graph=True)
    progress(STAGE, len(steps), len(steps))
