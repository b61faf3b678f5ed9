"""Turn a prediction into an answer: names instead of rows, paths for its first entity, and the Cypher of those paths."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from kgqa.explain.answer import Answer, Compared, Fact, Mention, Operation, Path, RankedEntity, Reason
from kgqa.explain.branches import Traced, mentioned, traced
from kgqa.explain.mentions import entity_of, mentions_of
from kgqa.explain.paths import RelationPath
from kgqa.explain.ranking import Ranking
from kgqa.graph.cypher import Chain, Extreme, NodeShape, Step, ask_again, count_again, prove, value_again
from kgqa.kb import KnowledgeBase
from kgqa.model.operators import Operator, likely
from kgqa.model.prediction import Asked, Model, Prediction
from kgqa.model.reasoner import OPEN
from kgqa.ops import relations_of
from kgqa.ops.entity_set import members

MOST_OTHERS = 10

_OPERATIONS: Final[dict[Operator, Operation]] = {
    Operator.SET: "set",
    Operator.LARGEST: "largest",
    Operator.SMALLEST: "smallest",
}

_WORDS: Final[dict[Reason, str]] = {
    "no mention": "nothing in the question is a name that the graph knows",
    "not in the graph": "the question asks for something that the graph does not hold",
    "no path": "the paths lead nowhere, or to nothing in common",
    "low confidence": "what was found is not sure enough",
}


def trace(model: Model, prediction: Prediction, *, limit: int) -> Answer:
    """Explain a prediction; no query is run.

    Args:
        model: the model that made it.
        prediction: what it predicted.
        limit: the largest number of rows that the Cypher query returns.
    """
    kb, text = model.kb, prediction.layout.text
    branches = prediction.open_branches()
    asked = prediction.asked
    if prediction.abstains or asked is None:
        return _abstention(kb, prediction, mentions_of(kb, prediction, branches))
    if asked.operator is Operator.COUNT:
        return _counted(model, prediction, branches)
    if prediction.value is not None:
        return _looked_up(model, prediction, asked, branches, limit)
    size = len(prediction.answer_set)
    ranked = Ranking(kb, prediction.rows, prediction.scores)
    answer = int(prediction.rows[0])
    found = traced(model, prediction, branches, answer)
    chains = _chains(kb, found)
    having, must_have = _having(model, prediction, answer, found)
    node, identifier = kb.mapping.locate(kb.ids[answer])
    kinds = _kinds(kb, prediction.rows[:size])
    attribute = None if asked.attribute is None else kb.attributes[asked.attribute]
    extreme = None if attribute is None else Extreme(attribute.property, asked.operator is Operator.LARGEST)
    return Answer(
        question=text,
        entities=ranked[:size],
        operator=_OPERATIONS[asked.operator],
        attribute=None if attribute is None else attribute.name,
        others=ranked[size : size + MOST_OTHERS],
        compared=() if asked.attribute is None else _compared(kb, prediction, asked),
        mentions=mentions_of(kb, prediction, branches, found, answer),
        confidence=prediction.confidence,
        having=must_have,
        **_told(kb, found),
        cypher=ask_again(chains, kinds, kb.mapping.labels, limit, extreme, having, named=not kb.all_named),
        proof=prove(chains, node.shape, identifier, kb.mapping.labels, extreme, having, answers=kinds),
    )


def _counted(model: Model, prediction: Prediction, branches: Sequence[int]) -> Answer:
    kb, members = model.kb, int(prediction.value or 0)
    answer = Answer(
        question=prediction.layout.text,
        value=prediction.value,
        operator="count",
        counted=Ranking(kb, prediction.rows, prediction.scores)[:members],
        confidence=prediction.confidence,
    )
    if not members:
        note = "Nothing was found to count, so there is no query that counts it."
        return replace(answer, mentions=mentions_of(kb, prediction, branches), note=note)
    first = int(prediction.rows[0])
    found = traced(model, prediction, branches, first)
    having, must_have = _having(model, prediction, first, found)
    query = count_again(_chains(kb, found), _kinds(kb, prediction.rows[:members]), kb.mapping.labels, having)
    mentions = mentions_of(kb, prediction, branches, found, first)
    return replace(answer, mentions=mentions, having=must_have, **_told(kb, found), cypher=query)


def _looked_up(model: Model, prediction: Prediction, asked: Asked, branches: Sequence[int], limit: int) -> Answer:
    assert asked.attribute is not None and prediction.value is not None
    kb, answer = model.kb, int(prediction.rows[0])
    if asked.operator is Operator.OWN_VALUE:
        found = [mentioned(prediction, answer, asked.attribute)]
        told: dict[str, Any] = {"explained": 1.0, "mentions": mentions_of(kb, prediction, [found[0].branch], found)}
        having = None
    else:
        found = traced(model, prediction, branches, answer)
        having, must_have = _having(model, prediction, answer, found)
        mentions = mentions_of(kb, prediction, branches, found, answer)
        told = {"mentions": mentions, "having": must_have} | _told(kb, found)
    attribute = kb.attributes[asked.attribute]
    node, identifier = kb.mapping.locate(kb.ids[answer])
    query = partial(value_again, _chains(kb, found), node.shape, kb.mapping.labels, attribute.property)
    return Answer(
        question=prediction.layout.text,
        value=prediction.value,
        operator="value",
        attribute=attribute.name,
        compared=(Compared(id=kb.ids[answer], name=kb.name(answer), value=prediction.value),),
        confidence=prediction.confidence,
        **told,
        cypher=query(limit, having),
        proof=query(1, having, answer_id=identifier),
    )


def _told(kb: KnowledgeBase, found: Sequence[Traced]) -> dict[str, Any]:
    """Return the paths as an answer tells them: the best of each mention, the others, and how much all explain."""
    return {
        "paths": tuple(_path(kb, one.paths[0], one.place) for one in found),
        "more_paths": tuple(_path(kb, path, one.place) for one in found for path in one.paths[1:]),
        "explained": round(min((sum(path.share for path in one.paths) for one in found), default=0.0), 6),
    }


def _compared(kb: KnowledgeBase, prediction: Prediction, asked: Asked) -> tuple[Compared, ...]:
    """Return the winner of an extreme and the first that differs from it, with their values."""
    assert prediction.reasoning is not None
    sets, attribute = prediction.reasoning.sets, asked.attribute
    rows, own = members(sets, prediction.number)
    values, weights = kb.values[torch.from_numpy(rows), attribute].double().numpy(), sets.weights.numpy()[own]
    valued = ~np.isnan(values)
    known = valued & likely(weights, weights[valued].max(initial=0.0), above=OPEN)
    rows, values = rows[known], values[known]
    order = np.lexsort((rows, -values if asked.operator is Operator.LARGEST else values))
    places = [order[0], *[place for place in order if values[place] != values[order[0]]][:1]] if len(order) else []
    return tuple(Compared(id=kb.ids[rows[place]], name=kb.name(int(rows[place])), value=float(values[place])) for place in places)


def _having(model: Model, prediction: Prediction, answer: int, found: Sequence[Traced]) -> tuple[Step | None, str | None]:
    """Return the relation that answers must take part in, as a step and by name.

    None where probably none is asked for, or where a path ends with the same relation: all that it reaches has it.
    """
    assert prediction.reasoning is not None
    wanted = prediction.reasoning.constraint.relations[prediction.number].numpy()
    relation = int(wanted.argmax())
    if wanted[relation] <= OPEN or any(model.kb.facts.inverse(one.paths[0].relations[-1]) == relation for one in found):
        return None, None
    if relation not in relations_of(model.kb.facts, torch.tensor([answer]))[1].tolist():
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


def _kinds(kb: KnowledgeBase, rows: NDArray[np.int64]) -> tuple[NodeShape, ...]:
    """Return the kinds of nodes that some entities are, in the order of the mapping."""
    return tuple(kb.mapping.nodes[place].shape for place in np.unique(kb.kinds(rows)).tolist())


def _chains(kb: KnowledgeBase, found: Sequence[Traced]) -> list[Chain]:
    chains = []
    for one in found:
        path = one.paths[0]
        node, start = kb.mapping.locate(kb.ids[path.entities[0]])
        walked = map(kb.stored, path.relations)
        steps = tuple(Step(relation.type, forward) for relation, forward in walked)
        chains.append(Chain(node.shape, start, steps, one.differ))
    return list(dict.fromkeys(chains))  # what a question names twice need not be followed twice


def _path(kb: KnowledgeBase, path: RelationPath, mention: int) -> Path:
    walked = [entity_of(kb, row, 1.0) for row in path.entities]
    facts = []
    for number, before, after in zip(path.relations, walked, walked[1:], strict=False):
        relation, forward = kb.stored(number)
        subject, object_ = (before, after) if forward else (after, before)
        facts.append(
            Fact(
                subject=subject.id,
                subject_name=subject.name,
                relation=relation.id,
                relation_name=relation.name,
                object=object_.id,
                object_name=object_.name,
            )
        )
    return Path(
        mention=mention,
        start=walked[0],
        relations=tuple(kb.relation_name(relation) for relation in path.relations),
        share=round(path.share, 6),
        facts=tuple(facts),
    )
