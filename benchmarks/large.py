"""Graphs of a million to a hundred million facts: a snapshot from files, a training, and questions of two hops."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.commands import run_kgqa
from benchmarks.graphs import power_law_ends
from kgqa.kb import KnowledgeBase
from kgqa.kb.snapshot import TENSORS
from kgqa.ops import EntitySet, facts_along, follow_pruned

SIZES: Final = (1_000_000, 10_000_000, 100_000_000)
FACTS_AN_ENTITY: Final = 10
RELATIONS: Final = 500
ASKED_RELATIONS: Final = 4
"""The questions follow two of so many relations; the model chooses among all, in both directions."""

QUESTIONS: Final = {"train": 1_200, "dev": 100, "asked": 1_000}
MOST_ANSWERS: Final = 1_000
"""Answers of a question to learn from at most; those that are timed may have any number."""

CONFIG: Final = """
[model]
hops = 2

[training]
batch = 8
epochs = 2
"""

_PAGE: Final = 1 << 20

_ASK = """
import json, sys, time
from pathlib import Path
import numpy as np
from kgqa.qa import QA

def memory():
    fields = Path("/proc/self/smaps_rollup").read_text().split()
    return {name: int(fields[fields.index(f"{name}:") + 1]) * 1024 for name in ("Rss", "Anonymous")}

folder = Path(sys.argv[1])
asked = [json.loads(line) for line in (folder / "asked.jsonl").read_text().splitlines()]
clock, before = time.perf_counter(), memory()
qa = QA.load(folder / "model")
loaded = {"load": time.perf_counter() - clock} | {name: size - before[name] for name, size in memory().items()}
seconds, right, sizes = [], 0, []
for line in asked[:20]:
    qa.ask(line["question"])
for line in asked:
    clock = time.perf_counter()
    answer = qa.ask(line["question"])
    seconds.append(time.perf_counter() - clock)
    right += {entity.id for entity in answer.entities} == set(line["answers"])
    sizes.append(len(line["answers"]))
print(json.dumps({
    "loaded": loaded, "memory": memory(), "right": right / len(asked),
    "ms": (1000 * np.percentile(seconds, [50, 95, 99])).tolist(),
    "answers": np.percentile(sizes, [50, 95, 99]).tolist(), "slowest": 1000 * max(seconds),
}))
"""


def run(data: Path) -> dict[str, Any]:
    """Measure every size."""
    rows = []
    for facts in SIZES:
        rows.append(_measure(facts))
        print(rows[-1], flush=True)
    head = [f"{row['facts']:,} facts" for row in rows]
    lines = [f"| | {' | '.join(head)} |", "|---" * (len(rows) + 1) + "|"]
    for title, cell in _CELLS.items():
        lines.append(f"| {title} | {' | '.join(cell(row) for row in rows)} |")
    text = (
        f"Power-law degrees, {FACTS_AN_ENTITY} facts an entity, {RELATIONS} relations, drawn with seed 0; facts are counted in "
        "one direction. The snapshot is made from files by `kgqa snapshot --from-files`, the model trained on "
        f"{QUESTIONS['train']:,} questions of two hops, question text and answers alone. {QUESTIONS['asked']:,} other questions "
        "are asked one by one, text to answers with paths and Cypher (none run). Memory of a process: what it holds of its own, "
        "and with the pages of mapped files that are resident and can be dropped at any time.\n\n" + "\n".join(lines)
    )
    return {"place": 16, "title": "A hundred million facts", "text": text, "seed": 0, "rows": rows}


_CELLS: Final = {
    "files, MB": lambda row: f"{row['source'] / 1e6:,.0f}",
    "snapshot from files, s": lambda row: f"{row['snapshot']['seconds']:,.0f}",
    "facts a second": lambda row: f"{row['facts'] / row['snapshot']['seconds']:,.0f}",
    "peak memory of that, MB": lambda row: f"{row['snapshot']['peak'] / 1e6:,.0f}",
    "bytes a fact, both directions, pointers included": lambda row: f"**{row['fact_bytes'] / row['facts']:.1f}**",
    "snapshot on disk with texts and aliases, MB": lambda row: f"{row['size'] / 1e6:,.0f}",
    "training, s (peak memory, MB)": lambda row: f"{row['train']['seconds']:,.0f} ({row['train']['peak'] / 1e6:,.0f})",
    "loading model and snapshot, s": lambda row: f"{row['ask']['loaded']['load']:.1f}",
    "memory after the questions, own / with mapped files, MB": lambda row: (
        f"{row['ask']['memory']['Anonymous'] / 1e6:,.0f} / {row['ask']['memory']['Rss'] / 1e6:,.0f}"
    ),
    "**a question, ms, p50 / p95 / p99**": lambda row: f"**{' / '.join(f'{ms:.1f}' for ms in row['ask']['ms'])}**",
    "answers of a question, p50 / p95 / p99": lambda row: " / ".join(f"{n:,.0f}" for n in row["ask"]["answers"]),
    "answer sets exactly right": lambda row: f"{row['ask']['right']:.1%}",
}


def _measure(facts: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="kgqa-bench-") as scratch:
        folder = Path(scratch)
        write_files(folder / "data", facts)
        source = sum(path.stat().st_size for path in (folder / "data").iterdir())
        environment = {"KGQA_HOME": f"{folder}/home"}
        snapshot = run_kgqa("snapshot", folder / "snapshot", "--from-files", folder / "data", environment=environment)
        for path in (folder / "data").iterdir():
            path.unlink()
        kb = KnowledgeBase.load(folder / "snapshot")
        size = sum(path.stat().st_size for path in (folder / "snapshot").iterdir())
        tensors = kb.facts.pointer, kb.facts.relation, kb.facts.object
        kept = len(kb.facts) // 2
        _write_questions(kb, folder)
        (folder / "model.toml").write_text(CONFIG, encoding="utf-8")
        train = run_kgqa(
            *("train", folder / "snapshot", "--questions", folder / "train.jsonl", "--dev", folder / "dev.jsonl"),
            *("--out", folder / "model", "--config", folder / "model.toml"),
            environment=environment,
        )
        done = subprocess.run([sys.executable, "-c", _ASK, str(folder)], check=True, capture_output=True, text=True)
        return {
            "facts": kept,
            "entities": kb.num_entities,
            "source": source,
            "snapshot": snapshot,
            "size": size,
            "tensors": (folder / "snapshot" / TENSORS).stat().st_size,
            "fact_bytes": sum(tensor.numel() * tensor.element_size() for tensor in tensors),
            "train": train,
            "ask": json.loads(done.stdout.splitlines()[-1]),
        }


def write_files(folder: Path, facts: int) -> None:
    """Write a canonical data folder; every id and so every line of facts.tsv has the same length."""
    folder.mkdir(parents=True)
    entities = facts // FACTS_AN_ENTITY
    with open(folder / "entities.jsonl", "w", encoding="utf-8") as file:
        for page in _names(entities):
            file.writelines(f'{{"id": "Q{number:08}", "name": "{name}"}}\n' for number, name in page)
    ends = power_law_ends(facts, entities=entities, relations=RELATIONS)
    with open(folder / "facts.tsv", "wb") as file:
        for start in range(0, facts, _PAGE):
            subjects, kinds, objects = (column[start : start + _PAGE] for column in ends)
            line = np.frombuffer(b"Q00000000\tR000\tQ00000000\n", dtype=np.uint8)
            page = np.repeat(line[None, :], len(kinds), axis=0)
            for column, width, first in ((subjects, 8, 1), (kinds, 3, 11), (objects, 8, 16)):
                for place in range(width):
                    page[:, first + place] += (column // 10 ** (width - 1 - place) % 10).astype(np.uint8)
            file.write(page.data)


def _names(entities: int) -> Iterator[list[tuple[int, str]]]:
    """Yield pages of entities with names of two made-up words, each pair once, in no order."""
    letters = ("b", "br", "d", "f", "g", "gl", "k", "l", "m", "n", "p", "r", "s", "st", "t", "v"), ("a", "e", "i", "o", "u")
    parts = [first + vowel for first in letters[0] for vowel in letters[1]]
    words = [one + other for one in parts for other in parts]
    places = np.random.default_rng(0).permutation(len(words) ** 2)[:entities]
    for start in range(0, entities, _PAGE):
        page = places[start : start + _PAGE]
        pairs = zip((page // len(words)).tolist(), (page % len(words)).tolist(), strict=True)
        yield [(start + number, f"{words[one]} {words[other]}") for number, (one, other) in enumerate(pairs)]


def _write_questions(kb: KnowledgeBase, folder: Path) -> None:
    """Write questions of two hops; each starts where a walk is possible, whatever its answers are then."""
    draw = np.random.default_rng(0)
    chosen = torch.zeros(kb.num_relations, dtype=torch.bool)
    chosen[:ASKED_RELATIONS] = True
    for split, number in QUESTIONS.items():
        with open(folder / f"{split}.jsonl", "w", encoding="utf-8") as file:
            written = 0
            while written < number:
                start = int(draw.integers(kb.num_entities))
                path = _walk(kb, start, chosen, draw)
                if path is None:
                    continue
                answers = _reached(kb, start, path)
                if split != "asked" and len(answers) > MOST_ANSWERS:
                    continue
                one, other = (kb.relations[relation].name for relation in path)
                question = f"what is {other} of the {one} of {kb.names[start]}"
                line = {"id": f"{split}-{written}", "question": question, "answers": [kb.ids[row] for row in answers]}
                file.write(json.dumps(line) + "\n")
                written += 1


def _walk(kb: KnowledgeBase, start: int, chosen: torch.Tensor, draw: np.random.Generator) -> list[int] | None:
    path, here = [], start
    for _ in range(2):
        _, found = facts_along(kb.facts, torch.tensor([here]), chosen)
        if not len(found):
            return None
        fact = int(found[draw.integers(len(found))])
        path.append(int(kb.facts.relation[fact]))
        here = int(kb.facts.object[fact])
    return path


def _reached(kb: KnowledgeBase, start: int, path: list[int]) -> NDArray[np.int64]:
    x = EntitySet.of(torch.tensor([0]), torch.tensor([start]), torch.ones(1), batch=1, num_entities=kb.num_entities)
    for relation in path:
        r = torch.zeros(1, kb.num_relations)
        r[0, relation] = 1.0
        x, _ = follow_pruned(kb, x, r, epsilon=0.5)
    reached = x.entities[x.weights > 0]
    return reached[reached != start].numpy()
