"""The alias index at five million aliases: how long it takes to load, what it holds in memory, all spans of a question."""

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors.torch import save_file

from kgqa.kb.aliases import AliasIndex

ALIASES: Final = 5_000_000
QUESTIONS: Final = 2_000

_MEASURE = """
import json, sys, time
from types import SimpleNamespace
import numpy as np
from pathlib import Path
from kgqa.kb.aliases import AliasIndex
from kgqa.model.spans import find_spans
from kgqa.tensor_files import read_tensors
from kgqa.text import tokenise

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

folder, questions = Path(sys.argv[1]), Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()
before, clock = resident(), time.perf_counter()
tensors = read_tensors(folder / "tensors")
index = AliasIndex.load(folder / "trie", tensors["pointer"], tensors["entities"])
loaded, opened = time.perf_counter() - clock, resident()
kb = SimpleNamespace(aliases=index)
tokens = [tokenise(question) for question in questions]
cold, warm, found = [], [], 0
for times in (cold, warm):
    for question in tokens:
        clock = time.perf_counter()
        spans = find_spans(question, kb)
        times.append(time.perf_counter() - clock)
        found += len(spans)
print(json.dumps({
    "load": loaded, "opened": opened - before, "resident": resident() - before, "found": found / 2 / len(tokens),
    "cold": np.percentile(cold, [50, 95, 99]).tolist(), "warm": np.percentile(warm, [50, 95, 99]).tolist(),
}))
"""


def run(data: Path) -> dict[str, Any]:
    """Build, save, load in a process of its own, look questions up."""
    draw = random.Random(0)
    with tempfile.TemporaryDirectory(prefix="kgqa-bench-") as scratch:
        folder = Path(scratch)
        names = _distinct(_names(draw))
        clock = time.perf_counter()
        index = AliasIndex.build([(name, place) for place, name in enumerate(names)])
        index.save(folder / "trie")
        save_file({"pointer": index.pointer, "entities": index.entities}, folder / "tensors")
        built = time.perf_counter() - clock
        asked = [
            f"what films did {draw.choice(names)} direct before the one with {draw.choice(names)} in it" for _ in range(QUESTIONS)
        ]
        (folder / "questions").write_text("\n".join(asked), encoding="utf-8")
        size = sum((folder / name).stat().st_size for name in ("trie", "tensors"))
        program = [sys.executable, "-c", _MEASURE, str(folder), str(folder / "questions")]
        output = subprocess.run(program, check=True, capture_output=True, text=True).stdout
    measured = json.loads(output) | {"aliases": len(names), "built": built, "size": size}
    print(measured, flush=True)
    cold, warm = ([f"{1e6 * value:.0f}" for value in measured[kind]] for kind in ("cold", "warm"))
    text = (
        f"{len(names):,} aliases of one to four words, {size / 1e6:,.0f} MB on disk, built in {built:.0f} s. Loading takes "
        f"**{measured['load']:.2f} s** and {measured['opened'] / 1e6:.0f} MB of memory; after {QUESTIONS:,} questions "
        f"{measured['resident'] / 1e6:.0f} MB are resident, pages of the mapped files. All spans of a question with two names "
        f"({measured['found']:.1f} spans, about 14 words), microseconds p50 / p95 / p99: {' / '.join(cold)} the first time, "
        f"**{' / '.join(warm)}** again (target: 100)."
    )
    return {"place": 13, "title": "Finding names among five million", "text": text, "seed": 0, "measured": measured}


def _distinct(texts: Iterator[str]) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < ALIASES:
        found[next(texts)] = None
    return list(found)


def _names(draw: random.Random) -> Iterator[str]:
    """Yield texts of one to four made-up words, the frequent words often."""
    letters = (
        ("b", "br", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "st", "t", "v", "w"),
        ("a", "e", "i", "o", "u", "ai", "ou"),
    )
    words = ["".join(draw.choice(part) for _ in range(draw.randint(1, 4)) for part in letters) for _ in range(200_000)]
    ranks = np.random.default_rng(0)
    while True:
        sizes = ranks.integers(1, 5, 1_000_000)
        places = (len(words) ** ranks.random(sizes.sum())).astype(int) - 1
        ends = np.cumsum(sizes)
        for first, last in zip(ends - sizes, ends, strict=True):
            yield " ".join(words[place] for place in places[first:last])
