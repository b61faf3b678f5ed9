import math
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.errors import ShapeError
from kgqa.kb.facts import Facts
from kgqa.ops import EntitySet, _reference, follow, follow_pruned
from tests.ops.drawn import World, gradients, leaf, worlds
from tests.worlds import films, grid

follow_module = sys.modules["kgqa.ops.follow"]
EAST, SOUTH, WEST, NORTH = range(4)


def one(width: int, *places: int) -> torch.Tensor:
    return torch.zeros(1, width).index_fill(1, torch.tensor(places, dtype=torch.long), 1.0)


@pytest.fixture(autouse=True, params=["from member to member", "over all facts", "as counted"])
def route(request, monkeypatch):
    """Go every way that a hop from sparse sets can take."""
    shares = {"from member to member": math.inf, "over all facts": 0.0}
    monkeypatch.setattr(follow_module, "DENSE_FROM", shares.get(request.param, follow_module.DENSE_FROM))
    return request.param


def both_ways(facts: Facts, x: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
    """Follow with dense sets and with sparse ones, and return the result on which they agree."""
    dense, sparse = follow(facts, x, r), follow(facts, EntitySet.of_dense(x), r)
    torch.testing.assert_close(sparse.dense(), dense)
    return dense


@pytest.mark.parametrize(
    ("start", "relation", "reached"),
    [(4, EAST, [5]), (4, SOUTH, [7]), (4, WEST, [3]), (4, NORTH, [1]), (2, EAST, []), (8, SOUTH, []), (0, WEST, [])],
)
def test_one_step_on_the_grid_leads_next_door_and_never_over_the_edge(start, relation, reached):
    assert both_ways(grid(3), one(9, start), one(4, relation)).nonzero()[:, 1].tolist() == reached


def test_each_question_of_a_batch_goes_its_own_way():
    x = torch.cat([one(9, 0), one(9, 8), one(9)])
    r = torch.cat([one(4, EAST), one(4, NORTH), one(4, EAST)])
    assert both_ways(grid(3), x, r).nonzero().tolist() == [[0, 1], [1, 5]]


def test_several_relations_are_followed_as_far_as_they_are_weighted():
    r = torch.tensor([[0.5, 0.25, 0.125, 0.0]])
    reached = both_ways(grid(3), 2 * one(9, 4), r)
    assert reached.tolist() == [[0.0, 0.0, 0.0, 0.25, 0.0, 1.0, 0.0, 0.5, 0.0]]


def test_weights_that_meet_at_one_entity_are_added():
    assert both_ways(grid(2), one(4, 1, 2), one(4, EAST, SOUTH)).tolist() == [[0.0, 0.0, 0.0, 2.0]]


def test_there_and_back_again():
    facts = grid(3)
    there = both_ways(facts, one(9, 0), one(4, EAST))
    assert both_ways(facts, there, one(4, facts.inverse(EAST))).tolist() == one(9, 0).tolist()


def test_the_five_fact_world_answers_in_two_hops(tmp_path):
    kb = films(tmp_path)
    relation = {kb.relation_name(number): number for number in range(kb.num_relations)}
    start = EntitySet.of_dense(one(7, *kb.aliases.candidates("tom hanks")))
    films_of = follow(kb, start, one(8, relation["starring (inverse)"]))
    writers = follow(kb, films_of, one(8, relation["written by"]))
    assert {kb.ids[row] for row in writers.dense()[0].nonzero()[:, 0].tolist()} == {"broyles"}


def test_a_self_loop_leads_to_where_it_began_in_both_directions():
    facts = Facts.of([(0, 0, 0)], num_entities=2, num_relations=1)
    assert both_ways(facts, one(2, 0), torch.tensor([[0.5, 0.25]])).tolist() == [[0.75, 0.0]]


def test_parallel_facts_are_told_apart_by_their_relation():
    facts = Facts.of([(0, 0, 1), (0, 1, 1)], num_entities=2, num_relations=2)
    assert both_ways(facts, one(2, 0), torch.tensor([[0.5, 0.25, 1.0, 1.0]])).tolist() == [[0.0, 0.75]]


def test_an_entity_without_facts_leads_nowhere_and_is_not_reached():
    facts = Facts.of([(0, 0, 2)], num_entities=4, num_relations=1)
    assert both_ways(facts, torch.ones(1, 4), torch.ones(1, 2)).tolist() == [[1.0, 0.0, 1.0, 0.0]]


def test_a_hub_is_reached_from_all_and_leads_to_all():
    size = 3000
    facts = Facts.of([(leaf_, 0, 0) for leaf_ in range(1, size)], num_entities=size, num_relations=1)
    assert both_ways(facts, torch.ones(1, size), torch.tensor([[1.0, 0.0]]))[0, 0] == size - 1
    assert both_ways(facts, one(size, 0), torch.tensor([[0.0, 0.5]])).sum() == 0.5 * (size - 1)


def test_nothing_leads_to_nothing():
    facts = grid(2)
    nothing = follow(facts, EntitySet.of_dense(torch.zeros(2, 4)), torch.ones(2, 4))
    assert (len(nothing), nothing.batch, nothing.num_entities) == (0, 2, 4)
    assert follow(facts, torch.zeros(2, 4), torch.ones(2, 4)).tolist() == torch.zeros(2, 4).tolist()


def test_a_graph_without_facts_leads_nowhere():
    facts = Facts.of([], num_entities=3, num_relations=1)
    assert both_ways(facts, torch.ones(1, 3), torch.ones(1, 2)).tolist() == [[0.0, 0.0, 0.0]]


@settings(deadline=None, max_examples=40)
@given(worlds())
def test_dense_sets_give_the_values_and_gradients_of_the_formula(world: World):
    x, r = leaf(world.x), leaf(world.r)
    expected, found = _reference.follow(world.facts, x, r), follow(world.facts, x, r)
    torch.testing.assert_close(found, expected)
    for part, right in zip(gradients(found, world.upstream, x, r), gradients(expected, world.upstream, x, r), strict=True):
        torch.testing.assert_close(part, right)


@settings(deadline=None, max_examples=40)
@given(worlds())
def test_sparse_sets_give_the_values_of_the_formula_and_the_gradients_of_their_members(world: World):
    x, r = leaf(world.x), leaf(world.r)
    expected, found = _reference.follow(world.facts, x, r), follow(world.facts, EntitySet.of_dense(x), r)
    torch.testing.assert_close(found.dense(), expected)
    for_x, for_r = gradients(found, world.upstream, x, r)
    right_for_x, right_for_r = gradients(expected, world.upstream, x, r)
    torch.testing.assert_close(for_x, right_for_x.where(world.x != 0, 0.0))
    torch.testing.assert_close(for_r, right_for_r)


@settings(deadline=None, max_examples=40)
@given(worlds())
def test_what_is_reached_is_sorted_and_stands_once(world: World):
    keys = follow(world.facts, EntitySet.of_dense(world.x), world.r).keys
    assert keys.tolist() == sorted(set(keys.tolist()))


@settings(deadline=None, max_examples=8)
@given(worlds(max_entities=4))
def test_the_gradients_are_those_of_small_differences(world: World):
    x, r = leaf(world.x), leaf(world.r)
    assert torch.autograd.gradcheck(lambda x, r: follow(world.facts, x, r), (x, r))
    members = EntitySet.of_dense(world.x)
    if len(members):
        weights = leaf(members.weights)
        assert torch.autograd.gradcheck(lambda w, r: follow(world.facts, members.with_weights(w), r).dense(), (weights, r))


@settings(deadline=None, max_examples=40)
@given(worlds(), st.sampled_from([0.25, 0.3, 0.5, 1.0, 3.0]))
def test_epsilon_leaves_out_exactly_the_relations_below_it(world: World, epsilon: float):
    x, r = leaf(world.x), leaf(world.r)
    found, _ = follow_pruned(world.facts, EntitySet.of_dense(x), r, epsilon=epsilon)
    kept = r.where(r >= epsilon, 0.0)
    expected = follow(world.facts, EntitySet.of_dense(x), kept)
    torch.testing.assert_close(found.dense(), expected.dense())
    for part, right in zip(gradients(found, world.upstream, x, r), gradients(expected, world.upstream, x, r), strict=True):
        torch.testing.assert_close(part, right)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_only_a_pruned_relation_reaches_is_no_member(dtype):
    r = torch.tensor([[0.2, 0.2 - 1e-6, 0.1, 1.0]], dtype=dtype)
    reached, left_out = follow_pruned(grid(3), EntitySet.of_dense(one(9, 4).to(dtype)), r, epsilon=0.2)
    torch.testing.assert_close(left_out, torch.tensor([0.3 - 1e-6], dtype=dtype))
    assert reached.entities.tolist() == [1, 5]
    exact = follow(grid(3), EntitySet.of_dense(one(9, 4).to(dtype)), r)
    assert exact.entities.tolist() == [1, 3, 5, 7]


def test_the_result_has_the_dtype_of_the_weights():
    for dtype in (torch.float32, torch.float64):
        x, r = one(9, 4).to(dtype), one(4, EAST).to(dtype)
        assert follow(grid(3), x, r).dtype == follow(grid(3), EntitySet.of_dense(x), r).weights.dtype == dtype


@pytest.mark.parametrize(
    ("x", "r", "found"),
    [
        ((1, 8), (1, 4), r"found \(1, 8\) and \(1, 4\)"),
        ((1, 9), (1, 2), r"found \(1, 9\) and \(1, 2\)"),
        ((2, 9), (1, 4), r"found \(2, 9\) and \(1, 4\)"),
        ((2, 9), (2, 4, 1), r"found \(2, 9\) and \(2, 4, 1\)"),
    ],
)
def test_shapes_that_do_not_fit_are_named(x, r, found):
    for start in (torch.ones(x), EntitySet.of_dense(torch.ones(x))):
        with pytest.raises(ShapeError, match=rf"expected x of shape \(B, 9\) and r of shape \(B, 4\), {found}"):
            follow(grid(3), start, torch.ones(r))


def test_a_set_that_is_no_batch_is_refused():
    with pytest.raises(ShapeError, match=r"found \(9,\) and \(4,\)"):
        follow(grid(3), torch.ones(9), torch.ones(4))


@pytest.mark.parametrize(
    ("of_x", "of_r"), [(torch.float32, torch.float64), (torch.float16, torch.float16), (torch.int64, torch.int64)]
)
def test_types_that_the_kernels_do_not_know_are_named(of_x, of_r):
    x, r = torch.ones(1, 9, dtype=of_x), torch.ones(1, 4, dtype=of_r)
    for start in (x, EntitySet.of_dense(x)):
        with pytest.raises(ShapeError, match=f"expected x and r both float32 or both float64, found {of_x} and {of_r}"):
            follow(grid(3), start, r)
