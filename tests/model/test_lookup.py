"""The value that a question asks for, against a loop over pairs of an entity and an attribute."""

import math

import pytest
import torch

from kgqa.model.lookup import look_up
from kgqa.ops import EntitySet
from kgqa.ops.value import NOWHERE

NAN = math.nan
VALUES = torch.tensor([[180.0, NAN], [190.0, 3.0], [NAN, 3.0], [180.0, NAN]], dtype=torch.float64)
SETS = EntitySet.of_dense(torch.tensor([[0.0, 0.0, 1.0, 0.0], [0.5, 0.25, 0.0, 0.75]]))
ALPHA = torch.tensor([0.75, 0.25])


def test_the_likeliest_pair_of_an_entity_and_an_attribute_that_it_has() -> None:
    found = look_up(SETS, 1, ALPHA, VALUES)
    assert found is not None
    assert (found.value, found.attribute, found.rows.tolist(), found.scores.tolist()) == (180.0, 0, [3, 0], [0.75, 0.5])
    pairs = {180.0: (0.5 + 0.75) * 0.75, 190.0: 0.25 * 0.75, 3.0: 0.25 * 0.25}
    assert found.share == pytest.approx(pairs[180.0] / sum(pairs.values()))


def test_an_attribute_that_it_lacks_is_not_asked_for() -> None:
    found = look_up(SETS, 0, ALPHA, VALUES)
    assert found is not None
    assert (found.value, found.attribute, found.share) == (3.0, 1, 1.0)


def test_a_set_in_which_hardly_anything_has_the_attribute_says_little() -> None:
    found = look_up(EntitySet.of_dense(torch.tensor([[0.01, 0.0, 0.0, 0.0]])), 0, torch.tensor([1.0, 0.0]), VALUES)
    assert found is not None
    assert (found.value, found.share) == (180.0, pytest.approx(0.01 / NOWHERE))


def test_a_set_in_which_no_entity_has_an_attribute_has_no_value() -> None:
    empty = EntitySet.of_dense(torch.zeros(1, 4))
    assert look_up(empty, 0, ALPHA, VALUES) is None
    assert look_up(SETS, 0, ALPHA, torch.full((4, 2), NAN, dtype=torch.float64)) is None
