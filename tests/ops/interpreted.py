"""Tests of `_fused_gpu` by Triton's interpreter, on the CPU; test_fused_gpu.py runs them in a process of their own."""

import gc
import os
import sys

import pytest
import torch
from hypothesis import given, settings

from kgqa.kb.facts import Facts
from kgqa.ops import _reference
from tests.ops.drawn import World, gradients, leaf, worlds
from tests.ops.test_fused_gpu import assert_follow_is_the_formula, seeded

if os.environ.get("TRITON_INTERPRET") != "1":
    pytest.skip("run by test_fused_gpu.py", allow_module_level=True)

from kgqa.ops import _fused_gpu

# The operators find these kernels where they look for those of the CPU, so that all that surrounds the kernels is tested too.
sys.modules["kgqa.ops._fused_cpu"] = _fused_gpu

TYPES = [torch.float32, torch.float64]
SMALL = {"_RUN": 7, "_FACTS": 2, "_LAID_ASIDE": 2, "_SORTED": 20}


@pytest.fixture(autouse=True, scope="module", params=[{}, SMALL], ids=["as it is", "in many small parts"])
def division(request):
    """Divide the work of small graphs as that of large ones is divided too."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in request.param.items():
            patch.setattr(_fused_gpu, name, value)
        yield


def world(triples: list[tuple[int, int, int]], *, entities: int, relations: int = 1, batch: int, dtype: torch.dtype) -> World:
    facts = Facts.of(triples, num_entities=entities, num_relations=relations)
    numbers = torch.Generator().manual_seed(0)
    shapes = (batch, entities), (batch, facts.num_relations), (batch, entities)
    return World(facts, *(torch.rand(shape, generator=numbers, dtype=dtype) for shape in shapes))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    ("triples", "entities", "relations"),
    [
        ([(0, 0, 0)], 2, 1),
        ([(0, 0, 1), (0, 1, 1)], 2, 2),
        ([(0, 0, 2)], 4, 1),
        ([(leaf_, 0, 0) for leaf_ in range(1, 20)], 20, 1),
        ([], 3, 1),
    ],
    ids=["self-loop", "parallel facts", "isolated entities", "hub", "no facts"],
)
def test_follow_is_the_formula_on(triples, entities, relations, dtype):
    assert_follow_is_the_formula(world(triples, entities=entities, relations=relations, batch=2, dtype=dtype))


@settings(deadline=None, max_examples=5)
@given(worlds())
def test_follow_is_the_formula_on_drawn_worlds(drawn: World):
    assert_follow_is_the_formula(drawn)


@pytest.mark.parametrize(("seed", "dtype"), list(enumerate(TYPES)))
def test_follow_is_the_formula_on_random_graphs_and_two_runs_give_equal_bits(seed, dtype):
    assert_follow_is_the_formula(seeded(seed, entities=10, facts=25, dtype=dtype), again=True)


@pytest.mark.parametrize(("batch", "kind"), [(1, torch.int16), (3, torch.int32), (67, torch.int16)])
def test_any_number_of_columns_is_right_with_either_type_of_relation(batch, kind):
    case = seeded(0, entities=5, facts=8, batch=batch, dtype=torch.float64)
    graph = case.facts.pointer, case.facts.relation.to(kind), case.facts.object
    # A fact that leads to an entity is the inverse of one of the entity's own.
    x, r = leaf(case.x), leaf(case.r)
    expected = _reference.follow(case.facts, x, r)
    columns = case.x.T, case.r.T.roll(case.facts.num_relations // 2, 0)
    torch.testing.assert_close(_fused_gpu.pull(*graph, *columns).T, expected)
    for_x, for_r = _fused_gpu.pull_backward(*graph, *columns, case.upstream.T)
    right_for_x, right_for_r = gradients(expected, case.upstream, x, r)
    torch.testing.assert_close(for_x.T, right_for_x)
    torch.testing.assert_close(for_r.roll(case.facts.num_relations // 2, 0).T, right_for_r)


@pytest.mark.parametrize(("entities", "batch"), [(0, 2), (3, 0)])
def test_nothing_gives_nothing(entities, batch):
    facts = Facts.of([], num_entities=entities, num_relations=1)
    x, r = torch.ones(entities, batch), torch.ones(2, batch)
    graph = facts.pointer, facts.relation, facts.object
    assert _fused_gpu.pull(*graph, x, r).shape == x.shape
    for_x, for_r = _fused_gpu.pull_backward(*graph, x, r, x)
    assert for_x.shape == x.shape
    assert for_r.equal(torch.zeros_like(r))


def test_short_types_are_added_up_in_a_longer_one():
    # 1 + 2⁻⁷ squared is 1 + 2⁻⁶ + 2⁻¹⁴, of which bfloat16 knows no more than 1 + 2⁻⁶.
    graph = torch.tensor([0, 2, 2]), torch.tensor([0, 1], dtype=torch.int16), torch.tensor([0, 1], dtype=torch.int32)
    x = torch.tensor([[1 + 2**-7], [-1 - 2**-6]], dtype=torch.bfloat16)
    r = torch.tensor([[1 + 2**-7], [1.0]], dtype=torch.bfloat16)
    y = _fused_gpu.pull(*graph, x, r)
    assert (y.dtype, y.tolist()) == (torch.bfloat16, [[2**-14], [0.0]])
    assert [part.dtype for part in _fused_gpu.pull_backward(*graph, x, r, y)] == [torch.bfloat16] * 2


def test_what_is_kept_of_a_graph_goes_with_it():
    facts = seeded(0, entities=5, facts=8, dtype=torch.float64).facts
    graph, r = (facts.pointer, facts.relation, facts.object), torch.ones(facts.num_relations, 1)
    _fused_gpu.pull_backward(*graph, torch.ones(5, 1), r, torch.ones(5, 1))
    assert facts.pointer in _fused_gpu._runs
    assert facts.relation in _fused_gpu._by_relation
    del facts, graph
    gc.collect()
    assert not list(_fused_gpu._runs)
    assert not list(_fused_gpu._by_relation)
