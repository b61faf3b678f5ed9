"""Turn a prediction into an answer: names instead of rows, paths for its first entity, and the Cypher of those paths."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np
import torch

from kgqa.explain.answer import Answer, Fact, Mention, Operation, Path, RankedEntity, Reason
from kgqa.explain.paths import RelationPath, best_paths, members
from kgqa.explain.ranking import Ranking
from kgqa.graph.cypher import Chain, Extreme, Step, ask_again, count_again, prove
from kgqa.kb import KnowledgeBase
from kgqa.model.operators import Operator
from kgqa.model.prediction import OPEN, Model, Prediction
from kgqa.model.reasoner import Reasoning
from kgqa.ops import relations_of
from kgqa.threads import one_thread

MOST_OTHERS = 10
MOST_CANDIDATES = 5

_OPERATIONS: Final[dict[Operator, Operation]] = {
    Operator.SET: "set",
    Operator.COUNT: "count",
    Operator.LARGEST: "largest",
    Operator.SMALLEST: "smallest",
}

_WORDS: Final[dict[Reason, str]] = {
    "no mention": "nothing in the question is a name that the graph knows",
    "not in the graph": "the question asks for something that the graph does not hold",
    "no path": "the paths lead nowhere",
    "low confidence": "what was found is not sure enough",
}

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
    asked = prediction.asked
    if prediction.abstains or asked is None:
        return _abstention(kb, prediction, mentions)
    if asked.operator is Operator.COUNT:
        return _counted(model, prediction, mentions, branches)
    size = len(prediction.answer_set)
    ranked = Ranking(kb, prediction.rows, prediction.scores)
    answer = int(prediction.rows[0])
    found = _paths(model, prediction, branches, answer)
    chains = _chains(kb, found)
    having, must_have = _having(model, prediction, answer)
    node, identifier = kb.mapping.locate(kb.ids[answer])
    attribute = None if asked.attribute is None else kb.attributes[asked.attribute]
    extreme = None if attribute is None else Extreme(attribute.property, asked.operator is Operator.LARGEST)
    return Answer(
        question=text,
        entities=ranked[:size],
        operator=_OPERATIONS[asked.operator],
        attribute=None if attribute is None else attribute.name,
        others=ranked[size : size + MOST_OTHERS],
        mentions=mentions,
        confidence=prediction.confidence,
        having=must_have,
        paths=tuple(_path(kb, path) for path, _ in found),
        cypher=ask_again(chains, node.shape, kb.mapping.labels, limit, extreme, having),
        proof=prove(chains, node.shape, identifier, kb.mapping.labels, extreme, having),
    )


def _counted(model: Model, prediction: Prediction, mentions: tuple[Mention, ...], branches: Sequence[int]) -> Answer:
    kb, members = model.kb, int(prediction.value or 0)
    answer = Answer(
        question=prediction.layout.text,
        value=prediction.value,
        operator="count",
        counted=Ranking(kb, prediction.rows, prediction.scores)[:members],
        mentions=mentions,
        confidence=prediction.confidence,
    )
    if not members:
        return replace(answer, note="Nothing was found to count, so there is no query that counts it.")
    first = int(prediction.rows[0])
    found = _paths(model, prediction, branches, first)
    node, _ = kb.mapping.locate(kb.ids[first])
    having, must_have = _having(model, prediction, first)
    query = count_again(_chains(kb, found), node.shape, kb.mapping.labels, having)
    return replace(answer, having=must_have, paths=tuple(_path(kb, path) for path, _ in found), cypher=query)


def _having(model: Model, prediction: Prediction, answer: int) -> tuple[Step | None, str | None]:
    """Return the relation that answers must take part in, as a step and by name; None where probably none is asked for."""
    assert prediction.reasoning is not None
    wanted = prediction.reasoning.constraint.relations[prediction.number]
    relation = int(wanted.argmax())
    row = torch.tensor([answer])
    if float(wanted[relation]) <= OPEN or relation not in relations_of(model.kb.facts, row)[1].tolist():
        return None, None
    stored, forward = model.kb.stored(relation)
    return Step(stored.type, forward), model.kb.relation_name(relation)


def _abstention(kb: KnowledgeBase, prediction: Prediction, mentions: tuple[Mention, ...]) -> Answer:
    """Say why there is no answer; what was not sure enough stands among the others."""
    reason: Reason = "no path"
    others: Sequence[RankedEntity] = ()
    if not mentions:
        reason = "no mention"
    elif prediction.unsure:
        reason = "low confidence"
        others = Ranking(kb, prediction.rows, prediction.scores)[:MOST_OTHERS] if prediction.value is None else ()
    elif _asks_for_more(prediction):
        reason = "not in the graph"
    return Answer(
        question=prediction.layout.text,
        mentions=mentions,
        others=others,
        confidence=prediction.confidence,
        reason=reason,
        note=f"No answer: {_WORDS[reason]}.",
    )


def _asks_for_more(prediction: Prediction) -> bool:
    """Tell whether nothing is known to answer the question, or all that is reached is not what answers must be."""
    if prediction.reasoning is None or prediction.asked is None:
        return False
    reached = prediction.reasoning.reached
    return prediction.asked.operator is Operator.NOTHING or bool((reached.weights[reached.sets == prediction.number] > 0).any())


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
    with one_thread():
        for branch in branches:
            for path in best_paths(model.kb.facts, reasoning, branch, answer, epsilon=model.epsilon, most=1):
                found.append((path, _pairs(reasoning, branch, path)))
    return found


def _pairs(reasoning: Reasoning, branch: int, path: RelationPath) -> tuple[tuple[int, int], ...]:
    """Return the pairs of positions on a path that must differ for what the gates left out."""
    plan, hops = reasoning.plan, len(path.relations)
    pairs = [(hop - 2, hop) for hop in range(2, hops + 1) if float(plan.leave_last[branch, hop - 1]) > OPEN]
    if float(plan.leave_start[branch]) > OPEN and (0, hops) not in pairs:
        pairs.append((0, hops))
    levels = (reasoning.seeds, *reasoning.walks)
    return tuple(
        (low, high)
        for low, high in pairs
        # A gate that is not quite closed lets a walk through that comes back; its query must not forbid that.
        if path.entities[low] != path.entities[high]
        # Where nothing could have come back, as from a film to an actor to a film to a genre, there is nothing to forbid.
        and len(np.intersect1d(members(levels[low], branch)[0], members(levels[high], branch)[0], assume_unique=True))
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
                exact=span.exact,
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
