"""Turn a prediction into an answer: names instead of rows, paths for its first entity, and the Cypher of those paths."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from kgqa.explain.answer import Answer, Fact, Mention, Path, RankedEntity
from kgqa.explain.paths import RelationPath, best_paths
from kgqa.explain.ranking import Ranking
from kgqa.graph.cypher import Chain, Step, ask_again, prove
from kgqa.kb import KnowledgeBase
from kgqa.model.prediction import OPEN, Model, Prediction
from kgqa.model.reasoner import Reasoning
from kgqa.threads import one_thread

MOST_OTHERS = 10
MOST_CANDIDATES = 5

Traced: TypeAlias = tuple[RelationPath, tuple[tuple[int, int], ...]]
"""A path, and the pairs of positions on it at which its entities must differ."""


def trace(model: Model, prediction: Prediction, *, limit: int) -> Answer:
    """Explain a prediction; no query is run.

    Args:
        model: the model that made it.
        prediction: what it predicted.
        limit: the largest number of rows that the Cypher query returns.
    """
    kb, text = model.kb, prediction.layout.text
    branches = prediction.open_branches()
    mentions = _mentions(kb, prediction, branches)
    if prediction.abstains:
        why = "the paths lead nowhere" if mentions else "nothing in the question is a name that the graph knows"
        return Answer(question=text, mentions=mentions, note=f"No answer: {why}.")
    size = len(prediction.answer_set)
    ranked = Ranking(kb, prediction.rows, prediction.scores)
    answer = int(prediction.rows[0])
    with one_thread():
        found = _paths(model, prediction, branches, answer)
    chains = _chains(kb, found)
    node, identifier = kb.mapping.locate(kb.ids[answer])
    return Answer(
        question=text,
        entities=ranked[:size],
        others=ranked[size : size + MOST_OTHERS],
        mentions=mentions,
        paths=tuple(_path(kb, path) for path, _ in found),
        cypher=ask_again(chains, node.shape, kb.mapping.labels, limit),
        proof=prove(chains, node.shape, identifier, kb.mapping.labels),
    )


def _chains(kb: KnowledgeBase, found: Sequence[Traced]) -> list[Chain]:
    chains = []
    for path, differ in found:
        node, start = kb.mapping.locate(kb.ids[path.entities[0]])
        walked = map(kb.stored, path.relations)
        steps = tuple(Step(relation.type, forward) for relation, forward in walked)
        chains.append(Chain(node.shape, start, steps, differ))
    return chains


def _paths(model: Model, prediction: Prediction, branches: Sequence[int], answer: int) -> list[Traced]:
    """Return the best path of each branch that takes part, with the positions at which it must differ."""
    assert prediction.reasoning is not None
    reasoning = prediction.reasoning
    found = []
    for branch in branches:
        paths = best_paths(model.kb.facts, reasoning, branch, answer, epsilon=model.epsilon, most=1)
        for path in paths:
            found.append((path, _pairs(reasoning, branch, path)))
    return found


def _pairs(reasoning: Reasoning, branch: int, path: RelationPath) -> tuple[tuple[int, int], ...]:
    """Return the pairs of positions on a path that must differ for what the gates left out."""
    plan, hops = reasoning.plan, len(path.relations)
    pairs = [(hop - 2, hop) for hop in range(2, hops + 1) if float(plan.leave_last[branch, hop - 1]) > OPEN]
    if float(plan.leave_start[branch]) > OPEN and (0, hops) not in pairs:
        pairs.append((0, hops))
    levels = [sets.only(branch).keys.numpy() for sets in (reasoning.seeds, *reasoning.walks)]
    return tuple(
        (low, high)
        for low, high in pairs
        # A gate that is not quite closed lets a walk through that comes back; its query must not forbid that.
        if path.entities[low] != path.entities[high]
        # Where nothing could have come back, as from a film to an actor to a film to a genre, there is nothing to forbid.
        and len(np.intersect1d(levels[low], levels[high], assume_unique=True))
    )


def _mentions(kb: KnowledgeBase, prediction: Prediction, branches: Sequence[int]) -> tuple[Mention, ...]:
    reasoning, batch, layout = prediction.reasoning, prediction.batch, prediction.layout
    if reasoning is None or batch is None:
        return ()
    mentions = []
    owners, first = batch.candidate_branch.numpy(), int(np.searchsorted(batch.question.numpy(), prediction.number))
    for branch in branches:
        own = slice(*np.searchsorted(owners, (branch, branch + 1)).tolist())
        rows, shares = batch.candidate[own].tolist(), reasoning.candidates[own].tolist()
        order = sorted(range(len(rows)), key=lambda place: -shares[place])[:MOST_CANDIDATES]
        candidates = tuple(_entity(kb, rows[place], round(shares[place], 6)) for place in order)
        span = layout.branches[branch - first].span
        inside = layout.tokens[span.first : span.last + 1]
        start, end = (inside[0].start, inside[-1].end) if inside else (len(layout.text), len(layout.text))
        mentions.append(
            Mention(
                text=layout.text[start:end],
                start=start,
                end=end,
                probability=round(float(reasoning.gates[branch]), 6),
                candidates=candidates,
            )
        )
    return tuple(mentions)


def _path(kb: KnowledgeBase, path: RelationPath) -> Path:
    facts = []
    for place, number in enumerate(path.relations):
        relation, forward = kb.stored(number)
        walked = path.entities[place], path.entities[place + 1]
        subject, object_ = walked if forward else reversed(walked)
        facts.append(
            Fact(
                subject=kb.ids[subject],
                subject_name=kb.name(subject),
                relation=relation.id,
                relation_name=relation.name,
                object=kb.ids[object_],
                object_name=kb.name(object_),
            )
        )
    return Path(
        start=_entity(kb, path.entities[0], 1.0),
        relations=tuple(kb.relation_name(relation) for relation in path.relations),
        share=round(path.share, 6),
        facts=tuple(facts),
    )


def _entity(kb: KnowledgeBase, row: int, score: float) -> RankedEntity:
    return RankedEntity(id=kb.ids[row], name=kb.name(row), score=score)
