"""How fast MetaQA's graph is loaded into Neo4j and materialised: into a server that just started, and again when it is warm."""

import tempfile
import time
from pathlib import Path
from typing import Any, Final, LiteralString

from kgqa.data import Dataset
from kgqa.graph import find
from kgqa.graph.load import load
from kgqa.kb.materialise import materialise
from loaders import metaqa

LOADS: Final = 4

EMPTY: Final[LiteralString] = """
MATCH (n) WHERE NOT n:Migration AND NOT n:MigrationLock
CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 20000 ROWS
"""


def run(data: Path) -> dict[str, Any]:
    """Load several times; return facts a second of each."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="kgqa-bench-") as scratch, find.passing() as server:
        folder = Path(scratch)
        metaqa.load(data / "metaqa", folder / "data")
        dataset = Dataset.read(folder / "data")
        with server.connect() as connection:
            for number in range(LOADS):
                before = _processor()
                report = load(connection, dataset)
                taken = [after - earlier for after, earlier in zip(_processor(), before, strict=True)]
                clock = time.perf_counter()
                materialise(connection, folder / "snapshot")
                seconds = time.perf_counter() - clock
                rows.append(
                    {
                        "load": number + 1,
                        "facts_per_second": report.facts / report.fact_seconds,
                        "seconds": report.seconds,
                        "materialise_seconds": seconds,
                        "stolen": taken[1] / max(sum(taken), 1),
                    }
                )
                print(rows[-1], flush=True)
                connection.run_schema(EMPTY)
    lines = [
        "| load | facts a second | whole load, s | materialise, s | processor time taken by other machines |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        started = " (just started)" if row["load"] == 1 else ""
        speed, share = f"{row['facts_per_second']:,.0f}", f"{row['stolen']:.0%}"
        cells = (speed, f"{row['seconds']:.1f}", f"{row['materialise_seconds']:.1f}", share)
        lines.append(f"| {row['load']}{started} | {' | '.join(cells)} |")
    text = (
        f"{len(dataset.facts):,} facts between {len(dataset.entities):,} entities, one session, batches of 20,000 rows. Facts a "
        "second count the facts' batches; the whole load also writes entities and aliases. The machine is virtual: others "
        "take a part of its processors' time, which differs from minute to minute.\n\n" + "\n".join(lines)
    )
    return {"place": 6, "title": "Loading and materialising", "text": text, "seed": 0, "rows": rows}


def _processor() -> tuple[int, int]:
    """Return the time that the processors worked or idled for this machine, and that others took, in ticks."""
    fields = [int(field) for field in Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()[1:9]]
    return sum(fields[:7]), fields[7]
