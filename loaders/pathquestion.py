"""PathQuestion and PathQuestion-Large: four graphs, each with questions of its own (question, answer(answers/), gold path).

    python -m loaders.pathquestion SRC OUT

Each part that is there becomes a folder of its own: OUT/PQ-2H, OUT/PQ-3H, OUT/PQL-2H, OUT/PQL-3H. A question's answers are
the whole set in parentheses; its topic, for evaluation only, is the start of the gold path.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

from kgqa.errors import DataError
from loaders.common import MAX_BAD, Loader, parser, run
from loaders.paths import read_facts, topics_of

PARTS: Final = {"PQ-2H": "2H-kb.txt", "PQ-3H": "3H-kb.txt", "PQL-2H": "PQL2-KB.txt", "PQL-3H": "PQL3-KB.txt"}


def load(src: Path, out: Path, *, max_bad: float = MAX_BAD) -> list[str]:
    """Write a canonical folder for each part; return a line for each that says what was read.

    Raises:
        DataError: no part is there, or too many lines are malformed.
    """
    found = {part: src / name for part, name in PARTS.items() if (src / name).is_file()}
    if not found:
        raise DataError(src, None, expected=f"one of {', '.join(PARTS.values())}", found="none", then="Check SRC.")
    summaries = []
    for part, facts in found.items():
        with Loader(out / part, max_bad=max_bad) as loader:
            entities = read_facts(loader, facts)
            for path in sorted(src.glob(f"{part}.*.txt")):
                _questions(loader, path, part, path.name.split(".")[1], entities)
        summaries.append(loader.summary())
    return summaries


def _questions(loader: Loader, path: Path, part: str, split: str, entities: set[str]) -> None:
    for number, line in loader.lines(path):
        columns = [column.strip() for column in line.split("\t")]
        if len(columns) != 3:
            loader.bad(path, number, f"expected 3 columns, found {len(columns)}")
            continue
        text, answered, gold_path = columns
        answers = _answers(answered)
        topic = gold_path.split("#")[0]
        unknown = [entity for entity in (*answers, topic) if entity not in entities]
        if unknown or not answers:
            loader.bad(path, number, f"unknown entity {unknown[0]!r}" if unknown else f"no answers in {answered[:100]!r}")
            continue
        loader.good()
        loader.writer.question(
            split,
            {
                "id": f"{split}-{part}-{number}",
                "question": text,
                "answers": answers,
                "topics": topics_of(text, [topic]),
                "kind": part,
            },
        )


def _answers(answered: str) -> list[str]:
    """Return the answers of `answer(answer/answer/)`; answers may hold parentheses themselves.

    >>> _answers("PG_(USA)(PG_(USA)/R/)")
    ['PG_(USA)', 'R']
    """
    for place, character in enumerate(answered):
        if character == "(" and answered.endswith("/)"):
            answers = answered[place + 1 : -2].split("/")
            if answered[:place] in answers:
                return list(dict.fromkeys(answers))
    return []


def _work(arguments: argparse.Namespace) -> list[str]:
    return load(arguments.src, arguments.out, max_bad=arguments.max_bad)


if __name__ == "__main__":
    sys.exit(run(_work, parser(__doc__)))
