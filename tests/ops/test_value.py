"""The probability of a value: against the dense formula, values and gradients."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.ops import EntitySet, _reference, has_value
from tests.ops.drawn import gradients, leaf, weights

B, N_E, A = 2, 4, 2
sets = weights(B, N_E, values=(0.0, 0.0, 0.25, 0.5, 1.0))
attributes = weights(B, A, values=(0.0, 0.25, 0.75, 1.0))
held = st.lists(st.sampled_from([math.nan, -1.0, 0.0, 2.5]), min_size=N_E * A, max_size=N_E * A)
wanted = st.lists(st.sampled_from([-1.0, 0.0, 2.5, 7.0]), min_size=B, max_size=B)


@settings(deadline=None, max_examples=100)
@given(sets, attributes, held, wanted)
def test_it_is_the_formula_and_so_is_its_gradient(dense, asked, values, numbers):
    x, alpha = leaf(dense), leaf(asked)
    table, number = torch.tensor(values, dtype=torch.float64).view(N_E, A), torch.tensor(numbers, dtype=torch.float64)
    found, right = has_value(EntitySet.of_dense(x), alpha, table, number), _reference.has_value(x, alpha, table, number)
    torch.testing.assert_close(found, right)
    upstream = torch.tensor([1.0, -2.0], dtype=torch.float64)
    ours, theirs = gradients(found, upstream, x, alpha), gradients(right, upstream, x, alpha)
    torch.testing.assert_close(ours[0][dense != 0], theirs[0][dense != 0])
    torch.testing.assert_close(ours[1], theirs[1])


def test_all_pairs_of_a_member_and_an_attribute_that_it_has_are_one_distribution():
    x = EntitySet.of_dense(torch.tensor([[0.5, 0.25, 1.0]], dtype=torch.float64))
    values = torch.tensor([[1.0, 2.0], [3.0, math.nan], [math.nan, 4.0]], dtype=torch.float64)
    alpha = torch.tensor([[0.75, 0.25]], dtype=torch.float64)
    shares = [has_value(x, alpha, values, torch.tensor([value])).item() for value in (1.0, 2.0, 3.0, 4.0)]
    assert sum(shares) == pytest.approx(1.0)
    assert shares[0] / shares[3] == pytest.approx(0.5 * 0.75 / 0.25)


def test_a_number_of_32_bits_is_the_value_of_64_bits_that_it_stands_for():
    x, values = EntitySet.of_dense(torch.tensor([[1.0, 1.0]])), torch.tensor([[1.83], [1.84]], dtype=torch.float64)
    assert has_value(x, torch.ones(1, 1), values, torch.tensor([1.83], dtype=torch.float32)).item() == pytest.approx(0.5)


def test_a_set_without_members_has_no_value():
    nothing = EntitySet.of_dense(torch.zeros(2, 3))
    assert has_value(nothing, torch.ones(2, 1), torch.ones(3, 1), torch.ones(2)).tolist() == [0.0, 0.0]
