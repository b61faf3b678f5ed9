"""Where one dense pass over all facts begins to cost less than going from member to member: `kgqa.ops.follow.DENSE_FROM`."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks import graphs
from benchmarks.timing import medians, milliseconds
from kgqa.kb.facts import Facts
from kgqa.ops import EntitySet, _frontier, _fused
from kgqa.ops.follow import DENSE_FROM

SHARES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)


def run(data: Path) -> dict[str, Any]:
    """Measure both ways from sets of growing size, forward and with gradients."""
    graphs_ = {
        "grid 300 × 300, 4 facts an entity": graphs.grid(300),
        "power law, 60 facts an entity": graphs.power_law(600_000, entities=20_000, relations=100),
    }
    rows = []
    for title, facts in graphs_.items():
        for batch in (8, 32):
            for share in SHARES:
                for backward in (False, True):
                    rows.append({"graph": title, "batch": batch, "backward": backward} | _measure(facts, batch, share, backward))
                    print(rows[-1], flush=True)
    return {
        "place": 11,
        "title": "From member to member, or over all facts",
        "text": _text(rows),
        "seed": 0,
        "rows": rows,
    }


def _text(rows: list[dict[str, Any]]) -> str:
    head = "| graph | B | | facts followed of all | member to member, ms | all facts, ms |\n|---|---|---|---|---|---|\n"
    lines = [
        f"| {row['graph']} | {row['batch']} | {'with gradients' if row['backward'] else 'forward'} | {row['share']:.0%} "
        f"| {milliseconds(row['sparse'])} | {milliseconds(row['dense'])} |"
        for row in rows
    ]
    note = f"A hop from sparse sets to sparse sets, both ways; kgqa changes over at {DENSE_FROM:.0%} (docs/decisions/0013)."
    return f"{note}\n\n{head}" + "\n".join(lines)


def _measure(facts: Facts, batch: int, share: float, backward: bool) -> dict[str, float]:
    generator = torch.Generator().manual_seed(0)
    dense = torch.rand(batch, facts.num_entities, generator=generator)
    dense = dense.where(torch.rand(dense.shape, generator=generator) < share, 0.0)
    x = EntitySet.of_dense(dense)
    x = x.with_weights(x.weights.requires_grad_(backward))
    r = torch.rand(batch, facts.num_relations, generator=generator).requires_grad_(backward)

    def sparse() -> EntitySet:
        return _frontier.follow(facts, x, r, _frontier.count(facts, x, r, 0.0)[0], 0.0)

    def filled() -> EntitySet:
        reached = _fused.follow(facts, x.dense(), r)
        return EntitySet.of_all(reached) if backward else EntitySet.of_dense(reached)

    def derived(found: EntitySet) -> tuple[Tensor, ...]:
        return torch.autograd.grad(found.weights.sum(), (x.weights, r))

    ways = {"sparse": sparse, "dense": filled}
    calls = {name: (lambda way=way: derived(way())) if backward else way for name, way in ways.items()}
    followed = int(_frontier.count(facts, x, r, 0.0)[0].sum())
    return {"share": followed / len(facts) / batch} | medians(calls, budget=12)
