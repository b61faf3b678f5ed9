"""MetaQA: `kb.txt` (subject|relation|object) and `N-hop/vanilla/qa_SPLIT.txt` (question with [topic]<TAB>answer|answer|…).

    python -m loaders.metaqa SRC OUT

The hop counts that are there become one file a split; `kind` says which. The back-translated questions under `N-hop/ntm`
become splits of their own, such as `dev-ntm`. The brackets are stripped from the questions and kept as `topics`.
"""

import argparse
import re
import sys
from pathlib import Path

from kgqa.data import EntityRecord, RelationRecord
from kgqa.errors import DataError
from loaders.common import MAX_BAD, Loader, parser, run

_TOPIC = re.compile(r"\[(.+?)\]")
_FILE = re.compile(r"qa_(\w+)\.txt")


def load(src: Path, out: Path, *, max_bad: float = MAX_BAD) -> str:
    """Write the canonical folder; return one line that says what was read.

    Raises:
        DataError: `kb.txt` is missing, or too many lines are malformed.
    """
    with Loader(out, max_bad=max_bad) as loader:
        entities = _facts(loader, src / "kb.txt")
        for folder in sorted(path for path in src.iterdir() if path.is_dir() and path.name.endswith("-hop")):
            for wording in sorted(path for path in folder.iterdir() if path.is_dir()):
                for file in sorted(wording.glob("qa_*.txt")):
                    match = _FILE.fullmatch(file.name)
                    if match:
                        split = match[1] if wording.name == "vanilla" else f"{match[1]}-{wording.name}"
                        _questions(loader, file, split, folder.name, entities)
    return loader.summary()


def _facts(loader: Loader, path: Path) -> set[str]:
    entities: set[str] = set()
    facts: set[tuple[str, str, str]] = set()
    for number, line in loader.lines(path):
        columns = line.split("|")
        if len(columns) != 3 or not all(column.strip() for column in columns) or "\t" in line:
            loader.bad(path, number, f"expected subject|relation|object, found {line[:100]!r}")
            continue
        loader.good()
        subject, relation, object_ = columns
        if (subject, relation, object_) not in facts:
            facts.add((subject, relation, object_))
            loader.writer.fact(subject, relation, object_)
            entities |= {subject, object_}
    for relation in sorted({relation for _, relation, _ in facts}):
        loader.writer.relation(RelationRecord.of_id(relation))
    for entity in sorted(entities):
        loader.writer.entity(EntityRecord(id=entity, name=entity))
    return entities


def _questions(loader: Loader, path: Path, split: str, kind: str, entities: set[str]) -> None:
    for number, line in loader.lines(path):
        text, tab, joined = line.partition("\t")
        topics = list(_TOPIC.finditer(text))
        answers = [answer for answer in joined.split("|") if answer]
        unknown = [entity for entity in (*answers, *(topic[1] for topic in topics)) if entity not in entities]
        if not tab or len(topics) != 1 or not answers or unknown:
            problem = (
                f"unknown entity {unknown[0]!r}"
                if unknown
                else f"expected question with [topic]<TAB>answers, found {line[:100]!r}"
            )
            loader.bad(path, number, problem)
            continue
        loader.good()
        topic = topics[0]
        loader.writer.question(
            split,
            {
                "id": f"{split}-{kind}-{number}",
                "question": text[: topic.start()] + topic[1] + text[topic.end() :],
                "answers": answers,
                "topics": [{"entity": topic[1], "mention": topic[1], "start": topic.start()}],
                "kind": kind,
            },
        )


def _work(arguments: argparse.Namespace) -> list[str]:
    if not arguments.src.is_dir():
        raise DataError(arguments.src, None, expected="a folder", found="none", then="Check SRC.")
    return [load(arguments.src, arguments.out, max_bad=arguments.max_bad)]


if __name__ == "__main__":
    sys.exit(run(_work, parser(__doc__)))
