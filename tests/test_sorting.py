import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.sorting import sort


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, 2**63 - 1) | st.integers(0, 300), max_size=300))
def test_numbers_of_any_size_are_sorted(numbers):
    values = np.array(numbers, dtype=np.int64)
    sort(values, 0)
    assert values.tolist() == sorted(numbers)


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 1000, 70_000])
@pytest.mark.parametrize("limit", [1, 2, 2**8, 2**24, 2**31])
def test_what_ascends_in_the_lowest_bits_is_sorted_by_the_others(size, limit):
    values = np.random.default_rng(0).integers(0, limit, size) << 32 | np.arange(size)
    expected = np.sort(values)
    sort(values, 32)
    np.testing.assert_array_equal(values, expected)


def test_a_part_of_an_array_is_sorted_where_it_is():
    values = np.arange(1000)[::-1].copy()
    sort(values[100:900], 0)
    assert values.tolist() == [*range(999, 899, -1), *range(100, 900), *range(99, -1, -1)]
