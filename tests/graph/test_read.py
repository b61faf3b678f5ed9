"""Cutting a list of degrees into pages of bounded size."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kgqa.graph.read import cuts


def test_a_member_that_is_too_large_stands_alone():
    assert cuts([2, 2, 9, 1, 1], 4) == [0, 2, 3, 5]
    assert cuts([9, 1], 4) == [0, 1, 2]
    assert cuts([], 4) == [0]


@given(st.lists(st.integers(0, 20)), st.integers(1, 20))
def test_runs_cover_the_list_and_stay_below_the_bound(sizes, most):
    boundaries = cuts(sizes, most)

    assert boundaries[0] == 0
    assert boundaries[-1] == len(sizes)
    for low, high in pairwise(boundaries):
        assert low < high
        assert sum(sizes[low:high]) <= most or high - low == 1


@given(st.lists(st.integers(0, 20), min_size=1), st.integers(1, 20))
def test_no_two_neighbouring_runs_would_fit_into_one(sizes, most):
    boundaries = cuts(sizes, most)

    for low, high in zip(boundaries, boundaries[2:], strict=False):
        assert sum(sizes[low:high]) > most
