"""What WorldCup2014 and PathQuestion share: facts in three tab-separated columns, and gold paths written with '#'."""

import re
from pathlib import Path

from kgqa.data import EntityRecord, RelationRecord
from loaders.common import Loader

INVERSE = "_inverse"


def read_facts(loader: Loader, path: Path) -> set[str]:
    """Write the facts of a file and the entities they name; return the entities.

    An empty field between two tabs is dropped. A relation written backwards, as `x_inverse`, becomes the fact of `x`.
    """
    facts: set[tuple[str, str, str]] = set()
    for number, line in loader.lines(path):
        columns = [column.strip() for column in line.split("\t") if column.strip()]
        if len(columns) != 3:
            loader.bad(path, number, f"expected subject<TAB>relation<TAB>object, found {line[:100]!r}")
            continue
        loader.good()
        subject, relation, object_ = columns
        if relation.endswith(INVERSE):
            subject, relation, object_ = object_, relation.removesuffix(INVERSE), subject
        facts.add((subject, relation, object_))
    for fact in sorted(facts):
        loader.writer.fact(*fact)
    for relation in sorted({relation for _, relation, _ in facts}):
        loader.writer.relation(RelationRecord(id=relation, name=words(relation)))
    entities = {entity for subject, _, object_ in facts for entity in (subject, object_)}
    for entity in sorted(entities):
        loader.writer.entity(EntityRecord(id=entity, name=words(entity)))
    return entities


def words(identifier: str) -> str:
    """Return an identifier as people would write it.

    >>> words("__film__cinematographer__film"), words("Alan_PULIDO")
    ('film cinematographer film', 'Alan PULIDO')
    """
    return " ".join(identifier.replace("_", " ").split()) or identifier


def topics_of(text: str, entities: list[str]) -> list[dict[str, object]]:
    """Return the topics of a question, with their places where the identifiers stand in it between blanks."""
    topics: list[dict[str, object]] = []
    for entity in dict.fromkeys(entities):
        match = re.search(rf"(?<!\S){re.escape(entity)}(?!\S)", text)
        topics.append({"entity": entity} | ({"mention": entity, "start": match.start()} if match else {}))
    return topics
