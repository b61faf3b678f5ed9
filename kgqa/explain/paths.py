"""Find the relation paths that brought an answer its score, with their exact shares.

A branch's score of an entity is a sum over walks: x_0[s] · r_1[p_1] · … · r_t[p_t] · a_t, times what rescaling and the gates
left at each entity on the way. Going backwards from the answer, the score that arrives at an entity is divided among the facts
that brought it there in proportion to what each brought, so nothing is lost or counted twice. All walks that share their last
relations are kept together; what they brought together bounds every longer path among them, so a best-first search finds the
best paths exactly.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from kgqa.kb.facts import Facts, run_of
from kgqa.model.reasoner import Reasoning
from kgqa.ops import EntitySet
from kgqa.ops.entity_set import members

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
    entities: NDArray[np.int64]
    mass: NDArray[np.float64]
    left: NDArray[np.float64] | None = None
    after: "_Bundle | None" = None


class _Level:
    """The weights of one branch at one hop, looked up among those of all branches."""

    def __init__(self, sets: EntitySet, branch: int) -> None:
        self._sets, self._branch = sets, branch
        self._keys, self._weights, self._first = sets.keys.numpy(), _array(sets.weights), branch * sets.num_entities

    @property
    def entities(self) -> NDArray[np.int64]:
        """Return what was reached, ascending."""
        return members(self._sets, self._branch)[0]

    def weight_at(self, entity: int) -> float:
        """Return the weight of an entity, 0 where it was not reached."""
        key = self._first + entity
        place = int(self._keys.searchsorted(key))
        return float(self._weights[place]) if place < len(self._keys) and self._keys[place] == key else 0.0

    def weights_at(self, entities: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the weight of each entity, 0 where it was not reached."""
        if not len(self._keys):
            return np.zeros(len(entities))
        keys = entities + self._first
        places = self._keys.searchsorted(keys)
        places[places == len(self._keys)] = 0
        return np.where(self._keys[places] == keys, self._weights[places], 0.0).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Walks:
    """A branch's walks, made ready to be traced back from any answer.

    The graph, the weights at each hop, the relations of each hop as they are seen from where they lead, and how far each number
    of hops is meant.
    """

    facts: "_Arrays"
    levels: list[_Level]
    back: NDArray[np.float64]
    hops: list[float]

    @classmethod
    def of(cls, facts: Facts, reasoning: Reasoning, branch: int) -> Self:
        """Take them from what the model thought.

        Args:
            facts: the knowledge base.
            reasoning: what the model thought.
            branch: the branch, 0 to S - 1.
        """
        levels = [_Level(sets, branch) for sets in (reasoning.seeds, *reasoning.walks)]
        relations, hops = (_array(part)[branch].astype(np.float64) for part in (reasoning.plan.relations, reasoning.plan.hops))
        # A fact (o, inverse of p, s) of o is the fact (s, p, o) read the other way.
        half = relations.shape[1] // 2
        back = np.concatenate((relations[:, half:], relations[:, :half]), axis=1)
        return cls(_Arrays(facts), levels, back, hops.tolist())

    def arriving(self, entity: int) -> list[float]:
        """Return what each number of hops adds to the branch's score of an entity."""
        return [share * level.weight_at(entity) for share, level in zip(self.hops, self.levels[1:], strict=True)]


class _Arrays:
    """The facts as arrays: on so few entities at a time torch would spend its time on calls."""

    def __init__(self, facts: Facts) -> None:
        self.pointer, self.relation, self.object = facts.pointer.numpy(), facts.relation.numpy(), facts.object.numpy()
        self.inverse = facts.inverse

    def along(self, entities: NDArray[np.int64], chosen: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the facts of each entity whose relation is chosen, as `kgqa.ops.facts_along` does."""
        from kgqa.ops._runs import arrays_along  # which imports a compiler

        return arrays_along(self.pointer, self.relation, entities, chosen)

    def objects(self, entity: int, relation: int) -> list[int]:
        """Return where a relation leads from an entity."""
        run = run_of(self.relation, relation, first=int(self.pointer[entity]), last=int(self.pointer[entity + 1]))
        objects: list[int] = self.object[run].tolist()
        return objects

    def led_to(self, start: int, relations: Sequence[int]) -> set[int]:
        """Return where relations lead from a start, one after the other."""
        reached = {start}
        for relation in relations:
            reached = {object_ for entity in reached for object_ in self.objects(entity, relation)}
        return reached


def best_paths(walks: Walks, answer: int, *, most: int = 3, start: int | None = None) -> list[RelationPath]:
    """Return the relation paths from which a branch has its score of an answer, the largest share first.

    Args:
        walks: the branch's walks.
        answer: the entity's row.
        most: how many paths are wanted. The order is exact unless a model is so undecided that `MOST_EXPANSIONS` are not enough.
        start: the row of the start that paths must begin at; any if not given. Shares are of the whole score all the same.
    """
    heap: list[tuple[float, int, _Bundle]] = []
    order = count()  # so that bundles of equal mass are never compared

    def push(bundle: _Bundle) -> None:
        heapq.heappush(heap, (-float(bundle.mass.sum()), next(order), bundle))

    for hop, mass in enumerate(walks.arriving(answer), start=1):
        if mass > 0:
            push(_Bundle(hop, (), np.array([answer]), np.array([mass])))
    total = -sum(mass for mass, _, _ in heap)
    found: list[RelationPath] = []
    for expansions in count():
        if not heap or len(found) == most:
            break
        if expansions >= MOST_EXPANSIONS:
            del heap[1:]
        _, _, bundle = heapq.heappop(heap)
        if bundle.hop == 0 and len(bundle.entities) == 1 and start in (None, int(bundle.entities[0])):
            walk = _best_walk(walks.facts, bundle)
            found.append(RelationPath(relations=bundle.relations, entities=walk, share=float(bundle.mass.sum()) / total))
        elif bundle.hop == 0:
            for place in range(len(bundle.entities)) if start is None else np.flatnonzero(bundle.entities == start).tolist():
                one = slice(place, place + 1)
                push(_Bundle(0, bundle.relations, bundle.entities[one], bundle.mass[one], None, bundle.after))
        else:
            for longer in _expand(walks, bundle):
                push(longer)
    return found


def start_shares(walks: Walks, answer: int) -> dict[int, float]:
    """Return what part of a branch's score of an answer came from each start, over all walks; they sum to 1.

    One pass back over the hops, without telling relations apart: exact, however many paths there are.

    Args:
        walks: the branch's walks.
        answer: the entity's row.

    Returns:
        The share of each start that brought something, by its row; empty if the answer was not reached.
    """
    arriving, starts = walks.arriving(answer), walks.levels[0].entities
    if len(starts) == 1:  # all that came, came from it
        return {int(starts[0]): 1.0} if any(arriving) else {}
    entities, mass = np.empty(0, dtype=np.int64), np.empty(0)
    for hop in range(len(arriving), 0, -1):
        entities, mass = _summed(np.append(entities, answer), np.append(mass, arriving[hop - 1]))
        kept = mass > 0
        flow = _flow(walks, hop, entities[kept], mass[kept])
        entities, mass = _summed(flow.source, flow.mass)
    total = mass.sum()
    return dict(zip(entities.tolist(), (mass / total).tolist(), strict=True)) if total > 0 else {}


@dataclass(frozen=True, eq=False)
class _Flow:
    """What came to entities over their facts, a hop back: from where, along which relation, how much of the answer's score.

    `arrived` is what came to each entity before rescaling and gates.
    """

    source: NDArray[np.int64]
    relation: NDArray[np.int64]
    mass: NDArray[np.float64]
    arrived: NDArray[np.float64]


def _flow(walks: Walks, hop: int, entities: NDArray[np.int64], mass: NDArray[np.float64]) -> _Flow:
    facts, back = walks.facts, walks.back[hop - 1]
    owner, fact = facts.along(entities, back > 0)
    source, relation = facts.object[fact].astype(np.int64), facts.relation[fact]
    brought = walks.levels[hop - 1].weights_at(source) * back[relation]
    arrived = np.bincount(owner, weights=brought, minlength=len(mass)).astype(np.float64)
    kept = np.flatnonzero(brought > 0)
    owner, relation = owner[kept], facts.inverse(relation[kept].astype(np.int64))
    return _Flow(source[kept], relation, mass[owner] * brought[kept] / arrived[owner], arrived)


def _summed(entities: NDArray[np.int64], mass: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return each entity once, ascending, with the sum of its masses."""
    if len(entities) < 2:
        return entities, mass
    once, places = np.unique(entities, return_inverse=True)
    return once, np.bincount(places, weights=mass, minlength=len(once)).astype(np.float64)


def _expand(walks: Walks, bundle: _Bundle) -> list[_Bundle]:
    """Go one hop back: a bundle for each relation that brought something."""
    flow = _flow(walks, bundle.hop, bundle.entities, bundle.mass)
    left = walks.levels[bundle.hop].weights_at(bundle.entities) / flow.arrived
    after = _Bundle(bundle.hop, bundle.relations, bundle.entities, bundle.mass, left, bundle.after)
    bundles = []
    for number in sorted(set(flow.relation.tolist())):
        chosen = flow.relation == number
        entities, mass = _summed(flow.source[chosen], flow.mass[chosen])
        bundles.append(_Bundle(bundle.hop - 1, (number, *bundle.relations), entities, mass, None, after))
    return bundles


def _best_walk(facts: _Arrays, start: _Bundle) -> tuple[int, ...]:
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
            for object_ in facts.objects(entity, relation):
                if object_ in factors and score * factors[object_] > reached.get(object_, (0.0, ()))[0]:
                    reached[object_] = (score * factors[object_], (*walk, object_))
        best, bundle = reached, after
    ((_, walk),) = best.values()  # the last bundle holds the answer alone
    return walk


def _array(tensor: Tensor) -> NDArray[Any]:
    return tensor.detach().numpy()
