"""The best paths against a slow enumeration of every walk."""

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kgqa import ops
from kgqa.explain.paths import Walks, best_paths, start_shares
from kgqa.kb.facts import Facts
from kgqa.model.constraint import Constraint
from kgqa.model.hops import Plan
from kgqa.model.operators import Choice, Operator
from kgqa.model.reasoner import Reasoning
from kgqa.ops import EntitySet
from tests.worlds import grid


def reason(facts: Facts, seeds: Tensor, plan: Plan) -> Reasoning:
    """Walk one branch as the reasoner does, with a plan that is set by hand."""
    start = EntitySet.of_dense(seeds[None])
    walks = [start]
    for hop in range(plan.relations.shape[1]):
        reached = ops.rescale(ops.follow_pruned(facts, walks[-1], plan.relations[:, hop], epsilon=1e-30)[0])
        if hop:
            reached = ops.exclude(reached, walks[-2], plan.leave_last[:, hop])
        walks.append(reached)
    branch = ops.exclude(ops.mix(walks[1:], plan.hops), start, plan.leave_start)
    one = torch.ones(1)
    choice = Choice(torch.eye(len(Operator))[:1], torch.zeros(1, 0))
    anything = Constraint(torch.zeros(1, facts.num_relations), one)
    values, question = torch.zeros(facts.num_entities, 0), torch.zeros(1)
    return Reasoning(
        *(branch, branch, choice, anything, one, one, one, plan, start, walks[1:], branch),
        values=values,
        named=None,
        question=question,
    )


def plan_of(relations: Tensor, hops: Tensor, leave_start: float = 0.0, leave_last: float = 0.0) -> Plan:
    return Plan(
        relations=relations[None],
        hops=hops[None],
        leave_start=torch.tensor([leave_start]),
        leave_last=torch.full((1, len(hops)), leave_last),
    )


def every_walk(facts: Facts, reasoning: Reasoning, answer: int) -> dict[tuple[int, tuple[int, ...]], float]:
    """Return what each (start, relations) brings to the answer, by trying every walk."""
    plan = reasoning.plan
    levels = [dict(zip(x.entities.tolist(), x.weights.tolist(), strict=True)) for x in (reasoning.seeds, *reasoning.walks)]
    triples = list(zip(facts.subject.tolist(), facts.relation.tolist(), facts.object.tolist(), strict=True))
    raw: list[dict[int, float]] = [{}]
    for hop in range(1, len(levels)):
        arrived: dict[int, float] = {}
        for s, p, o in triples:
            arrived[o] = arrived.get(o, 0.0) + levels[hop - 1].get(s, 0.0) * float(plan.relations[0, hop - 1, p])
        raw.append(arrived)
    found: dict[tuple[int, tuple[int, ...]], float] = {}

    def go(start: int, here: int, hop: int, relations: tuple[int, ...], weight: float) -> None:
        if hop and here == answer:
            key = (start, relations)
            found[key] = found.get(key, 0.0) + weight * float(plan.hops[0, hop - 1])
        if hop + 1 == len(levels):
            return
        for s, p, o in triples:
            share = float(plan.relations[0, hop, p])
            if s == here and share > 0 and levels[hop + 1].get(o, 0.0) > 0:
                left = levels[hop + 1][o] / raw[hop + 1][o]
                go(start, o, hop + 1, (*relations, p), weight * share * left)

    for start, weight in levels[0].items():
        go(start, start, 0, (), weight)
    return {key: share for key, share in found.items() if share > 0}


def test_the_shares_of_all_paths_are_those_of_every_walk():
    facts = grid(3)
    relations = torch.tensor([[0.6, 0.3, 0.05, 0.05], [0.2, 0.5, 0.2, 0.1]], dtype=torch.float64)
    seeds = torch.zeros(9, dtype=torch.float64)
    seeds[0], seeds[4] = 0.7, 0.3
    reasoning = reason(facts, seeds, plan_of(relations, torch.tensor([0.4, 0.6], dtype=torch.float64), 0.2, 0.5))
    answer = 4
    expected = every_walk(facts, reasoning, answer)
    total = sum(expected.values())

    found = best_paths(Walks.of(facts, reasoning, 0), answer, most=100)

    shares = {(path.entities[0], path.relations): path.share for path in found}
    assert shares.keys() == expected.keys()
    for key, share in expected.items():
        assert math.isclose(shares[key], share / total, rel_tol=1e-6)
    assert math.isclose(sum(shares.values()), 1.0, rel_tol=1e-6)
    assert [path.share for path in found] == sorted((path.share for path in found), reverse=True)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_best_path_of_a_drawn_graph_is_the_best_of_every_walk(data):
    triple = st.tuples(st.integers(0, 4), st.integers(0, 1), st.integers(0, 4))
    triples = data.draw(st.lists(triple, min_size=1, max_size=8))
    facts = Facts.of(triples, num_entities=5, num_relations=2)
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 1000)))
    relations = torch.rand(2, 4, generator=generator, dtype=torch.float64).softmax(1)
    hops = torch.rand(2, generator=generator, dtype=torch.float64).softmax(0)
    seeds = torch.rand(5, generator=generator, dtype=torch.float64) * (torch.rand(5, generator=generator) < 0.5)
    reasoning = reason(facts, seeds, plan_of(relations, hops, 0.3, 0.3))
    for answer in range(5):
        expected = every_walk(facts, reasoning, answer)
        found = best_paths(Walks.of(facts, reasoning, 0), answer, most=1)
        assert bool(found) == bool(expected)
        if found:
            best = max(expected.values())
            assert math.isclose(expected[found[0].entities[0], found[0].relations], best, rel_tol=1e-9)
            assert math.isclose(found[0].share, best / sum(expected.values()), rel_tol=1e-9)
        by_start: dict[int, float] = {}
        for (start, _), share in expected.items():
            by_start[start] = by_start.get(start, 0.0) + share / sum(expected.values())
        shares = start_shares(Walks.of(facts, reasoning, 0), answer)
        assert shares.keys() == by_start.keys()
        assert all(math.isclose(shares[start], share, rel_tol=1e-9) for start, share in by_start.items())


def test_the_share_of_a_start_is_what_the_score_loses_without_it():
    """The score is linear in the weights of the starts, as long as nothing is rescaled: shares are gradients times weights."""
    facts = grid(3)
    relations = torch.tensor([[0.3, 0.3, 0.2, 0.2], [0.2, 0.4, 0.2, 0.2]], dtype=torch.float64)
    seeds = (0.1 * torch.rand(9, generator=torch.Generator().manual_seed(1), dtype=torch.float64)).requires_grad_()
    plan = plan_of(relations, torch.tensor([0.4, 0.6], dtype=torch.float64))
    score = reason(facts, seeds, plan).branches.dense()[0, 4]
    (gradient,) = torch.autograd.grad(score, seeds)

    shares = start_shares(Walks.of(facts, reason(facts, seeds.detach(), plan), 0), 4)

    expected = (gradient * seeds / score).tolist()
    assert all(math.isclose(shares.get(start, 0.0), share, abs_tol=1e-5) for start, share in enumerate(expected))


def test_the_walk_of_a_path_follows_its_relations_along_facts():
    facts = grid(3)
    relations = torch.tensor([[0.9, 0.1, 0.0, 0.0], [0.1, 0.9, 0.0, 0.0]])
    seeds = torch.zeros(9)
    seeds[0] = 1.0
    reasoning = reason(facts, seeds, plan_of(relations, torch.tensor([0.0, 1.0])))

    found = best_paths(Walks.of(facts, reasoning, 0), 4, most=5)

    assert [(path.relations, path.entities) for path in found] == [((0, 1), (0, 1, 4)), ((1, 0), (0, 3, 4))]
    assert math.isclose(found[0].share, 0.81 / 0.82, rel_tol=1e-6)


def test_the_witness_is_the_walk_that_brought_most():
    # Two walks from 0 by relation 0 twice: over 1, and over 2, from which the walk was taken back by half.
    facts = Facts.of([(0, 0, 1), (0, 0, 2), (1, 0, 3), (2, 0, 3), (4, 0, 2)], num_entities=5, num_relations=1)
    relations = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    seeds = torch.zeros(5)
    seeds[0], seeds[4] = 0.6, 1.0
    reasoning = reason(facts, seeds, plan_of(relations, torch.tensor([0.0, 1.0])))

    found = best_paths(Walks.of(facts, reasoning, 0), 3, most=5)

    # 2 received 1.6 and was rescaled to 1, so a walk over it counts less than one over 1.
    by_start = {path.entities[0]: path.entities for path in found}
    assert by_start == {0: (0, 1, 3), 4: (4, 2, 3)}


def test_relations_that_were_not_followed_are_on_no_path():
    facts = grid(2)
    relations = torch.tensor([[0.995, 0.0, 0.0, 0.0], [0.0, 0.995, 0.0, 0.0]])
    seeds = torch.tensor([1.0, 0.0, 0.0, 0.0])
    reasoning = reason(facts, seeds, plan_of(relations, torch.tensor([0.0, 1.0])))

    assert [path.relations for path in best_paths(Walks.of(facts, reasoning, 0), 3, most=5)] == [(0, 1)]


def test_an_entity_that_was_not_reached_has_no_path():
    facts = grid(2)
    reasoning = reason(facts, torch.tensor([1.0, 0, 0, 0]), plan_of(torch.eye(4)[:1], torch.ones(1)))

    assert best_paths(Walks.of(facts, reasoning, 0), 2) == []


def test_an_undecided_model_still_has_a_path(monkeypatch):
    monkeypatch.setattr("kgqa.explain.paths.MOST_EXPANSIONS", 2)
    facts = grid(3)
    even = torch.full((3, 4), 0.25)
    reasoning = reason(facts, torch.full((9,), 0.5), plan_of(even, torch.full((3,), 1 / 3)))

    (path,) = best_paths(Walks.of(facts, reasoning, 0), 4, most=1)

    assert path.entities[-1] == 4
    triples = set(zip(facts.subject.tolist(), facts.relation.tolist(), facts.object.tolist(), strict=True))
    assert set(zip(path.entities, path.relations, path.entities[1:], strict=False)) <= triples
