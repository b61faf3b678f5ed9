"""The compiled operators as torch, other threads and other devices see them; their values are tested in test_follow.py."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kgqa.compiled import WIDTH, sum_and_share, sum_products
from kgqa.kb.facts import Facts
from kgqa.ops import EntitySet, _frontier, _frontier_cpu, _frontier_torch, _fused, _reference, facts_along, follow, relations_of
from kgqa.ops.warm_up import STAGE, warm_up
from tests.ops.drawn import World, gradients, leaf, worlds
from tests.worlds import grid

follow_module = sys.modules["kgqa.ops.follow"]


def crowd(batch: int) -> tuple[Facts, Tensor, Tensor]:
    """Return a graph that is large enough to be divided among threads, with a hub, and weights to follow."""
    generator = torch.Generator().manual_seed(0)
    triples = torch.stack([torch.randint(limit, (40_000,), generator=generator) for limit in (3_000, 5, 3_000)], dim=1)
    triples[:4_000, 0] = 7
    facts = Facts(np.unique(triples.int().numpy(), axis=0), num_entities=3_000, num_relations=5)
    assert len(facts) > 4 << 14
    return facts, torch.rand(batch, 3_000, generator=generator), torch.rand(batch, 10, generator=generator)


@pytest.mark.parametrize("columns", [WIDTH * number for number in (1, 2, 3, 4, 7, 9)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products_are_added_up_in_one_row_and_shared_out(columns, dtype):
    draw = np.random.default_rng(0)
    y, a, b, shares, own = (draw.random((3, columns)).astype(dtype) for _ in range(5))
    left, right = np.array([0, 2, 2, 1], dtype=np.int32), np.array([1, 0, 0, 2], dtype=np.int16)
    expected, shared = y.copy(), shares.copy()
    expected[1] = a[2] * b[0] + a[2] * b[0] + a[1] * b[2]
    sum_products(y, 1, a, left, b, right, 1, 4)
    np.testing.assert_allclose(y, expected, rtol=1e-6)
    y[1] = -1
    shared[0] += 2 * a[2] * own[1]
    shared[2] += a[1] * own[1]
    sum_and_share(y, 1, a, left, b, right, 1, 4, shares, own)
    np.testing.assert_allclose(y, expected, rtol=1e-6)
    np.testing.assert_allclose(shares, shared, rtol=1e-6)
    sum_products(y, 0, a, left, b, right, 2, 2)
    assert not y[0].any()


@pytest.mark.parametrize("batch", [1, 8, 13])
def test_many_facts_give_the_values_and_gradients_of_the_formula(batch):
    facts, x, r = crowd(batch)
    x, r = leaf(x.double()), leaf(r.double())
    upstream = torch.rand(x.shape, dtype=torch.float64)
    expected, dense, sparse = _reference.follow(facts, x, r), follow(facts, x, r), follow(facts, EntitySet.of_dense(x), r)
    right = gradients(expected, upstream, x, r)
    for found in (dense, sparse):
        torch.testing.assert_close(found.dense() if isinstance(found, EntitySet) else found, expected)
        for part, wanted in zip(gradients(found, upstream, x, r), right, strict=True):
            torch.testing.assert_close(part, wanted)


def test_the_result_has_the_same_bits_whatever_the_number_of_threads():
    script = textwrap.dedent("""
        import hashlib, torch
        from kgqa.ops import EntitySet, _frontier, follow
        from tests.ops.test_engine import crowd
        facts, x, r = crowd(16)
        x.requires_grad_(), r.requires_grad_()
        members = EntitySet.of_dense(x)
        walked = _frontier.follow(facts, members, r, _frontier.count(facts, members, r, 0.0)[0], 0.0)
        digest = hashlib.sha256()
        for reached in (follow(facts, x, r), walked.weights):
            gradients = torch.autograd.grad((reached * reached.detach()).sum(), (x, r), retain_graph=True)
            for tensor in (reached.detach(), *gradients):
                digest.update(tensor.contiguous().numpy().tobytes())
        print(digest.hexdigest())
    """)
    digests = {
        subprocess.run(
            [sys.executable, "-c", script], env={**_environment(), "KGQA_THREADS": threads}, check=True, capture_output=True
        ).stdout
        for threads in ("1", "3")
    }
    assert len(digests) == 1


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@settings(deadline=None, max_examples=40)
@given(worlds(), st.sampled_from([0.0, 0.25, 0.5]))
def test_the_loops_and_torchs_operators_go_the_same_ways(world: World, epsilon: float):
    x = EntitySet.of_dense(world.x)
    graph, members = (world.facts.pointer, world.facts.relation), (x.keys, x.weights, world.r)
    counted = _frontier_cpu.count(*graph, *members, epsilon)
    for found, expected in zip(counted, _frontier_torch.count(*graph, *members, epsilon), strict=True):
        torch.testing.assert_close(found, expected)
    both = [
        module.push(*graph, world.facts.object, *members, counted[0], epsilon, True)
        for module in (_frontier_cpu, _frontier_torch)
    ]
    for found, expected in zip(*both, strict=True):
        torch.testing.assert_close(found, expected)
    _, _, ends, places = both[0]
    upstream = torch.linspace(-1.0, 2.0, len(both[0][0]), dtype=torch.float64)
    derived = [
        module.push_backward(*graph, *members, counted[0], epsilon, ends, places, upstream)
        for module in (_frontier_cpu, _frontier_torch)
    ]
    for found, expected in zip(*derived, strict=True):
        torch.testing.assert_close(found, expected)


def test_facts_are_counted_by_degrees_or_by_relation():
    facts = Facts.of([(0, 0, 1), (0, 0, 2), (0, 1, 2)], num_entities=3, num_relations=2)
    x = EntitySet.of_dense(torch.tensor([[2.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))
    r = torch.tensor([[0.5, 0.25, 0.0, 0.0], [0.0, 0.0, 0.125, 0.5]])
    everything, nothing = _frontier.count(facts, x, r, 0.0)
    assert (everything.tolist(), nothing.tolist()) == ([3, 2], [0.0, 0.0])
    followed, left_out = _frontier.count(facts, x, r, 0.3)
    assert (followed.tolist(), left_out.tolist()) == ([2, 1], [0.5, 0.125])


@pytest.mark.parametrize(("starts", "dense"), [([50], False), (range(100), True)])
def test_a_hop_goes_over_all_facts_only_if_much_of_them_is_followed(starts, dense, monkeypatch):
    taken = []
    for name, module in (("dense", _fused), ("sparse", _frontier)):
        monkeypatch.setattr(module, "follow", _noting(taken, name, module.follow))
    weights = torch.zeros(1, 100).index_fill(1, torch.tensor(list(starts)), 1.0)
    follow(grid(10), EntitySet.of_dense(weights), torch.full((1, 4), 0.25))
    assert taken == ["dense" if dense else "sparse"]


def _noting(taken, name, function):
    def noted(*arguments):
        taken.append(name)
        return function(*arguments)

    return noted


def test_the_dense_hop_is_one_node_for_torchs_compiler_and_exporter():
    facts, x, r = grid(3), torch.rand(3, 9), torch.rand(3, 4)
    expected = _reference.follow(facts, x, r)

    class Hop(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.facts = facts

        def forward(self, x: Tensor, r: Tensor) -> Tensor:
            return _fused.follow(self.facts, x, r)

    compiled = torch.compile(Hop(), backend="aot_eager", fullgraph=True)
    x, r = leaf(x), leaf(r)
    torch.testing.assert_close(compiled(x, r), expected)
    for part, right in zip(
        gradients(compiled(x, r), expected, x, r), gradients(follow(facts, x, r), expected, x, r), strict=True
    ):
        torch.testing.assert_close(part, right)
    exported = torch.export.export(Hop(), (x.detach(), r.detach()))
    called = [node.target for node in exported.graph.nodes if "kgqa" in str(node.target)]
    assert called == [torch.ops.kgqa.pull.default]
    torch.testing.assert_close(exported.module()(x.detach(), r.detach()), expected)


def test_the_operators_keep_torchs_rules():
    facts, x = grid(3), EntitySet.of_dense(torch.rand(2, 9))
    graph = facts.pointer, facts.relation, facts.object
    columns, weights = torch.rand(9, 8, requires_grad=True), torch.rand(4, 8, requires_grad=True)
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    torch.library.opcheck(torch.ops.kgqa.pull, (*graph, columns, weights), test_utils=checks)
    r, members = torch.rand(2, 4, requires_grad=True), x.weights.clone().requires_grad_()
    followed, _ = _frontier.count(facts, x, r, 0.5)
    torch.library.opcheck(torch.ops.kgqa.push, (*graph, x.keys, members, r, followed, 0.5, True), test_utils=checks)
    torch.library.opcheck(
        torch.ops.kgqa.mix, (x.keys, members, torch.tensor([0, len(x)]), torch.rand(2, 1), 9), test_utils=checks
    )
    torch.library.opcheck(torch.ops.kgqa.exclude, (x.keys, members, x.keys, members, torch.rand(2), 9), test_utils=checks)
    torch.library.opcheck(torch.ops.kgqa.intersect, (x.keys, members, torch.ones(2), torch.tensor([0, 2]), 9), test_utils=checks)
    torch.library.opcheck(torch.ops.kgqa.having, (*graph[:2], x.keys, r), test_utils=checks)


def test_the_relations_of_an_entity_stand_once_each():
    facts = Facts.of([(0, 0, 1), (0, 0, 2), (0, 1, 2), (2, 2, 0)], num_entities=4, num_relations=3)
    member, relation = relations_of(facts, torch.tensor([3, 0, 2, 0]))
    assert list(zip(member.tolist(), relation.tolist(), strict=True)) == [
        *[(1, 0), (1, 1), (1, 5)],
        *[(2, 2), (2, 3), (2, 4)],
        *[(3, 0), (3, 1), (3, 5)],
    ]


@settings(deadline=None, max_examples=30)
@given(worlds(), st.data())
def test_the_facts_along_some_relations_are_those_of_their_subject(world: World, data):
    facts = world.facts
    entities = data.draw(st.lists(st.integers(0, facts.num_entities - 1), max_size=4))
    chosen = data.draw(st.lists(st.booleans(), min_size=facts.num_relations, max_size=facts.num_relations))
    member, fact = facts_along(facts, torch.tensor(entities, dtype=torch.long), torch.tensor(chosen))
    expected = [
        (place, number)
        for place, entity in enumerate(entities)
        for number, (subject, relation) in enumerate(zip(facts.subject.tolist(), facts.relation.tolist(), strict=True))
        if subject == entity and chosen[relation]
    ]
    assert list(zip(member.tolist(), fact.tolist(), strict=True)) == expected


def test_what_is_compiled_says_how_far_it_is():
    told = []
    warm_up(lambda stage, done, total: told.append((stage, done, total)))
    assert told[0][:2] == (STAGE, 0)
    assert told[-1] == (STAGE, told[-1][2], told[-1][2])


def test_importing_the_operators_compiles_nothing():
    script = "import sys, kgqa, kgqa.ops; sys.exit('numba' in sys.modules or 'triton' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
