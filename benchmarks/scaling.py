"""The measurements of the reified-KB paper: two hops on a grid, as it grows, and as it gets more relations.

Cohen, Sun, Hofer, Siegler 2020 (arXiv 2002.06115), section 4.1: n × n entities that lead in four directions, 128 questions in a
batch, each with one start and one relation a hop; questions answered a second. Every way runs in a process of its own, so that
one that runs out of memory leaves the others be.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from benchmarks.results import PICTURES

BATCH: Final = 128
SIDES: Final = (50, 100, 200, 300, 500, 700, 1000)
FURTHER: Final = (0, 10, 30, 100, 300, 1000)
MEMORY: Final = 16 << 30
TIMEOUT: Final = 300.0

WAYS: Final = ("kgqa, sets", "kgqa, dense", "reified, COO", "reified, CSR", "late mixing", "gather", "gather, columns", "pyg")


def run(data: Path) -> dict[str, Any]:
    """Measure both curves for every way; draw them."""
    rows = []
    for title, grids in (("entities", [(side, 0) for side in SIDES]), ("relations", [(100, more) for more in FURTHER])):
        for way in WAYS:
            for (side, further), measured in zip(grids, _apart(way, grids), strict=False):
                rows.append({"curve": title, "way": way, "side": side, "further": further} | measured)
                print(rows[-1], flush=True)
    _draw(rows)
    text = (
        f"Two hops, B = {BATCH}, questions answered a second; a process may use {MEMORY >> 30} GiB and {TIMEOUT:.0f} seconds "
        "for a curve. "
        "*kgqa, sets* starts from sets that hold their members, as the model does; *kgqa, dense* from dense ones, as the others "
        "must.\n\n![questions a second](pictures/scaling.svg)\n\n" + _table(rows, "entities") + "\n\n" + _table(rows, "relations")
    )
    return {"place": 15, "title": "As the graph grows", "text": text, "seed": 0, "rows": rows}


def _apart(way: str, grids: list[tuple[int, int]]) -> list[dict[str, Any]]:
    """Return what is measured on each grid, in their order, up to the first that is too large; for that one, why."""
    points = [f"{side},{further}" for side, further in grids]
    program = [sys.executable, "-W", "ignore", "-m", "benchmarks.scaling_one", way, str(MEMORY), *points]
    try:
        done = subprocess.run(program, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        printed, failed = done.stdout, done.returncode != 0
        memory = "memory" in done.stderr.lower() or done.returncode < 0
        why = "out of memory" if memory else (done.stderr.strip().splitlines() or ["failed"])[-1]
    except subprocess.TimeoutExpired as error:
        printed, failed, why = (error.stdout or b"").decode(), True, f"over {TIMEOUT:.0f} s for all"
    measured: list[dict[str, Any]] = [json.loads(line) for line in printed.splitlines()]
    return [*measured, {"why": why}] if failed else measured


def _table(rows: list[dict[str, Any]], curve: str) -> str:
    key, points = ("side", SIDES) if curve == "entities" else ("further", FURTHER)
    head = [f"{point} × {point}" if curve == "entities" else f"{point:,}" for point in points]
    title = "n × n" if curve == "entities" else "further relations"
    lines = [f"| {title} | {' | '.join(head)} |", "|---" * (len(head) + 1) + "|"]
    for way in WAYS:
        own = {row[key]: row for row in rows if row["curve"] == curve and row["way"] == way}
        cells = []
        for point in points:
            row = own.get(point)
            cells.append("–" if row is None else row["why"] if "why" in row else f"{row['questions_per_second']:,.0f}")
        lines.append(f"| {way} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _draw(rows: list[dict[str, Any]]) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, panes = pyplot.subplots(1, 2, figsize=(11, 4.5), sharey=True)
    for pane, curve, label in zip(panes, ("entities", "relations"), ("entities", "further relations"), strict=True):
        for way in WAYS:
            own = [row for row in rows if row["curve"] == curve and row["way"] == way and "why" not in row]
            places = [row["side"] ** 2 if curve == "entities" else row["further"] + 1 for row in own]
            bold = way.startswith("kgqa")
            pane.plot(places, [row["questions_per_second"] for row in own], marker="o", lw=2.5 if bold else 1, ms=3, label=way)
        pane.set(xscale="log", yscale="log", xlabel=label)
        pane.grid(alpha=0.3)
    panes[0].set_ylabel("questions a second, 2 hops")
    panes[1].legend(fontsize=8)
    figure.tight_layout()
    PICTURES.mkdir(parents=True, exist_ok=True)
    figure.savefig(PICTURES / "scaling.svg", metadata={"Date": None})
