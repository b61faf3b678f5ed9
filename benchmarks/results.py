"""Keep what was measured as JSON, and make `docs/results.md` of it."""

import json
import os
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

FOLDER = Path(__file__).parent / "results"
REPORT = Path(__file__).parent.parent / "docs" / "results.md"
README = Path(__file__).parent.parent / "README.md"
PICTURES = REPORT.parent / "pictures"
MARKS = "<!-- results -->\n", "<!-- end of results -->\n"

HEAD = """# Results

Made by `make bench` (or `python -m benchmarks NAME`) from the JSON in `benchmarks/results/`; do not edit by hand. Dev splits
only. *Correct* is the share of **all** questions whose first entity, number or abstention is right. In the first table MiniLM
reads the words where it says so, else the recurrent encoder; with *topics given* a model is trained and asked knowing which
entities its questions are about (of MetaQA, asked so). Times are of a busy machine: good to a factor of two.
"""


def write(name: str, result: dict[str, Any]) -> None:
    """Keep a result with the machine and the versions that it was measured with."""
    FOLDER.mkdir(exist_ok=True)
    processor = f"{platform.machine()} with {torch.backends.cpu.get_cpu_capability()}"
    about = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {_memory()}, {processor}, {result.get('gpu', 'no GPU used')}",
        "python": platform.python_version(),
        "torch": version("torch"),
    }
    text = json.dumps({"name": name} | result | {"about": about}, ensure_ascii=False, indent=2)
    (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def spread(percents: Sequence[float]) -> str:
    """Return the mean of what several seeds measured, and the lowest and the highest, as a cell of a table."""
    return f"**{fmean(percents):.1f}** ({min(percents):.1f}–{max(percents):.1f})"


def report() -> None:
    """Write `docs/results.md`, and the table of the README."""
    kept = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))]
    kept.sort(key=lambda result: result["place"])
    parts = [HEAD, _overview(kept)]
    for result in kept:
        about = result["about"]
        parts.append(f"## {result['title']}\n\n{result['text']}\n")
        for step in result.get("steps", ()):
            output = "\n".join(line.rstrip() for line in step["output"].splitlines())
            parts.append(f"```\n$ {step['command']}\n{output}\n```\n{step['seconds']:.1f} s\n")
        parts.append(
            f"Measured {about['date']}: {about['machine']}; Python {about['python']}, torch {about['torch']}; "
            f"seed {result['seed']}. Again: `python -m benchmarks {result['name']}`.\n"
        )
    REPORT.write_text("\n".join(parts), encoding="utf-8")
    before, _, rest = README.read_text(encoding="utf-8").partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    README.write_text(f"{before}{MARKS[0]}{_overview(kept)}{MARKS[1]}{after}", encoding="utf-8")


def _overview(kept: list[dict[str, Any]]) -> str:
    lines = ["| data, dev | questions | topics given | question text alone |", "|---|---|---|---|"]
    lines += [row for result in kept for row in result.get("overview", _accuracy(result))]
    table = "\n".join(lines) + "\n" if len(lines) > 2 else ""
    speed = "".join(f"- {line}\n" for line in _speed({result["name"]: result for result in kept}))
    return f"{table}\n{speed}" if speed else table


def _accuracy(result: dict[str, Any]) -> Iterator[str]:
    """Yield what a suite of `benchmarks.accuracy` says of each data set, in a line each file.

    By its last setting; where topics were given, by the last one that was tried so too.
    """
    if not result["name"].startswith("accuracy-"):
        return
    given = {row["setting"] for row in result["rows"] if row["topics"] == "given"}
    rows = [row for row in result["rows"] if not given or row["setting"] in given]
    best = {(row["data"], row["topics"]): row["runs"] for row in rows}
    setting = {row["data"]: row["setting"] for row in rows}
    for data in dict.fromkeys(data for data, _ in best):
        encoder = ", MiniLM" if setting[data].endswith("-minilm") else ""
        resolved = best[data, "resolved"]
        for file, measured in sorted(resolved[0]["measured"].items()):
            cells = [
                "–" if runs is None else f"{100 * fmean(run['measured'][file]['correct'] for run in runs):.2f}"
                for runs in (best.get((data, "given")), resolved)
            ]
            yield f"| {data}{'' if file == 'dev' else f', {file}'}{encoder} | {measured['questions']:,} | {' | '.join(cells)} |"


def _speed(kept: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield what the measurements of speed say, in a line each."""
    if "hops" in kept:
        forward, backward = kept["hops"]["rows"][:2]
        yield (
            f"One hop over all facts of MetaQA for 32 questions: {forward['ratio']:.0f} times faster than three sparse products, "
            f"{backward['ratio']:.0f} times with gradients."
        )
    if "training" in kept:
        row = kept["training"]["rows"][0]
        hits = " / ".join(f"{100 * value:.2f}" for value in row["hits"].values())
        yield (
            f"MetaQA, 1 / 2 / 3 hops in one model, topics given: {hits} after {row['seconds']:.0f} s of training on one core, "
            f"{row['sharp']:,.0f} questions a second."
        )
    if "question" in kept:
        for encoder, row in kept["question"]["measured"].items():
            yield (
                f"One question on MetaQA, from its text to answers with paths and Cypher, {encoder}: {row['p50']:.1f} ms; many "
                f"at once: {row['many']:,.0f} a second."
            )
    if "large" in kept:
        row = kept["large"]["rows"][-1]
        p50, p95, _ = row["ask"]["ms"]
        yield (
            f"{row['facts'] / 1e6:.0f} million facts: {row['fact_bytes'] / row['facts']:.0f} bytes a fact with both directions; "
            f"a question of two hops takes {p50:.0f} ms (median), {p95:.0f} ms (95th percentile)."
        )


def _memory() -> str:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{pages / 2**30:.0f} GiB memory"
