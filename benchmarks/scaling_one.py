"""One way on growing grids, in a process with limited memory: WAY BYTES SIDE,FURTHER ...; prints JSON, a line a point."""

import json
import resource
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks import graphs
from benchmarks.hops import PEERS
from benchmarks.scaling import BATCH
from kgqa.ops import EntitySet, follow

SECONDS = 1.0


def main(way: str, limit: int, points: list[tuple[int, int]]) -> None:
    """Measure one point after the other."""
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for side, further in points:
        print(json.dumps(_measure(way, side, further)), flush=True)


def _measure(way: str, side: int, further: int) -> dict[str, float]:
    """Answer batches for a few seconds, at least three; return questions a second of the median batch."""
    facts = graphs.grid(side, further=further)
    generator = torch.Generator().manual_seed(0)
    starts = torch.randint(facts.num_entities, (BATCH,), generator=generator)
    hops = [
        torch.nn.functional.one_hot(
            torch.randint(facts.num_relations, (BATCH,), generator=generator), facts.num_relations
        ).float()
        for _ in range(2)
    ]
    call: Callable[[], object]
    if way == "kgqa, sets":
        seeds = EntitySet.of(torch.arange(BATCH), starts, torch.ones(BATCH), batch=BATCH, num_entities=facts.num_entities)
        call = lambda: follow(facts, follow(facts, seeds, hops[0]), hops[1])  # noqa: E731
    else:
        x = torch.zeros(facts.num_entities, BATCH)
        x[starts, torch.arange(BATCH)] = 1.0
        weights = [r.T.contiguous() for r in hops]
        step: Callable[[Tensor, Tensor], Tensor]
        step = PEERS[way](facts) if way in PEERS else lambda x, r: follow(facts, x.T, r.T).T
        call = lambda: step(step(x, weights[0]), weights[1])  # noqa: E731
    with torch.no_grad():
        call()
        taken: list[float] = []
        while len(taken) < 3 or (sum(taken) < SECONDS and len(taken) < 200):
            clock = time.perf_counter()
            call()
            taken.append(time.perf_counter() - clock)
    return {"questions_per_second": BATCH / sorted(taken)[len(taken) // 2], "rounds": len(taken)}


if __name__ == "__main__":
    pairs = (point.split(",") for point in sys.argv[3:])
    main(sys.argv[1], int(sys.argv[2]), [(int(side), int(further)) for side, further in pairs])
