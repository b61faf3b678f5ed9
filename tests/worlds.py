"""Small worlds whose answers can be seen by looking at them, as canonical data folders and as knowledge bases."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kgqa.kb import KnowledgeBase
from kgqa.kb.facts import Facts
from kgqa.kb.materialise import materialise_files

FILMS_FACTS = (
    ("cast_away", "directed_by", "zemeckis"),
    ("cast_away", "starring", "hanks_actor"),
    ("cast_away", "written_by", "broyles"),
    ("contact", "directed_by", "zemeckis"),
    ("shaking_earth", "author", "hanks_scientist"),
)
"""The five-fact world: two films of one director, and two persons of one name."""

FILMS_ENTITIES: tuple[dict[str, Any], ...] = (
    {"id": "cast_away", "name": "Cast Away", "attributes": {"released": 2000}},
    {"id": "contact", "name": "Contact", "attributes": {"released": 1997}},
    {"id": "zemeckis", "name": "Robert Zemeckis", "aliases": ["Zemeckis"]},
    {"id": "hanks_actor", "name": "Tom Hanks"},
    {"id": "hanks_scientist", "name": "Tom Hanks"},
    {"id": "broyles", "name": "William Broyles Jr."},
    {"id": "shaking_earth", "name": "The Shaking Earth"},
)

FILMS_QUESTIONS: tuple[dict[str, Any], ...] = (
    {"id": "q1", "question": "Who directed Cast Away?", "answers": ["zemeckis"], "kind": "1-hop"},
    {"id": "q2", "question": "Who directed Contact?", "answers": ["zemeckis"], "kind": "1-hop"},
    {"id": "q3", "question": "Who wrote films starring Tom Hanks?", "answers": ["broyles"], "kind": "2-hop"},
    {"id": "q4", "question": "What films did Robert Zemeckis direct?", "answers": ["cast_away", "contact"], "kind": "1-hop"},
)

QUICK: Mapping[str, Any] = {
    "model": {"hops": 2, "hidden": 32, "min_word_count": 1},
    "training": {"epochs": 40, "batch": 4},
}
"""Settings with which a handful of questions is learned in seconds."""


def write_folder(
    folder: Path,
    *,
    entities: Iterable[Mapping[str, Any]] = FILMS_ENTITIES,
    facts: Iterable[tuple[str, str, str]] = FILMS_FACTS,
    relations: Iterable[Mapping[str, Any]] | None = None,
    questions: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
) -> Path:
    """Write a canonical data folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_lines(folder / "entities.jsonl", entities)
    (folder / "facts.tsv").write_text("".join("\t".join(fact) + "\n" for fact in facts), encoding="utf-8")
    if relations is not None:
        write_lines(folder / "relations.jsonl", relations)
    for split, lines in (questions or {}).items():
        (folder / "questions").mkdir(exist_ok=True)
        write_lines(folder / "questions" / f"{split}.jsonl", lines)
    return folder


def films(folder: Path) -> KnowledgeBase:
    """Materialise the five-fact world below `folder`."""
    return snapshot_of(write_folder(folder / "films"), folder / "films-snapshot")


def snapshot_of(data: Path, out: Path) -> KnowledgeBase:
    """Materialise a data folder without Neo4j."""
    materialise_files(data, out)
    return KnowledgeBase.load(out)


def grid(size: int) -> Facts:
    """A grid of size × size entities, numbered row by row; relation 0 leads east, 1 south (2 west and 3 north, inverse)."""
    triples = []
    for row in range(size):
        for column in range(size):
            here = row * size + column
            if column + 1 < size:
                triples.append((here, 0, here + 1))
            if row + 1 < size:
                triples.append((here, 1, here + size))
    return Facts.of(triples, num_entities=size * size, num_relations=2)


def write_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> Path:
    """Write a file with a JSON object on each line."""
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path
