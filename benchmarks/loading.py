"""How fast graphs are loaded into Neo4j and materialised: MetaQA's several times, and a large one."""

import tempfile
import time
from pathlib import Path
from typing import Any, Final, LiteralString

from benchmarks import large
from benchmarks.commands import run_kgqa
from kgqa.data import Dataset
from kgqa.graph import find
from kgqa.graph.connection import Connection
from kgqa.graph.load import load
from kgqa.kb.materialise import materialise
from loaders import metaqa

LOADS: Final = 4
LARGE: Final = 5_000_000

EMPTY: Final[LiteralString] = """
MATCH (n) WHERE NOT n:Migration AND NOT n:MigrationLock
CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 20000 ROWS
"""


def run(data: Path) -> dict[str, Any]:
    """Load and materialise; return facts a second of each."""
    rows, peaks = [], {}
    with tempfile.TemporaryDirectory(prefix="kgqa-bench-") as scratch, find.passing() as server:
        folder = Path(scratch)
        metaqa.load(data / "metaqa", folder / "MetaQA")
        large.write_files(folder / "large", LARGE)
        environment = {"NEO4J_URI": server.uri, "NEO4J_USERNAME": "neo4j", "NEO4J_PASSWORD": server.password}
        with server.connect() as connection:
            for name, times in (("MetaQA", LOADS), ("large", 1)):
                dataset = Dataset.read(folder / name)
                for number in range(times):
                    if rows:
                        connection.run_schema(EMPTY)
                    rows.append({"graph": name, "load": number + 1} | _measure(connection, dataset, folder / "snapshot"))
                    print(rows[-1], flush=True)
                peaks[name] = run_kgqa("snapshot", folder / "snapshot", environment=environment | {"KGQA_HOME": f"{folder}/home"})
    titles = {row["graph"]: f"{row['graph']}, {row['entities']:,} entities, {row['facts']:,} facts" for row in rows}
    lines = [
        "| graph | load | loading, facts/s | whole load, s | materialising, facts/s | whole snapshot, s | processor time that "
        "other machines took |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        started = " (just started)" if row is rows[0] else ""
        lines.append(
            f"| {titles[row['graph']]} | {row['load']}{started} | {row['loaded']:,.0f} | {row['load_seconds']:.1f} "
            f"| **{row['read']:,.0f}** | {row['snapshot_seconds']:.1f} | {row['stolen']:.0%} |"
        )
    text = (
        "One session, batches of 20,000 rows. Facts a second count the time of the facts alone; whole loads and snapshots also "
        "write and read entities and aliases. The machine is virtual: others take a part of its processors' time, which differs "
        "from minute to minute.\n\n"
        + "\n".join(lines)
        + f"\n\nThe most memory that `kgqa snapshot` held, PyTorch and all: {peaks['MetaQA']['peak'] / 1e6:,.0f} MB for MetaQA, "
        f"{peaks['large']['peak'] / 1e6:,.0f} MB for the large graph."
    )
    return {"place": 6, "title": "Loading and materialising", "text": text, "seed": 0, "rows": rows, "peaks": peaks}


def _measure(connection: Connection, dataset: Dataset, folder: Path) -> dict[str, Any]:
    before = _processor()
    report = load(connection, dataset)
    clocks: dict[str, float] = {}

    def progress(stage: str, done: int, total: int | None) -> None:
        clocks[stage] = time.perf_counter()

    clock = time.perf_counter()
    manifest = materialise(connection, folder, progress=progress)
    seconds = time.perf_counter() - clock
    taken = [after - earlier for after, earlier in zip(_processor(), before, strict=True)]
    return {
        "entities": manifest.entities,
        "facts": manifest.facts,
        "loaded": report.facts / report.fact_seconds,
        "load_seconds": report.seconds,
        "read": manifest.facts / (clocks["facts"] - clocks["entities"]),
        "snapshot_seconds": seconds,
        "stolen": taken[1] / max(sum(taken), 1),
    }


def _processor() -> tuple[int, int]:
    """Return the time that the processors worked or idled for this machine, and that others took, in ticks."""
    fields = [int(field) for field in Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()[1:9]]
    return sum(fields[:7]), fields[7]
