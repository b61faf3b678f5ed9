"""Find the relation paths that brought an answer its score, with their exact shares.

A branch's score of an entity is a sum over walks: x_0[s] · r_1[p_1] · … · r_t[p_t] · a_t, times what rescaling and the gates
left at each entity on the way. Going backwards from the answer, the score that arrives at an entity is divided among the facts
that brought it there in proportion to what each brought, so nothing is lost or counted twice. All walks that share their last
relations are kept together; what they brought together bounds every longer path among them, so a best-first search finds the
best paths exactly.
"""

import heapq
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

import torch
from torch import Tensor

from kgqa.kb.facts import Facts
from kgqa.model.reasoner import Reasoning
from kgqa.ops import EntitySet, facts_along

MOST_EXPANSIONS: Final = 500
"""Bundles of walks that are looked at for one answer; a sharp model needs a few. After that only the best one is followed."""


@dataclass(frozen=True, kw_only=True)
class RelationPath:
    """A start, the relations followed from it, and the best walk along them.

    Attributes:
        relations: the relation of each hop, 0 to N_R - 1.
        entities: rows of the best walk: the start, one for each hop; the last is the answer.
        share: what part of the branch's score of the answer came along this path, over all its walks.
    """

    relations: tuple[int, ...]
    entities: tuple[int, ...]
    share: float


@dataclass(frozen=True, eq=False)
class _Bundle:
    """All walks to the answer that end with the same relations, where they stand at one hop.

    `entities` has shape (n,), ascending; `mass` is the score that passes through each; `left` is what rescaling and gates leave
    of what arrives there. `after` is the bundle one relation shorter.
    """

    hop: int
    relations: tuple[int, ...]
    entities: Tensor
    mass: Tensor
    left: Tensor | None = None
    after: "_Bundle | None" = None


def best_paths(
    facts: Facts, reasoning: Reasoning, branch: int, answer: int, *, epsilon: float, most: int = 3
) -> list[RelationPath]:
    """Return the relation paths from which a branch has its score of an answer, the largest share first.

    Args:
        facts: the knowledge base.
        reasoning: what the model thought.
        branch: the branch, 0 to S - 1.
        answer: the entity's row.
        epsilon: as in the forward pass: relations of a smaller probability were not followed.
        most: how many paths are wanted. The order is exact unless a model is so undecided that `MOST_EXPANSIONS` are not enough.
    """
    sets = [x.only(branch) for x in (reasoning.seeds, *reasoning.walks)]
    levels = [x.with_weights(x.weights.double()) for x in sets]
    relations = reasoning.plan.relations[branch].double()
    hops = reasoning.plan.hops[branch].double()
    heap: list[tuple[float, int, _Bundle]] = []
    order = count()  # so that bundles of equal mass are never compared

    def push(bundle: _Bundle) -> None:
        heapq.heappush(heap, (-float(bundle.mass.sum()), next(order), bundle))

    row = torch.tensor([answer])
    for hop in range(1, len(levels)):
        mass = hops[hop - 1] * levels[hop].weights_at(row)
        if float(mass) > 0:
            push(_Bundle(hop, (), row, mass))
    total = -sum(mass for mass, _, _ in heap)
    found: list[RelationPath] = []
    for expansions in count():
        if not heap or len(found) == most:
            break
        if expansions >= MOST_EXPANSIONS:
            del heap[1:]
        _, _, bundle = heapq.heappop(heap)
        if bundle.hop == 0 and len(bundle.entities) == 1:
            walk = _best_walk(facts, bundle)
            found.append(RelationPath(relations=bundle.relations, entities=walk, share=float(bundle.mass.sum()) / total))
        elif bundle.hop == 0:
            for place in range(len(bundle.entities)):
                one = slice(place, place + 1)
                push(_Bundle(0, bundle.relations, bundle.entities[one], bundle.mass[one], None, bundle.after))
        else:
            for longer in _expand(facts, bundle, levels, relations[bundle.hop - 1], epsilon):
                push(longer)
    return found


def _expand(facts: Facts, bundle: _Bundle, levels: list[EntitySet], relations: Tensor, epsilon: float) -> list[_Bundle]:
    """Go one hop back: a bundle for each relation that brought something."""
    # A fact (o, inverse of p, s) of o is the fact (s, p, o) read the other way.
    walked = (relations >= max(epsilon, 1e-30)).roll(len(relations) // 2)
    owner, fact = facts_along(facts, bundle.entities, walked)
    source, relation = facts.object[fact].long(), facts.inverse(facts.relation[fact].long())
    brought = levels[bundle.hop - 1].weights_at(source) * relations[relation]
    arrived = torch.zeros_like(bundle.mass).index_add(0, owner, brought)
    kept = torch.nonzero(brought > 0).squeeze(1)
    source, relation, owner, brought = source[kept], relation[kept], owner[kept], brought[kept]
    flow = bundle.mass[owner] * brought / arrived[owner]
    after = replace(bundle, left=levels[bundle.hop].weights_at(bundle.entities) / arrived)
    bundles = []
    for number in torch.unique(relation).tolist():
        chosen = relation == number
        entities, places = torch.unique(source[chosen], return_inverse=True)
        mass = flow.new_zeros(len(entities)).index_add(0, places, flow[chosen])
        bundles.append(_Bundle(bundle.hop - 1, (number, *bundle.relations), entities, mass, None, after))
    return bundles


def _best_walk(facts: Facts, start: _Bundle) -> tuple[int, ...]:
    """Walk forward along the bundles, keeping for each entity the best way to it."""
    best: dict[int, tuple[float, tuple[int, ...]]] = {int(start.entities[0]): (1.0, (int(start.entities[0]),))}
    bundle = start
    for relation in start.relations:
        after = bundle.after
        assert after is not None
        assert after.left is not None
        factors = dict(zip(after.entities.tolist(), after.left.tolist(), strict=True))
        reached: dict[int, tuple[float, tuple[int, ...]]] = {}
        for entity, (score, walk) in best.items():
            for object_ in _objects(facts, entity, relation):
                if object_ in factors and score * factors[object_] > reached.get(object_, (0.0, ()))[0]:
                    reached[object_] = (score * factors[object_], (*walk, object_))
        best, bundle = reached, after
    ((_, walk),) = best.values()  # the last bundle holds the answer alone
    return walk


def _objects(facts: Facts, entity: int, relation: int) -> list[int]:
    chosen = torch.arange(facts.num_relations) == relation
    objects: list[int] = facts.object[facts_along(facts, torch.tensor([entity]), chosen)[1]].tolist()
    return objects
