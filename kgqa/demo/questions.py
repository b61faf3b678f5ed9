"""Make the questions of the demo world by walking its facts; the same ones every time.

A question is asked only if it has one reading: where a mention may name several entities, no other choice among them may
lead to another answer. So a model can learn from the answers alone which entity is meant. Where a question names two
entities, both are needed: neither alone leads to just the answers.
"""

import hashlib
import itertools
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from kgqa.demo.graph import Graph, names_of
from kgqa.demo.templates import Kind, Templates, fill

Split = Literal["train", "dev"]

MAX_ANSWERS: Final = 25
"""Questions with more answers are not asked."""

PER_KIND: Final[Mapping[Split, int]] = {"train": 80, "dev": 14}
"""Most questions of a kind with one topic; four times as many with two, which are harder to learn."""

_HELD_OUT_SHARE: Final = 0.2


@dataclass(frozen=True, kw_only=True)
class Instance:
    """Entities for the slots of a kind, and what they lead to."""

    topics: Mapping[str, str]
    reached: frozenset[str]


def make_questions(graph: Graph, templates: Templates) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of a question file, `train` or `dev`, and a line of it."""
    for kind in templates.kinds:
        by_split: dict[Split, list[Instance]] = {"train": [], "dev": []}
        for instance in instances(graph, kind):
            new = any(is_held_out(entity, templates) for entity in instance.topics.values())
            by_split["dev" if new else "train"].append(instance)
        for split, found in by_split.items():
            for question in _draw(graph, templates, kind, split, found):
                yield split, question


def instances(graph: Graph, kind: Kind) -> list[Instance]:
    """Return every way to fill the slots of a kind that can be asked: it has answers, not too many, and needs all topics."""
    starts = [_starts(graph, path) for path in kind.topics.values()]
    choices = _pairs(*starts) if len(starts) == 2 else ((start,) for start in starts[0])
    found = []
    for entities in choices:
        topics = dict(zip(kind.topics, entities, strict=True))
        reached = answers_of(graph, kind, topics)
        alone = [reached_by[entity] for reached_by, entity in zip(starts, entities, strict=True)]
        needed = len(alone) == 1 or reached not in alone
        compared = kind.attribute is None or largest(graph, reached, kind.attribute)
        if 0 < len(reached) <= MAX_ANSWERS and needed and compared:
            found.append(Instance(topics=topics, reached=reached))
    return found


def answers_of(graph: Graph, kind: Kind, topics: Mapping[str, str]) -> frozenset[str]:
    """Return what the topics lead to together."""
    sets = [graph.walk(topics[slot], path) for slot, path in kind.topics.items()]
    together = frozenset.intersection(*sets)
    return together - frozenset(topics.values()) if kind.leave_start else together


def largest(graph: Graph, entities: frozenset[str], attribute: str) -> list[str]:
    """Return the entities with the greatest value of an attribute, sorted; those without it are left out."""
    values = {entity: graph.entities[entity].attributes.get(attribute) for entity in entities}
    known = {entity: value for entity, value in values.items() if value is not None}
    return sorted(entity for entity, value in known.items() if value == max(known.values()))


def is_held_out(entity: str, templates: Templates) -> bool:
    """Tell whether training never asks about an entity: those that are listed, and a fifth of the others."""
    digest = hashlib.sha256(f"{templates.held_out_seed} {entity}".encode()).digest()
    return entity in templates.held_out or int.from_bytes(digest[:4]) < _HELD_OUT_SHARE * 2**32


def has_one_reading(graph: Graph, kind: Kind, mentions: Mapping[str, str], reached: frozenset[str]) -> bool:
    """Tell whether no choice among the entities that the mentions may name leads to anything but `reached`."""
    candidates = [graph.candidates(mention) for mention in mentions.values()]
    return all(len(entities) == 1 for entities in candidates) or all(
        answers_of(graph, kind, dict(zip(mentions, choice, strict=True))) <= reached for choice in itertools.product(*candidates)
    )


def _draw(graph: Graph, templates: Templates, kind: Kind, split: Split, found: Sequence[Instance]) -> Iterator[dict[str, Any]]:
    draw = random.Random(f"{kind.name} {split}")
    drawn = list(itertools.product(found, kind.train if split == "train" else kind.dev))
    draw.shuffle(drawn)
    texts: set[str] = set()
    for instance, wording in drawn:
        if len(texts) == PER_KIND[split] * len(kind.topics) ** 2:
            return
        mentions = {slot: draw.choice(names_of(graph.entities[entity])) for slot, entity in instance.topics.items()}
        text, starts = fill(wording, mentions, _articles(templates, instance, mentions))
        if text in texts or not has_one_reading(graph, kind, mentions, instance.reached):
            continue
        texts.add(text)
        yield {
            "id": f"{split}-{kind.name.replace(' ', '-')}-{len(texts)}",
            "question": text,
            **_right(graph, kind, instance.reached),
            "topics": [{"entity": instance.topics[slot], "mention": mentions[slot], "start": starts[slot]} for slot in starts],
            "kind": kind.name,
        }


def _articles(templates: Templates, instance: Instance, mentions: Mapping[str, str]) -> dict[str, str]:
    said_with = {slot: templates.articles.get(entity, ()) for slot, entity in instance.topics.items()}
    return {slot: "the " for slot, names in said_with.items() if mentions[slot] in names}


def _right(graph: Graph, kind: Kind, reached: frozenset[str]) -> dict[str, Any]:
    if kind.asks == "count":
        return {"value": len(reached)}
    if kind.asks == "no_answer":
        return {"answers": []}
    if kind.attribute is None:
        return {"answers": sorted(reached)}
    best = largest(graph, reached, kind.attribute)
    return {"value": graph.entities[best[0]].attributes[kind.attribute]} if kind.asks == "value" else {"answers": best}


def _starts(graph: Graph, path: tuple[str, ...]) -> dict[str, frozenset[str]]:
    walked = {entity: graph.walk(entity, path) for entity in graph.entities}
    return {entity: reached for entity, reached in walked.items() if reached}


def _pairs(left: Mapping[str, frozenset[str]], right: Mapping[str, frozenset[str]]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of different starts that reach a common entity, each once."""
    sources = defaultdict(list)
    for start, reached in right.items():
        for entity in reached:
            sources[entity].append(start)
    for start, reached in left.items():
        partners = dict.fromkeys(other for entity in sorted(reached) for other in sources[entity] if other != start)
        for other in partners:
            yield start, other
