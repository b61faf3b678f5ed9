"""The greedy choice agrees with one that looks at everything each time."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from kgqa.selection.cover import cover


def covered(alike: NDArray[np.float32], weights: NDArray[np.float32], chosen: list[int]) -> float:
    return float(weights @ alike[:, chosen].max(axis=1)) if chosen else 0.0


def reference(alike: NDArray[np.float32], weights: NDArray[np.float32], number: int) -> list[int]:
    """Take the one with which most is covered, each time looking at all."""
    chosen: list[int] = []
    for _ in range(min(number, len(weights))):
        left = [place for place in range(len(weights)) if place not in chosen]
        chosen.append(max(left, key=lambda place: (covered(alike, weights, [*chosen, place]), -place)))
    return chosen


def drawn(random: np.random.Generator, size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    # Sixteenths and whole weights, so that both add exactly and find the same ties.
    alike = random.integers(0, 16, (size, size)).astype(np.float32) / 16
    alike = np.maximum(alike, alike.T)
    np.fill_diagonal(alike, 1)
    return alike, random.integers(1, 9, size).astype(np.float32)


@pytest.mark.parametrize("size", [1, 2, 7, 25])
def test_the_same_are_chosen_as_by_looking_at_all(size: int) -> None:
    random = np.random.default_rng(size)
    for number in range(size + 2):
        alike, weights = drawn(random, size)
        assert cover(alike, weights, number) == reference(alike, weights, number)


def test_it_covers_two_thirds_of_the_best_at_least() -> None:
    random = np.random.default_rng(1)
    for _ in range(20):
        alike, weights = drawn(random, 9)
        best = max(covered(alike, weights, list(three)) for three in combinations(range(9), 3))
        assert covered(alike, weights, cover(alike, weights, 3)) >= (1 - 1 / np.e) * best


def test_the_first_of_many_are_what_few_would_be() -> None:
    alike, weights = drawn(np.random.default_rng(2), 30)
    assert cover(alike, weights, 30)[:7] == cover(alike, weights, 7)


def test_each_of_two_groups_is_stood_for_before_a_second_of_the_larger() -> None:
    alike = np.array([[1, 0.9, 0.9, 0], [0.9, 1, 0.9, 0], [0.9, 0.9, 1, 0], [0, 0, 0, 1]], dtype=np.float32)
    assert cover(alike, np.array([1, 3, 1, 1], dtype=np.float32), 2) == [1, 3]
    assert cover(np.zeros((0, 0), dtype=np.float32), np.zeros(0, dtype=np.float32), 2) == []
