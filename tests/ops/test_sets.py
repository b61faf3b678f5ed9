import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.errors import ShapeError
from kgqa.ops import EntitySet, _reference, _sets_torch, difference, exclude, intersect, mix, rescale, union
from tests.ops.drawn import gradients, leaf, weights

B, N_E = 2, 4
UNIT = (0.0, 0.0, 0.25, 0.5, 0.5, 1.0)
sets = weights(B, N_E)
unit_sets = weights(B, N_E, values=UNIT)
upstreams = weights(B, N_E, values=(-1.0, 0.5, 2.0))
gates_of_questions = weights(1, B, values=(0.0, 0.3, 1.0)).map(lambda gates: gates[0])


@st.composite
def branches(draw):
    """Draw branches (n, N_E), their gates (n,), of which the best of each question is open, and their questions (n,)."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=B, max_size=B))
    question = torch.repeat_interleave(torch.arange(B), torch.tensor(sizes))
    gates = draw(weights(1, len(question), values=(0.0, 0.3, 0.75, 1.0)))[0]
    best = draw(st.tuples(*(st.integers(0, size - 1) for size in sizes)))
    for number in range(B):
        gates[sum(sizes[:number]) + best[number]] = 1.0
    return draw(weights(len(question), N_E, values=UNIT)), gates, question


def at_members(gradient: torch.Tensor, dense: torch.Tensor) -> torch.Tensor:
    """Return the gradient that flows to members: entities that are in no set have none."""
    return gradient.where(dense != 0, 0.0)


@pytest.fixture(autouse=True, params=["compiled", "torch"])
def implementation(request, monkeypatch):
    """Run every test with the compiled walks of the CPU, and with what other devices use."""
    if request.param == "torch":
        for name in ("mix", "exclude", "intersect"):
            monkeypatch.setattr(f"kgqa.ops._sets.{name}", getattr(_sets_torch, name))


def agree(operator, reference, dense_inputs, gates, upstream):
    """Assert that an operator on dense and on sparse sets gives the values and gradients of its reference."""
    leaves = [leaf(x) for x in (*dense_inputs, *gates)]
    size = len(dense_inputs)
    expected, dense = reference(*leaves), operator(*leaves)
    sparse = operator(*(EntitySet.of_dense(x) for x in leaves[:size]), *leaves[size:])
    torch.testing.assert_close(dense, expected)
    torch.testing.assert_close(sparse.dense(), expected)
    right = gradients(expected, upstream, *leaves)
    for found, wanted in zip(gradients(dense, upstream, *leaves), right, strict=True):
        torch.testing.assert_close(found, wanted)
    for place, (found, wanted) in enumerate(zip(gradients(sparse, upstream, *leaves), right, strict=True)):
        torch.testing.assert_close(found, at_members(wanted, dense_inputs[place]) if place < size else wanted)


@settings(deadline=None, max_examples=30)
@given(sets, upstreams)
def test_rescaling_is_that_of_the_formula(dense, upstream):
    agree(rescale, _reference.rescale, [dense], [], upstream)


def test_rescaling_brings_what_is_above_one_to_one_and_lets_the_gradient_through():
    weight = leaf(torch.tensor([0.5, 1.0, 4.0]))
    found = rescale(EntitySet(torch.tensor([0, 1, 2]), weight, 1, 3))
    assert found.weights.tolist() == [0.5, 1.0, 1.0]
    found.weights.sum().backward()
    assert weight.grad is not None and weight.grad.tolist() == [1.0, 1.0, 0.25]


@settings(deadline=None, max_examples=30)
@given(sets, unit_sets, gates_of_questions, upstreams)
def test_excluding_is_that_of_the_formula(dense, others, gate, upstream):
    agree(exclude, _reference.exclude, [dense, others], [gate], upstream)


@settings(deadline=None, max_examples=30)
@given(unit_sets, unit_sets, upstreams)
def test_the_union_is_that_of_the_formula_also_where_both_are_equal(left, right, upstream):
    # An entity that is in neither has no gradient in a sparse set, one that is in one set has none for the other.
    agree(union, _reference.union, [left, right], [], upstream)


@settings(deadline=None, max_examples=30)
@given(unit_sets, unit_sets, upstreams)
def test_the_difference_is_that_of_the_formula_also_where_both_are_equal(left, right, upstream):
    agree(difference, _reference.difference, [left, right], [], upstream.where(left != 0, 0.0))


def test_union_and_difference_of_certain_sets_are_those_of_sets():
    left, right = torch.tensor([[1.0, 1.0, 0.0, 0.0]]), torch.tensor([[1.0, 0.0, 1.0, 0.0]])
    for make in (torch.clone, EntitySet.of_dense):
        both, rest = union(make(left), make(right)), difference(make(left), make(right))
        both, rest = (x.dense() if isinstance(x, EntitySet) else x for x in (both, rest))
        assert both.tolist() == [[1.0, 1.0, 1.0, 0.0]]
        assert rest.tolist() == [[0.0, 1.0, 0.0, 0.0]]


def test_an_open_gate_excludes_and_a_closed_one_does_not():
    x = EntitySet.of_dense(torch.tensor([[1.0, 1.0, 0.5], [1.0, 1.0, 0.5]]))
    other = EntitySet.of_dense(torch.tensor([[1.0, 0.0, 1.0], [1.0, 0.0, 1.0]]))
    assert exclude(x, other, torch.tensor([1.0, 0.0])).dense().tolist() == [[0.0, 1.0, 0.0], [1.0, 1.0, 0.5]]


def test_excluding_nothing_changes_nothing():
    x = EntitySet.of_dense(torch.tensor([[1.0, 0.5]]))
    assert exclude(x, EntitySet.of_dense(torch.zeros(1, 2)), torch.ones(1)).dense().tolist() == [[1.0, 0.5]]


@settings(deadline=None, max_examples=30)
@given(st.lists(sets, min_size=1, max_size=3), st.data(), upstreams)
def test_mixing_is_that_of_the_formula(hops, data, upstream):
    shares = data.draw(weights(B, len(hops), values=(0.0, 0.25, 0.5)))
    agree(
        lambda *given: mix(given[:-1], given[-1]),
        lambda *given: _reference.mix(list(given[:-1]), given[-1]),
        hops,
        [shares],
        upstream,
    )


@settings(deadline=None, max_examples=50)
@given(branches(), upstreams)
def test_intersecting_is_that_of_the_formula_also_where_branches_are_equal(drawn, upstream):
    dense, open_gates, question = drawn
    x, gates = leaf(dense), leaf(open_gates)
    expected = _reference.intersect(x, gates, question, B)
    found, filled = intersect(EntitySet.of_dense(x), gates, question, B), intersect(x, gates, question, B)
    torch.testing.assert_close(found.dense(), expected)
    torch.testing.assert_close(filled, expected)
    for part, right in zip(
        gradients(filled, upstream, x, gates),
        gradients(_reference.intersect(x, gates, question, B), upstream, x, gates),
        strict=True,
    ):
        torch.testing.assert_close(part, right)
    reached = torch.zeros(B, N_E, dtype=torch.float64).index_add(0, question, dense) != 0
    assert found.keys.tolist() == reached.flatten().nonzero()[:, 0].tolist()
    upstream = upstream.where(reached, 0.0)
    for_x, for_gates = gradients(found, upstream, x, gates)
    right_for_x, right_for_gates = gradients(expected, upstream, x, gates)
    torch.testing.assert_close(for_x, at_members(right_for_x, dense))
    torch.testing.assert_close(for_gates, right_for_gates)


def at(question: list[int], gates: list[float], dense: list[list[float]]) -> list[list[float]]:
    x = EntitySet.of_dense(torch.tensor(dense))
    return intersect(x, torch.tensor(gates), torch.tensor(question), max(question) + 1).dense().tolist()


def test_an_answer_must_be_reached_by_every_branch_of_its_own_question():
    dense = [[1.0, 1.0, 0.0], [0.0, 0.5, 1.0], [1.0, 0.0, 0.25]]
    assert at([0, 0, 1], [1.0, 1.0, 1.0], dense) == [[0.0, 0.5, 0.0], [1.0, 0.0, 0.25]]


def test_a_branch_whose_gate_is_closed_is_neutral():
    assert at([0, 0], [1.0, 0.0], [[0.5, 1.0, 0.0], [0.0, 0.25, 1.0]]) == [[0.5, 1.0, 0.0]]


def test_a_branch_that_reaches_nothing_leaves_nothing_as_far_as_its_gate_is_open():
    assert at([0, 0], [1.0, 1.0], [[0.5, 1.0], [0.0, 0.0]]) == [[0.0, 0.0]]
    assert at([0, 0], [1.0, 0.75], [[0.5, 1.0], [0.0, 0.0]]) == [[0.25, 0.25]]
    assert at([0, 0], [1.0, 0.0], [[0.5, 1.0], [0.0, 0.0]]) == [[0.5, 1.0]]


def test_branches_that_all_reach_nothing_intersect_in_nothing():
    found = intersect(EntitySet.of_dense(torch.zeros(3, 4)), torch.ones(3), torch.tensor([0, 0, 1]), 2)
    assert (len(found), found.batch, found.num_entities) == (0, 2, 4)


def test_a_branch_of_its_own_has_the_whole_gradient_also_at_a_weight_of_one():
    x = leaf(torch.tensor([[1.0, 0.5], [1.0, 0.0]]))
    intersect(EntitySet.of_dense(x), torch.ones(2), torch.tensor([0, 1]), 2).weights.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[1.0, 1.0], [1.0, 0.0]]


def test_equal_branches_share_the_gradient():
    x = leaf(torch.tensor([[0.5, 0.25], [0.5, 0.75]]))
    intersect(EntitySet.of_dense(x), torch.ones(2), torch.tensor([0, 0]), 1).weights.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[0.5, 1.0], [0.5, 0.0]]


def test_the_gradients_are_those_of_small_differences():
    x, other = (
        torch.tensor([[0.3, 0.9, 0.0], [0.6, 0.0, 0.2]]).double(),
        torch.tensor([[0.5, 0.1, 0.7], [0.0, 0.4, 0.8]]).double(),
    )
    gate, shares = torch.tensor([0.4, 0.8]).double(), torch.tensor([[0.3, 0.7], [0.6, 0.4]]).double()
    left, right = EntitySet.of_dense(x), EntitySet.of_dense(other)
    inputs = tuple(leaf(item) for item in (left.weights, right.weights, gate))
    check = torch.autograd.gradcheck
    assert check(lambda a, b, g: exclude(left.with_weights(a), right.with_weights(b), g).weights, inputs)
    assert check(lambda a, b, s: mix([left.with_weights(a), right.with_weights(b)], s).weights, (*inputs[:2], leaf(shares)))
    gates = leaf(torch.tensor([1.0, 0.7], dtype=torch.float64))
    question = torch.tensor([0, 0])
    assert check(lambda a, g: intersect(left.with_weights(a), g, question, 1).weights, (inputs[0], gates))


def test_sets_over_other_entities_are_refused():
    x = EntitySet.of_dense(torch.ones(2, 3))
    for other in (torch.ones(2, 4), torch.ones(1, 3)):
        with pytest.raises(ShapeError, match=r"over the same entities, found EntitySet of shape \(2, 3\) and"):
            exclude(x, EntitySet.of_dense(other), torch.ones(2))
        with pytest.raises(ShapeError, match=r"over the same entities, found EntitySet of shape \(2, 3\) and"):
            mix([x, x, EntitySet.of_dense(other)], torch.ones(2, 3))


def test_a_dense_and_a_sparse_set_do_not_mix():
    x = torch.ones(1, 2)
    for operator in (union, difference):
        with pytest.raises(ShapeError, match=r"found Tensor of shape \(1, 2\) and EntitySet of shape \(1, 2\)"):
            operator(x, EntitySet.of_dense(x))


def test_the_branches_of_a_question_must_lie_together():
    with pytest.raises(ShapeError, match="found questions that do not ascend"):
        intersect(torch.ones(3, 2), torch.ones(3), torch.tensor([0, 1, 0]), 2)


@pytest.mark.parametrize(("gates", "question"), [(2, 3), (3, 2), (2, 2)])
def test_every_branch_needs_a_gate_and_a_question(gates, question):
    with pytest.raises(ShapeError, match="expected a gate and a question for each of 3 branches"):
        intersect(EntitySet.of_dense(torch.ones(3, 2)), torch.ones(gates), torch.zeros(question, dtype=torch.long), 1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_gradient_is_lost_to_rounding_where_a_gate_is_half_open(dtype):
    drawn = torch.Generator().manual_seed(0)
    branches = torch.rand(4, 200, generator=drawn, dtype=dtype)
    gates = torch.tensor([1.0, 0.7, 0.123, 1.0], dtype=dtype)
    agree(
        lambda x, g: intersect(x, g, torch.tensor([0, 0, 0, 1]), 2),
        lambda x, g: _reference.intersect(x, g, torch.tensor([0, 0, 0, 1]), 2),
        [branches],
        [gates],
        torch.rand(2, 200, generator=drawn, dtype=dtype),
    )
