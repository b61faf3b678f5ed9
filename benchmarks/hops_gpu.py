"""One hop on a GPU: kgqa's kernels against the other ways to follow, on the graphs that `benchmarks.hops` measures."""

from pathlib import Path
from typing import Any

import torch

from benchmarks import graphs, hops
from benchmarks.timing import medians
from kgqa.kb.facts import Facts
from kgqa.ops import follow

BATCH = 32


def run(data: Path) -> dict[str, Any]:
    """Measure all cases on the first GPU."""
    rows = hops.measured(data, device="cuda")
    bandwidth = _bandwidth(graphs.grid(1000).to("cuda"))
    frontier = hops.from_few("cuda")
    return {
        "place": 10.5,
        "title": "One hop on a GPU",
        "text": _text(rows, bandwidth, frontier),
        "seed": 0,
        "gpu": torch.cuda.get_device_name(),
        "rows": rows,
        "bandwidth": bandwidth,
        "frontier": frontier,
    }


def _bandwidth(facts: Facts) -> dict[str, float]:
    """Return the bytes a second of a sum a = b + 3c over 1 GiB each, and those of a dense hop."""
    b, c = (torch.ones(1 << 28, device="cuda") for _ in range(2))
    a = torch.empty_like(b)
    x, r = torch.rand(facts.num_entities, BATCH, device="cuda"), torch.rand(facts.num_relations, BATCH, device="cuda")
    calls = {"triad": lambda: torch.add(b, c, alpha=3, out=a), "hop": lambda: follow(facts, x.T, r.T)}
    return hops.rates(facts, BATCH, len(a), medians(calls, device="cuda"))


def _text(rows: list[dict[str, Any]], bandwidth: dict[str, float], frontier: list[dict[str, Any]]) -> str:
    return (
        "The cases, the ways and the measurement of the table above, with everything on the GPU, which is waited for after each "
        "call. All results agree. The targets are those of the CPU.\n\n"
        + hops.table(rows)
        + f"\n\nOn the grid, B = {BATCH}, the dense hop reads and writes {bandwidth['hop'] / 1e9:,.0f} GB/s, counting every "
        f"fact's weights, **{bandwidth['hop'] / bandwidth['triad']:.0%}** of the {bandwidth['triad'] / 1e9:,.0f} GB/s of "
        "a = b + 3c in the same run; counting each entity's once, as if no cache missed, "
        f"{bandwidth['hop_least'] / 1e9:,.0f} GB/s.\n\n" + hops.walked(frontier)
    )
