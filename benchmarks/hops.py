"""One hop: kgqa against every other way to follow, forward and with both gradients, on graphs of four kinds."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from benchmarks import graphs
from benchmarks.data import prepare
from benchmarks.peers import Gather, GatherRows, LateMixing, Pyg, Reified
from benchmarks.timing import medians, milliseconds
from kgqa.compiled import compiled
from kgqa.kb.facts import Facts
from kgqa.ops import EntitySet, follow
from kgqa.threads import num_workers, spread

PEERS: Final[dict[str, Callable[[Facts], Callable[[Tensor, Tensor], Tensor]]]] = {
    "reified, COO": partial(Reified, compressed=False),
    "reified, CSR": partial(Reified, compressed=True),
    "late mixing": LateMixing,
    "gather": GatherRows,
    "gather, columns": Gather,
    "pyg": Pyg,
}

MOST_RELATIONS_APART: Final = 100
"""With more relations late mixing would take minutes a hop: it is left out and said so."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A graph, a batch, and what kgqa is to reach against which peer."""

    title: str
    facts: Callable[[Path], Facts]
    batch: int
    target: float
    rival: str


def run(data: Path) -> dict[str, Any]:
    """Measure all cases; return a table of milliseconds and of ratios."""
    rows = measured(data)
    bandwidth = _bandwidth(graphs.grid(1000))
    frontier = from_few()
    return {
        "place": 10,
        "title": "One hop against other ways to follow",
        "text": _text(rows, bandwidth, frontier),
        "seed": 0,
        "rows": rows,
        "bandwidth": bandwidth,
        "frontier": frontier,
    }


def measured(data: Path, *, device: str = "cpu") -> list[dict[str, Any]]:
    """Measure every case on a device, forward and with gradients; return a row each."""
    cases = (
        Case(title="MetaQA, B = 32", facts=_metaqa, batch=32, target=20, rival="reified, CSR"),
        Case(title="MetaQA, B = 128", facts=_metaqa, batch=128, target=17, rival="reified, CSR"),
        Case(title="grid 1000 × 1000, B = 32", facts=lambda _: graphs.grid(1000), batch=32, target=40, rival="gather"),
        Case(title="1.8 M entities, 1,144 relations, B = 8", facts=lambda _: _wide(), batch=8, target=10, rival="gather"),
    )
    rows = []
    for case in cases:
        facts = case.facts(data).to(device)
        for backward in (False, True):
            rows.append(_measure(case, facts, device, backward=backward))
            print(rows[-1], flush=True)
    return rows


def _measure(case: Case, facts: Facts, device: str, *, backward: bool) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(facts.num_entities, case.batch, generator=generator).to(device).requires_grad_(backward)
    r = torch.rand(facts.num_relations, case.batch, generator=generator).to(device).requires_grad_(backward)
    upstream = torch.rand(x.shape, generator=generator).to(device)
    expected, calls, absent = None, {}, {}
    ways = {"kgqa": lambda x, r: follow(facts, x.T, r.T).T}
    for name, make in PEERS.items():
        if name == "late mixing" and facts.num_relations > MOST_RELATIONS_APART:
            absent[name] = "a product for each of so many relations takes minutes"
            continue
        try:
            ways[name] = make(facts)
        except RuntimeError as error:
            absent[name] = str(error).splitlines()[0]
    for name, way in list(ways.items()):
        call = partial(_step, way, x, r, upstream) if backward else partial(_forward, way, x, r)
        try:
            found = call()
        except RuntimeError as error:
            absent[name] = str(error).splitlines()[0]
            continue
        expected = found if expected is None else expected
        for part, right in zip(found, expected, strict=True):
            torch.testing.assert_close(part, right, rtol=1e-3, atol=1e-3)
        calls[name] = call
    seconds = medians(calls, device=device)
    return {
        "case": case.title,
        "facts": len(facts),
        "entities": facts.num_entities,
        "relations": facts.num_relations,
        "backward": backward,
        "seconds": seconds,
        "absent": absent,
        "rival": case.rival,
        "target": case.target,
        "ratio": seconds[case.rival] / seconds["kgqa"] if case.rival in seconds else None,
    }


def _forward(way: Callable[[Tensor, Tensor], Tensor], x: Tensor, r: Tensor) -> tuple[Tensor, ...]:
    with torch.no_grad():
        return (way(x, r),)


def _step(way: Callable[[Tensor, Tensor], Tensor], x: Tensor, r: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    reached = way(x, r)
    return (reached.detach(), *torch.autograd.grad(reached, (x, r), upstream))


def _metaqa(data: Path) -> Facts:
    with tempfile.TemporaryDirectory(prefix="kgqa-bench-") as scratch:
        return prepare("metaqa", data, Path(scratch)).load().facts


def _wide() -> Facts:
    return graphs.power_law(2_850_000, entities=1_800_000, relations=572)


@compiled
def _triad(a: Any, b: Any, c: Any, first: int, last: int) -> None:
    for place in range(first, last):
        a[place] = b[place] + np.float32(3) * c[place]


def _bandwidth(facts: Facts) -> dict[str, float]:
    """Return the bytes a second of the triad of the STREAM benchmark, and those that a dense hop must move at least."""
    size = 1 << 26
    a, b, c = (np.ones(size, dtype=np.float32) for _ in range(3))
    part = size // (4 * num_workers())
    parts = [(first, min(first + part, size)) for first in range(0, size, part)]
    batch = 32
    x, r = torch.rand(facts.num_entities, batch), torch.rand(facts.num_relations, batch)
    seconds = medians(
        {
            "triad": lambda: spread(lambda run: _triad(a, b, c, *run), parts),
            "hop": lambda: follow(facts, x.T, r.T),
        }
    )
    return rates(facts, batch, size, seconds)


def rates(facts: Facts, batch: int, size: int, seconds: dict[str, float]) -> dict[str, float]:
    """Return the bytes a second of a triad of so many numbers, and of a hop: of every fact, and each entity's weights once."""
    row = 4 * batch
    return {
        "triad": 3 * 4 * size / seconds["triad"],
        "hop": (len(facts) * (row + 6) + facts.num_entities * (row + 8)) / seconds["hop"],
        "hop_least": (facts.num_entities * (2 * row + 8) + len(facts) * 6) / seconds["hop"],
    }


def from_few(device: str = "cpu") -> list[dict[str, Any]]:
    """Follow one relation mix from one entity each, on graphs of growing size; return a row with the seconds of a hop each."""
    rows = []
    for facts in (500_000, 5_000_000, 25_000_000):
        graph = graphs.power_law(facts, entities=facts // 5, relations=250).to(device)
        generator = torch.Generator().manual_seed(0)
        starts = torch.randint(graph.num_entities, (10, 32), generator=generator).to(device)
        r = torch.rand(32, graph.num_relations, generator=generator).softmax(1).to(device)
        each, ones = torch.arange(32, device=device), torch.ones(32, device=device)
        sets = [EntitySet.of(each, own, ones, batch=32, num_entities=graph.num_entities) for own in starts]
        touched = [int(graph.degrees[own].sum()) for own in starts]
        hops = {"hop": lambda graph=graph, sets=sets, r=r: [follow(graph, x, r) for x in sets]}
        seconds = medians(hops, device=device)
        rows.append({"facts": len(graph), "touched": sum(touched) / 10, "seconds": seconds["hop"] / 10})
        print(rows[-1], flush=True)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Return what `measured` returns as a table, with what was not measured below it."""
    head = ["graph", "", "kgqa", *PEERS, "against", "target"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for row in rows:
        cells = [
            f"{row['case']}: {row['facts']:,} facts",
            "with gradients" if row["backward"] else "forward",
            *(milliseconds(row["seconds"][name]) if name in row["seconds"] else "–" for name in ("kgqa", *PEERS)),
            f"**{row['ratio']:.1f}×** {row['rival']}" if row["ratio"] else "–",
            f"≥ {row['target']:.0f}×",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    absent = {(row["case"], name): why for row in rows for name, why in row["absent"].items()}
    notes = "".join(f"\n- {case}, {name}: not measured: {why}." for (case, name), why in absent.items())
    return "\n".join(lines) + notes


def _text(rows: list[dict[str, Any]], bandwidth: dict[str, float], frontier: list[dict[str, Any]]) -> str:
    share = bandwidth["hop"] / bandwidth["triad"]
    return (
        "Milliseconds, median of at least 10 rounds in which each is called once; facts with their inverses. *reified* are the "
        "three sparse products of the reified-KB paper, *late mixing* a product per relation, *gather* `x[s] * r[p]` and "
        "`index_add_` with a row a question as it is usually written, and with a column a question, *pyg* a message-passing "
        f"layer. All results agree. kgqa uses {num_workers()} threads, torch {torch.get_num_threads()}.\n\n"
        + table(rows)
        + f"\n\nOn the grid, B = 32, the dense hop reads and writes {bandwidth['hop'] / 1e9:.1f} GB/s, **{share:.0%}** of the "
        f"{bandwidth['triad'] / 1e9:.1f} GB/s of STREAM's triad in the same run, counting every fact's weights; counting each "
        f"entity's once, as if no cache missed, {bandwidth['hop_least'] / 1e9:.1f} GB/s.\n\n" + walked(frontier)
    )


def walked(rows: list[dict[str, Any]]) -> str:
    """Return what `from_few` returns as a table, with a line that says what it is of."""
    lines = "\n".join(f"| {row['facts']:,} | {row['touched']:,.0f} | {milliseconds(row['seconds'])} |" for row in rows)
    return (
        "A hop from one entity each, B = 32, power-law graphs of growing size (a fifth as many entities as facts without their "
        f"inverses, 250 relations):\n\n| facts | followed | milliseconds |\n|---|---|---|\n{lines}"
    )
