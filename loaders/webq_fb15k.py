"""WebQ-FB15k: `facts.tsv` with a header, `entities.jsonl` (id, label, aliases, description), `SPLIT.jsonl` (questions).

    python -m loaders.webq_fb15k SRC OUT

Relations are named by the words of their Freebase path.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kgqa.data import RelationRecord
from kgqa.data.records import entity_of
from kgqa.errors import DataError
from loaders.common import MAX_BAD, Loader, parser, run


def load(src: Path, out: Path, *, max_bad: float = MAX_BAD) -> str:
    """Write the canonical folder; return one line that says what was read.

    Raises:
        DataError: a file is missing, or too many lines are malformed.
    """
    with Loader(out, max_bad=max_bad) as loader:
        entities = _entities(loader, src / "entities.jsonl")
        _facts(loader, src / "facts.tsv", entities)
        for path in sorted(src.glob("*.jsonl")):
            if path.name != "entities.jsonl":
                _questions(loader, path, entities)
    return loader.summary()


def _entities(loader: Loader, path: Path) -> set[str]:
    entities: set[str] = set()
    for number, value in _objects(loader, path):
        aliases = value.get("aliases", [])
        if not isinstance(aliases, list):
            loader.bad(path, number, f"expected a list of aliases, found {type(aliases).__name__}")
            continue
        fields = {
            "id": value.get("id"),
            "name": value.get("label") or None,
            "aliases": [alias for alias in aliases if isinstance(alias, str) and alias.strip()],
            "description": value.get("description") or None,
        }
        try:
            entity = entity_of(Path(path.name), number, fields)
        except DataError as error:
            loader.bad(path, number, str(error))
            continue
        if entity.id in entities:
            loader.bad(path, number, f"expected every id once, found {entity.id!r} again")
            continue
        loader.good()
        entities.add(entity.id)
        loader.writer.entity(entity)
    return entities


def _facts(loader: Loader, path: Path, entities: set[str]) -> None:
    relations: set[str] = set()
    facts: set[tuple[str, ...]] = set()
    for number, line in loader.lines(path):
        columns = tuple(line.split("\t"))
        if number == 1 and columns == ("subject", "relation", "object"):
            continue
        if len(columns) != 3 or columns[0] not in entities or columns[2] not in entities:
            loader.bad(path, number, f"expected subject<TAB>relation<TAB>object with known entities, found {line[:100]!r}")
            continue
        loader.good()
        if columns not in facts:
            facts.add(columns)
            relations.add(columns[1])
            loader.writer.fact(*columns)
    for relation in sorted(relations):
        loader.writer.relation(RelationRecord(id=relation, name=_words(relation)))


def _questions(loader: Loader, path: Path, entities: set[str]) -> None:
    for number, value in _objects(loader, path):
        text, answers, topics = value.get("question"), value.get("answers"), value.get("topics") or []
        known = isinstance(answers, list) and bool(answers) and all(isinstance(a, str) and a in entities for a in answers)
        if not isinstance(text, str) or not text.strip() or not known:
            loader.bad(path, number, "expected a question and answers that are known entities")
            continue
        if not isinstance(topics, list) or not all(isinstance(topic, dict) for topic in topics):
            loader.bad(path, number, "expected topics to be a list of objects")
            continue
        loader.good()
        loader.writer.question(
            path.stem,
            {
                "id": value.get("id", f"{path.stem}-{number}"),
                "question": text,
                "answers": answers,
                "topics": [_topic(text, topic) for topic in topics if str(topic.get("entity")) in entities],
            },
        )


def _topic(text: str, topic: dict[str, Any]) -> dict[str, object]:
    """Return a topic with its mention as it stands in the question; the source has blanks around the mention's punctuation.

    >>> _topic("where did c.s. lewis live?", {"entity": "lewis", "mention": "c . s . lewis", "start": 12})
    {'entity': 'lewis', 'mention': 'c.s. lewis', 'start': 10}
    """
    words, start = str(topic.get("mention") or "").split(), topic.get("start")
    meant = start if isinstance(start, int) else 0
    places = re.finditer(r"\s*".join(map(re.escape, words)), text) if words else iter(())
    nearest = min(places, key=lambda place: abs(place.start() - meant), default=None)
    return {"entity": topic["entity"]} | ({"mention": nearest[0], "start": nearest.start()} if nearest else {})


def _objects(loader: Loader, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in loader.lines(path):
        try:
            value = json.loads(line)
            json.dumps(value, ensure_ascii=False).encode("utf-8")  # an escape may bring half of a surrogate pair
        except (ValueError, RecursionError) as error:
            loader.bad(path, number, f"expected a JSON object: {error}")
            continue
        if isinstance(value, dict):
            yield number, value
        else:
            loader.bad(path, number, f"expected a JSON object, found {type(value).__name__}")


def _words(relation: str) -> str:
    """Return the words of a Freebase path, none twice in a row.

    >>> _words("/film/film/directed_by")
    'film directed by'
    """
    words = relation.replace("/", " ").replace("_", " ").replace(".", " ").split()
    return " ".join(word for place, word in enumerate(words) if place == 0 or word != words[place - 1])


def _work(arguments: argparse.Namespace) -> list[str]:
    return [load(arguments.src, arguments.out, max_bad=arguments.max_bad)]


if __name__ == "__main__":
    sys.exit(run(_work, parser(__doc__)))
