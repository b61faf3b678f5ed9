"""WorldCup2014: `WC2014.txt` (facts) and `WC-KIND.SPLIT.txt` (question, answer, gold path, answers joined by '/', …).

    python -m loaders.worldcup2014 SRC OUT

The kinds (P1, P2, C) become one file a split. A question's answers are the whole set of the fourth column; its topics, for
evaluation only, are the starts of the gold paths.
"""

import argparse
import sys
from pathlib import Path

from loaders.common import MAX_BAD, Loader, parser, run
from loaders.paths import read_facts, topics_of


def load(src: Path, out: Path, *, max_bad: float = MAX_BAD) -> str:
    """Write the canonical folder; return one line that says what was read.

    Raises:
        DataError: `WC2014.txt` is missing, or too many lines are malformed.
    """
    with Loader(out, max_bad=max_bad) as loader:
        entities = read_facts(loader, src / "WC2014.txt")
        for path in sorted(src.glob("WC-*.*.txt")):
            kind, split, _ = path.name.split(".")
            _questions(loader, path, kind, split, entities)
    return loader.summary()


def _questions(loader: Loader, path: Path, kind: str, split: str, entities: set[str]) -> None:
    for number, line in loader.lines(path):
        columns = line.split("\t")
        if len(columns) < 4:
            loader.bad(path, number, f"expected at least 4 columns, found {len(columns)}")
            continue
        text, answer, gold_path, joined = columns[:4]
        answers = [item for item in dict.fromkeys((*joined.split("/"), answer)) if item]
        topics = [branch.split("#")[0] for branch in gold_path.split("*")]
        unknown = [entity for entity in (*answers, *topics) if entity not in entities]
        if unknown:
            loader.bad(path, number, f"unknown entity {unknown[0]!r}")
            continue
        loader.good()
        loader.writer.question(
            split,
            {
                "id": f"{split}-{kind}-{number}",
                "question": text,
                "answers": answers,
                "topics": topics_of(text, topics),
                "kind": kind,
            },
        )


def _work(arguments: argparse.Namespace) -> list[str]:
    return [load(arguments.src, arguments.out, max_bad=arguments.max_bad)]


if __name__ == "__main__":
    sys.exit(run(_work, parser(__doc__)))
