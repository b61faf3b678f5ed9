import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.errors import ShapeError
from kgqa.ops import EntitySet, _reference, count, extreme
from tests.ops.drawn import gradients, leaf, weights

B, N_E = 2, 4
sets = weights(B, N_E, values=(0.0, 0.0, 0.25, 0.5, 1.0))
upstreams = weights(B, N_E, values=(-1.0, 0.5, 2.0))
attributes = st.lists(st.sampled_from([math.nan, -1.0, 0.0, 2.5, 2.5, math.inf]), min_size=N_E, max_size=N_E).map(torch.tensor)


def test_a_certain_set_is_counted_with_the_least_doubt():
    mean, variance = count(torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]))
    assert (mean.tolist(), variance.tolist()) == ([2.0, 0.0], [0.25, 0.25])


@settings(deadline=None, max_examples=30)
@given(sets)
def test_counting_is_that_of_the_formula(dense):
    x = leaf(dense)
    for found in (count(x), count(EntitySet.of_dense(x))):
        for part, right in zip(found, _reference.count(x), strict=True):
            torch.testing.assert_close(part, right)
            (gradient,) = torch.autograd.grad(part.sum(), x, retain_graph=True)
            (wanted,) = torch.autograd.grad(right.sum(), x, retain_graph=True)
            members = dense != 0
            torch.testing.assert_close(gradient[members], wanted[members])


@settings(deadline=None, max_examples=60)
@given(sets, attributes, st.booleans(), upstreams)
def test_the_extreme_is_that_of_the_formula_with_ties_and_missing_values(dense, values, largest, upstream):
    x = leaf(dense)
    expected = _reference.extreme(x, values, largest=largest)
    filled, found = (extreme(item, values, largest=largest) for item in (x, EntitySet.of_dense(x)))
    torch.testing.assert_close(filled, expected)
    torch.testing.assert_close(found.dense(), expected)
    (wanted,) = gradients(expected, upstream, x)
    torch.testing.assert_close(gradients(filled, upstream, x)[0], wanted)
    torch.testing.assert_close(gradients(found, upstream.where(dense != 0, 0.0), x)[0], wanted.where(dense != 0, 0.0))


def test_the_extreme_is_the_sum_over_all_sets_that_may_be_meant():
    x, values = torch.tensor([[0.3, 0.6, 0.9, 0.5]]).double(), [2.0, 5.0, 2.0, 7.0]
    expected = [0.0] * 4
    for chosen in itertools.product([False, True], repeat=4):
        probability = math.prod(float(p) if taken else 1 - float(p) for p, taken in zip(x[0], chosen, strict=True))
        members = [place for place in range(4) if chosen[place]]
        for place in members:
            if values[place] == max(values[member] for member in members):
                expected[place] += probability
    torch.testing.assert_close(extreme(x, torch.tensor(values))[0], torch.tensor(expected).double())


def test_the_gradients_are_those_of_small_differences():
    x, values = leaf(torch.tensor([[0.3, 1.0, 0.4, 0.9], [0.2, 0.8, 0.5, 0.1]]).double()), torch.tensor([1.0, 3.0, 3.0, math.nan])
    assert torch.autograd.gradcheck(lambda x: extreme(x, values), (x,))
    assert torch.autograd.gradcheck(lambda x: extreme(EntitySet.of_dense(x), values, largest=False).weights, (x,))
    assert torch.autograd.gradcheck(lambda x: count(EntitySet.of_dense(x)), (x,))


def test_a_set_without_members_has_no_extreme_and_counts_nothing():
    nothing = EntitySet.of_dense(torch.zeros(2, 3))
    assert len(extreme(nothing, torch.ones(3))) == 0
    assert count(nothing)[0].tolist() == [0.0, 0.0]


def test_every_entity_needs_a_value():
    with pytest.raises(ShapeError, match=r"expected 3 values, found shape \(2,\)"):
        extreme(torch.ones(1, 3), torch.ones(2))
